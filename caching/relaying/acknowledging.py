"""When may a writer be told that his change is made?

Once nobody serves what he has replaced, however that comes about:

* his rows are relayed, by himself or by somebody else, and every live worker has applied the
  log up to there: the way of every day;
* Redis is out of his reach, and a lease has passed since the commit: whoever trusts by then
  has looked at the outbox since, and has found the rows or followed the log beyond them;
* Redis has been out of reach for a while, and the database knows that nobody trusts it
  (`trust_lock.py`): no need to wait for a lease each time;
* without Redis, another process owns the outbox, and has relayed his rows.

If none of these comes about within `ACKNOWLEDGE_WITHIN`, whoever can be told forgets everything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from django.db import DatabaseError, InterfaceError, connections

from caching.coherence import OutOfReach
from caching.relaying.invalidates import Invalidates
from caching.relaying.trust_lock import TrustLock
from caching.shared.leases import DRIFT
from caching.surrogate_keys import EVERYTHING

logger = logging.getLogger(__name__)

ACKNOWLEDGE_WITHIN: Final = 10.0  # Seconds a writer waits for his changes to be relayed.


class Acknowledging:
    """Lets writers wait, each in his own thread."""

    def __init__(
        self,
        coherence: Invalidates,
        relayed: Callable[[], int | None],
        trust_lock: TrustLock | None,
        *,
        lease: float,
        pause: float,
    ) -> None:
        """`relayed` relays and returns the position to wait for, or None while somebody else has to."""
        self._coherence: Final = coherence
        self._relayed: Final = relayed
        self._trust_lock: Final = trust_lock
        self._lease: Final = lease
        self._pause: Final = pause

    def acknowledge(self) -> bool:
        """Return once nobody serves what this thread has replaced; False if nobody can tell."""
        committed_at = time.monotonic()
        while (waited := time.monotonic() - committed_at) < ACKNOWLEDGE_WITHIN:
            try:
                if self._is_heard() or self._is_trusted_by_nobody(waited):
                    return True
            except (DatabaseError, InterfaceError) as error:
                logger.warning("relaying a write failed, trying again: %s", error)
                connections["default"].close_if_unusable_or_obsolete()
            time.sleep(self._pause)
        logger.error("a write could not be relayed within %.0f s; L1 is dropped", ACKNOWLEDGE_WITHIN)
        with suppress(OutOfReach):
            self._coherence.wait(self._coherence.invalidate({EVERYTHING}))
        return False

    def _is_heard(self) -> bool:
        if self._coherence.lost_for() > 0:
            return False  # Who finds out that it is back is the tail.
        try:
            position = self._relayed()
            if position is not None:
                self._coherence.wait(position)
        except OutOfReach:
            return False
        return position is not None

    def _is_trusted_by_nobody(self, waited: float) -> bool:
        if self._trust_lock is None:
            return False
        return waited > self._lease * DRIFT or self._trust_lock.has_been_free()
