"""May another call be made now, or when?

A token bucket, as the vendors count: `burst` calls at once, `rate` per second in the long run.
It begins full. Whoever was told by the vendor that it is empty says so; a restart, or a colleague
with the same account, may have used what we do not know of. Pure arithmetic: the caller passes
`now`, seconds of a clock that never goes back.
"""

from __future__ import annotations

from math import inf
from typing import Final


class Rate:
    """The calls that one edge may get. An infinite rate allows all."""

    def __init__(self, rate: float, burst: int) -> None:
        if not (rate > 0 and burst >= 1):
            raise ValueError(f"need rate > 0 and burst >= 1, got {rate} and {burst}")
        self._rate: Final = rate
        self._burst: Final = burst
        self._calls = float(burst)
        self._since: float | None = None

    def take(self, *, now: float) -> float:
        """Take one call and return 0.0, or take none and return the seconds until there will be one."""
        if self._rate == inf:
            return 0.0
        self._refill(now)
        # A hair less than one is one: else whoever waits just as long as he was told would come too early.
        if self._calls >= 1 - 1e-6:
            self._calls -= 1
            return 0.0
        return (1 - self._calls) / self._rate

    def empty(self, *, now: float) -> None:
        """Count from nothing: the vendor has refused a call because of their number."""
        self._refill(now)
        self._calls = min(self._calls, 0.0)

    def _refill(self, now: float) -> None:
        if self._since is not None:
            self._calls = min(self._burst, self._calls + max(0.0, now - self._since) * self._rate)
        self._since = now
