"""Since when is everything relayed that this worker's lease must cover?

A worker may trust its L1 for a lease, counted from the beginning of a pass over the outbox: a
writer without Redis waits a lease from his commit, so whoever trusts after that has begun a
pass after the commit, and has found the change or known it relayed.

While the database is away nobody can commit through it as far as this worker can tell, and
what L1 holds was right when it went: the lease goes on by Redis alone (P6). A pass that hangs
for a whole lease counts as such. But each lease then counts from the renewal before, not from
now: a worker that was stopped meanwhile has not seen a database away, it has seen nothing. And
only a lease that runs goes on. Who has lost Redis as well for a while, or has just started, does
not know what was committed and acknowledged meanwhile: a pass must end before he trusts again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from caching.coherence import lease_clock


class Passes:
    """When this worker's relay has looked at the outbox. Safe across threads: one writes, all read."""

    def __init__(
        self,
        *,
        lease: float,
        clock: Callable[[], float] = lease_clock,
        is_trusting: Callable[[], bool] = lambda: True,
    ) -> None:
        """`is_trusting` tells whether the lease before still runs."""
        self._lease: Final = lease
        self._clock: Final = clock
        self._is_trusting: Final = is_trusting
        self._began = -math.inf  # The last pass that ended.
        self._under_way = math.inf
        self._blind_at = -math.inf  # The last renewal that went by Redis alone.
        self.is_database_away = False

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Pass over the outbox in the block; what it raises means that it has not been seen to its end."""
        began = self._under_way = self._clock()
        try:
            yield
            self._began = began
            self.is_database_away = False
        finally:
            self._under_way = math.inf

    def in_vain(self) -> None:
        """Say that the database could not be reached."""
        self.is_database_away = True

    def reached(self) -> None:
        """Say that it was, by a look from which no lease counts."""
        self.is_database_away = False

    def basis(self) -> float:
        """Return from when a lease counts whose renewal is sent now. For the tail alone."""
        now = self._clock()
        is_blind = self.is_database_away or now - self._under_way > self._lease
        if not is_blind or not self._is_trusting():
            self._blind_at = -math.inf
            return self._began
        before, self._blind_at = self._blind_at, now
        return max(self._began, before)
