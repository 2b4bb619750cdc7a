"""How many cold builds may one client cause?

A token bucket per client: `burst` builds at once, `rate` per second in the long run. Hits,
304s and joining somebody else's build cost nothing. The clients remembered are bounded;
whoever is forgotten starts with a full bucket, so a flood of addresses is the pool's affair.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

_CLIENTS: Final = 10_000


class TooManyBuilds(Exception):
    """The client has used up its builds; the next is allowed in `retry_after` whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the next build is allowed in {retry_after} s")
        self.retry_after = retry_after


class BuildRate:
    """Token buckets by client. A rate of 0 allows everything."""

    def __init__(self, rate: float, burst: int) -> None:
        if rate < 0 or burst < 1:
            raise ValueError(f"need rate >= 0 and burst >= 1, got {rate} and {burst}")
        self._rate: Final = rate
        self._burst: Final = burst
        self._buckets: Final[OrderedDict[str, tuple[float, float]]] = OrderedDict()

    def spend(self, client: str, *, now: float) -> None:
        """Take one build from the client's bucket, or raise `TooManyBuilds`."""
        if self._rate == 0:
            return
        tokens, since = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(self._burst, tokens + max(0.0, now - since) * self._rate)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyBuilds(math.ceil((1 - tokens) / self._rate))
