"""How do L1, builds and invalidations stay in step?

The rules of `docs/coherence.md` inside one process. A build notes the log's position
before it reads the database; when it is done, its entry is put into L1 only if none of
the entry's surrogate keys was invalidated since. Invalidating appends to the log and
drops from L1 under the same lock, so a build can land before an invalidation, and is
dropped by it, or after, and is refused; never in between.

    start = position      read the database      store(entry, start)
         |----------------------- any of its keys here? ---| -> refused

Who tells us of invalidations? Without Redis the relay of this process, for as long as it
lives. With Redis the tail of the log that all workers share, and then only a lease's length
at a time: `trusted_until` is when L1 may no longer be believed without asking. A lease counts
from the beginning of a pass over the outbox: a writer who cannot reach Redis goes on once a
lease has passed since his commit, for by then whoever still trusts has relayed his change.

Nothing is stored, shared or not, before the triggers were seen in place (`trust`).
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection
from threading import Lock
from typing import Final, NamedTuple

from caching.entry import Entry
from caching.fragment import Fragment
from caching.invalidation_log import InvalidationLog
from caching.l1 import L1
from caching.surrogate_keys import EVERYTHING

_PASSES_KNOWN: Final = 1_000


def lease_clock() -> float:
    """Return the seconds by which leases are counted: they go on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


# Not on every system; where it is missing, machines do not sleep under a server.
_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class OutOfReach(Exception):
    """What the workers share cannot be asked or told now."""


class SharedPosition(NamedTuple):
    """A record of the log that all workers share: its number, in the history to which it belongs."""

    history: bytes
    number: int


class Start(NamedTuple):
    """Where a build began: the position in this process's log, and in the shared one."""

    position: int
    shared: SharedPosition | None = None


class Coherence:
    """The log of invalidations as this process has heard it, and the L1 that it governs.

    `leased`: invalidations come from the shared log, and L1 is trusted for a lease at a time.
    """

    def __init__(self, l1: L1, *, leased: bool = False, clock: Callable[[], float] = lease_clock) -> None:
        self.l1: Final = l1
        self.clock: Final = clock
        # By `clock`; all that a hit looks at.
        self.trusted_until = 0.0
        # Raised whenever the triggers may have gone away: they must be looked at once more.
        self.epoch = 0
        self.shared: SharedPosition | None = None
        self._log: Final = InvalidationLog()
        self._lock: Final = Lock()
        self._lease_until = 0.0 if leased else math.inf
        self._is_reported = False
        self._heard_from = 0
        self._passes: Final[deque[int]] = deque(maxlen=_PASSES_KNOWN)

    @property
    def is_reported(self) -> bool:
        """Whether every change of the database is known to be reported; nothing is stored otherwise."""
        return self._is_reported

    def is_trusting(self) -> bool:
        """Tell whether L1 may be believed at this moment."""
        return self.clock() < self.trusted_until

    def trust(self, epoch: int | None = None) -> None:
        """Believe that every change is reported: the triggers were seen in place since `epoch`.

        A build that is under way may have missed a change, and is refused.
        """
        with self._lock:
            if epoch is not None and epoch != self.epoch:
                return
            if not self._is_reported:
                self._is_reported = True
                self._heard_from = self._log.append(())
            self.trusted_until = self._lease_until

    def distrust(self) -> None:
        """Forget everything and store nothing until `trust`: an invalidation may be missing."""
        with self._lock:
            self._distrust()

    def leased(self, until: float) -> None:
        """Believe L1 until this moment, by `clock`."""
        with self._lock:
            self._lease_until = until
            if self._is_reported:
                self.trusted_until = until

    def forget(self) -> None:
        """Drop everything, and the lease: records of the shared log were missed."""
        with self._lock:
            self._forget()
            self.trusted_until = self._lease_until = 0.0

    def begin(self) -> Start:
        """Return where a build begins that reads nothing before."""
        # In this order: the shared position may be older than it could be, never younger.
        shared = self.shared
        return Start(self._log.position, shared)

    def position(self) -> int:
        """Return the log's position, to be noted before a build reads anything."""
        return self._log.position

    def touched(self, keys: Collection[str], *, after: int, until: int | None = None) -> bool:
        """Tell whether one of `keys` was, or may have been, invalidated between two positions."""
        with self._lock:
            return self._is_unsure(after) or self._log.touches(keys, after=after, until=until)

    def heard_since(self, position: int) -> frozenset[str] | None:
        """Return the keys invalidated since a position; None unless all of them were heard.

        Who trusts has applied the shared log as far as it was when the lease that counts was given; and
        whoever waits for all that trust, waits for this process too.
        """
        with self._lock:
            if not self.is_trusting() or self._is_unsure(position):
                return None
            return self._log.since(position)

    def store(self, entry: Entry | Fragment, *, start: int) -> bool:
        """Put a built entry into L1, unless a write has overtaken the build that began at `start`."""
        with self._lock:
            if self._is_unsure(start) or self._log.touches(entry.surrogate_keys, after=start):
                return False
            return self.l1.put(entry)

    def grown(self, entry: Entry, by: int) -> None:
        """Count the bytes by which an entry has become larger since it was put into L1."""
        with self._lock:
            self.l1.grown(entry, by)

    def invalidate(self, keys: Collection[str], *, relay_pass: int = 0) -> int:
        """Drop every entry that carries one of `keys`, and keep builds under way from storing one.

        When this returns, no later read of this process finds such an entry.
        """
        with self._lock:
            self._invalidate(keys)
            if relay_pass:
                self._passes.append(relay_pass)
            return self._log.position

    def confirmed(self, last_pass: int, keys: Collection[str]) -> None:
        """Take in what a look at the outbox has shown: the last pass, and keys that were new in it.

        If that pass is not one whose record we have heard, somebody else has relayed rows that
        we shall never see: what we hold may be outdated.
        """
        with self._lock:
            if last_pass not in self._passes:
                self._forget()
                self._passes.append(last_pass)
            self._invalidate(keys)

    # What follows makes this the whole of coherence for a process that shares nothing.

    def last(self) -> int:
        """Return the log's position: everything up to it has been applied."""
        return self._log.position

    def wait(self, position: int) -> None:
        """Return once every worker has applied the log up to `position`: at once, for there is one."""

    def lost_for(self) -> float:
        """Return for how long the log has been out of reach: 0.0, for it is in this process."""
        return 0.0

    def _is_unsure(self, start: int) -> bool:
        return not self._is_reported or start < self._heard_from

    def _invalidate(self, keys: Collection[str]) -> None:
        if keys:
            self._log.append(keys)
        for key in keys:
            self.l1.drop(key)
        if EVERYTHING in keys:
            # The key that `migrate` leaves behind when it takes the triggers away.
            self.epoch += 1
            self._distrust()

    def _forget(self) -> None:
        self.l1.clear()
        self._heard_from = self._log.append(())

    def _distrust(self) -> None:
        self._is_reported = False
        self.trusted_until = 0.0
        self.l1.clear()
