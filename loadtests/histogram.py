"""How long did requests take? Counted in classes, so that many runs and machines add up.

A class spans 2 %, so a percentile is exact to 1 %, however many requests there were; the longest
is kept as it was. Two histograms add up to the histogram of all their values, which two
percentiles do not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

_BASE: Final = math.log(1.02)
_LEAST: Final = 1e-6  # Seconds.


class Histogram:
    """Durations in seconds."""

    __slots__ = ("classes", "longest")

    def __init__(self) -> None:
        self.classes: Counter[int] = Counter()
        self.longest = 0.0

    def __len__(self) -> int:
        return self.classes.total()

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self.classes[math.floor(math.log(max(seconds, _LEAST)) / _BASE)] += 1
        self.longest = max(self.longest, seconds)

    def merge(self, other: Histogram) -> None:
        """Count all that another has counted."""
        self.classes.update(other.classes)
        self.longest = max(self.longest, other.longest)

    def percentile(self, share: float) -> float:
        """Return what `share` percent of the durations do not exceed, not a number if there are none."""
        left = math.ceil(len(self) * share / 100)
        for place in sorted(self.classes):
            left -= self.classes[place]
            if left <= 0:
                return min(math.exp((place + 0.5) * _BASE), self.longest)
        return math.nan

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        return {"longest": self.longest, "classes": {str(place): n for place, n in self.classes.items()}}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Histogram:
        """Return what `plain` had been made of."""
        made = cls()
        made.longest = plain["longest"]
        made.classes.update({int(place): count for place, count in plain["classes"].items()})
        return made


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """Return the histogram of all their values."""
    whole = Histogram()
    for histogram in histograms:
        whole.merge(histogram)
    return whole
