"""Does anybody still trust Redis, as far as the database can tell?

A worker may believe its L1 for a lease from the beginning of a look at the outbox. Only looks
that were made while it held a shared lock in the database count; the lock is given back when
the last of those is older than a lease, and Redis has been lost for as long.

    looks that count    |--lock held---------------- Redis lost ---- a lease ----| lock given back
    may trust           |------------------------------------------|

So a writer who has lost Redis, and sees for a while that nobody holds the lock, knows that
nobody needs to hear of his change: whoever begins to trust looks at the outbox first. Only
PostgreSQL has such locks. Elsewhere the writer waits for a lease, which is always right.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from django.db import connections

from caching.relaying.invalidates import Invalidates

# A lock of this schema's own: another installation may live in another schema of the database.
_KEY: Final = "hashtextextended('readpath trust ' || current_schema(), 0)"
_HOLD: Final = f"SELECT pg_advisory_lock_shared({_KEY})"
_RELEASE: Final = f"SELECT pg_advisory_unlock_shared({_KEY})"
# A server that has just started has forgotten who held the lock.
_IS_FREE: Final = f"""\
SELECT pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %s)
  AND NOT EXISTS (
    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database, (SELECT {_KEY} AS key) AS ours
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND d.datname = current_database()
      AND l.classid::bigint = (key >> 32) & 4294967295 AND l.objid::bigint = key & 4294967295)"""  # noqa: S608 - our own names.


class Passes(Protocol):
    """Who is told when this process has looked at the outbox: leases count from there."""

    def looking(self) -> AbstractContextManager[None]:
        """Look in the block."""

    def in_vain(self) -> None:
        """Say that the database could not be reached."""

    def reached(self) -> None:
        """Say that it was, by a look from which no lease counts."""


class TrustLock:
    """The lock, as the relay's thread holds it on its own connection, and watches it."""

    def __init__(
        self,
        coherence: Invalidates,
        passes: Passes,
        *,
        lease: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._coherence: Final = coherence
        self._passes: Final = passes
        self._lease: Final = lease
        self._clock: Final = clock
        self._holder: Any = None
        self._looked_at = -math.inf
        self._free_since: float | None = None
        self._watched_at = -math.inf

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look at the outbox in the block, with the lock held where that may end in trust."""
        now = self._clock()
        if self._coherence.is_trusting() or self._coherence.lost_for() <= self._lease:
            self._hold()
            with self._passes.looking():
                yield
            self._looked_at = now
        else:
            if now - self._looked_at > self._lease:
                self._release()
                self._watch(now)
            yield
            self._passes.reached()

    def in_vain(self) -> None:
        """Say that the database could not be reached: nothing is known of the lock."""
        self._free_since = None
        self._passes.in_vain()

    def has_been_free(self) -> bool:
        """Tell whether nobody has held the lock for a whole lease, nor does now. From any thread.

        For so long, since a holder whose connection was cut takes it again on a new one.
        """
        since, now = self._free_since, self._clock()
        if since is None or now - since <= self._lease or now - self._watched_at > self._lease:
            return False
        return self._coherence.lost_for() > self._lease and self._is_free()

    def _hold(self) -> None:
        connection = connections["default"]
        connection.ensure_connection()
        self._free_since = None
        # A connection that was lost has lost the lock with it.
        if connection.vendor == "postgresql" and self._holder is not connection.connection:
            _ask(_HOLD)
            self._holder = connection.connection

    def _release(self) -> None:
        if self._holder is not None and self._holder is connections["default"].connection:
            _ask(_RELEASE)
        self._holder = None

    def _watch(self, now: float) -> None:
        if not self._is_free():
            self._free_since = None
        elif self._free_since is None or now - self._watched_at > self._lease:
            self._free_since = now
        self._watched_at = now

    def _is_free(self) -> bool:
        return connections["default"].vendor == "postgresql" and bool(_ask(_IS_FREE, [self._lease]))


def _ask(sql: str, parameters: list[float] | None = None) -> Any:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, parameters)
        (answer,) = cursor.fetchone()
        return answer
