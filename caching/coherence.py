"""How do L1, builds and invalidations stay in step?

The rules of `docs/coherence.md`, inside one process. A build notes the log's position
before it reads the database; when it is done, its entry is put into L1 only if none of
the entry's surrogate keys was invalidated since. Invalidating appends to the log and
drops from L1 under the same lock, so a build can land before an invalidation, and is
dropped by it, or after, and is refused; never in between.

    start = position      read the database      store(entry, start)
         |----------------------- any of its keys here? ---| -> refused

`store` also refuses while nobody makes sure that invalidations arrive (`trusted`): then
every answer is built anew, which is slow and right.
"""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock
from typing import Final

from caching.entry import Entry
from caching.invalidation_log import InvalidationLog
from caching.l1 import L1


class Coherence:
    """The log of invalidations and the L1 that it governs."""

    def __init__(self, l1: L1) -> None:
        self.l1: Final = l1
        self._log: Final = InvalidationLog()
        self._lock: Final = Lock()
        self._trusted = False
        self._trusted_from = 0

    @property
    def trusted(self) -> bool:
        """Whether invalidations are known to arrive; nothing is stored otherwise."""
        return self._trusted

    def trust(self) -> None:
        """Store what is built from now on: every change that commits is relayed to `invalidate`.

        A build that is under way may have missed a change, and is refused.
        """
        with self._lock:
            if not self._trusted:
                self._trusted = True
                self._trusted_from = self._log.append(())

    def distrust(self) -> None:
        """Forget everything and store nothing until `trust`: an invalidation may be missing."""
        with self._lock:
            self._trusted = False
            self.l1.clear()

    def position(self) -> int:
        """Return the log's position, to be noted before a build reads anything."""
        return self._log.position

    def touched(self, keys: Collection[str], *, after: int, until: int | None = None) -> bool:
        """Tell whether one of `keys` was invalidated between two positions."""
        with self._lock:
            return self._log.touches(keys, after=after, until=until)

    def store(self, entry: Entry, *, start: int) -> bool:
        """Put a built entry into L1, unless a write has overtaken the build that began at `start`."""
        with self._lock:
            if not self._trusted or start < self._trusted_from:
                return False
            if self._log.touches(entry.surrogate_keys, after=start):
                return False
            return self.l1.put(entry)

    def invalidate(self, keys: Collection[str]) -> None:
        """Drop every entry that carries one of `keys`, and keep builds under way from storing one.

        When this returns, no later read of this process finds such an entry.
        """
        with self._lock:
            self._log.append(keys)
            for key in keys:
                self.l1.drop(key)
