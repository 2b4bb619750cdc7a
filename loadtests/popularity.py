"""How often is each thing asked for? By Zipf's law, over ranks.

The thing of rank r (from 0) is drawn with a probability in proportion to (r + 1) ** -exponent.
Which thing has which rank is the catalogue's affair. Nothing here remembers what was drawn
before: real traffic does, which is what `replay` is for.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random


class Popularity:
    """A Zipf distribution over so many ranks."""

    def __init__(self, size: int, exponent: float) -> None:
        if size < 1 or exponent < 0:
            raise ValueError(f"need size >= 1 and exponent >= 0, got {size} and {exponent}")
        self._sums = list(accumulate((rank + 1) ** -exponent for rank in range(size)))

    def __len__(self) -> int:
        return len(self._sums)

    def share(self, rank: int) -> float:
        """Return the probability of a rank.

        >>> Popularity(3, 0).share(2)
        0.333...
        """
        before = self._sums[rank - 1] if rank else 0.0
        return (self._sums[rank] - before) / self._sums[-1]

    def draw(self, random: Random) -> int:
        """Return a rank."""
        # A product of two floats may round up to the sum itself.
        return min(bisect(self._sums, random.random() * self._sums[-1]), len(self._sums) - 1)
