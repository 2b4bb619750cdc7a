"""How does a process without an L1 take part: a command, a relay by itself?

It invalidates and waits as a worker does (`fleet.py`), but follows no log and trusts nothing,
so nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.conf import settings

from caching.shared import connections
from caching.shared.leases import Leases
from caching.shared.link import Link
from caching.shared.log import SharedLog

_RETRY: Final = 1.0  # Seconds after which Redis is tried again.


class Onlooker:
    """One process beside the workers that share a Redis (`invalidates.Invalidates`)."""

    epoch: Final = 0

    def __init__(self) -> None:
        self._link: Final = Link(retry=_RETRY)
        leases = Leases(lease=settings.READPATH["LEASE"])
        self._log: Final = SharedLog(connections.client(), self._link, leases=leases)

    def invalidate(self, keys: Collection[str], *, relay_pass: int = 0) -> int:
        """Invalidate the keys for all workers; return the position to wait for. Raises `OutOfReach`."""
        return self._log.invalidate(keys, relay_pass=relay_pass)

    def last(self) -> int:
        """Return the log's last position. Raises `OutOfReach`."""
        return self._log.last()

    def wait(self, position: int) -> None:
        """Return once every worker that trusts its L1 has come as far. Raises `OutOfReach`."""
        self._log.wait(position)

    def position(self) -> int:
        """Return 0: nothing is heard here."""
        return 0

    def heard_since(self, position: int) -> None:
        """Return None: nothing is heard here."""

    def trust(self, epoch: int) -> None:
        """Do nothing: there is nothing here to be trusted."""

    def distrust(self) -> None:
        """Do nothing: there is nothing here to be forgotten."""

    def is_trusting(self) -> bool:
        """Return False: nobody need wait for us."""
        return False

    def lost_for(self) -> float:
        """Return for how many seconds Redis has been out of reach; 0.0 while it is not."""
        return self._link.lost_for()
