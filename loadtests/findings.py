"""What do the counts of a run come to? Rates, percentiles and shares, for phases and seconds.

The hit ratio is the share of the reads that were answered from memory without waiting for a
build: hits in L1 and L2, and stale answers that are renewed behind the reader. A read whose answer
says nothing of a cache counts as none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from loadtests import tally as names
from loadtests.histogram import Histogram, merged
from loadtests.outcomes import HITS, READS, Outcome
from loadtests.tally import Cell, Tally


@dataclass(slots=True)
class Figures:
    """What some part of a run comes to."""

    seconds: float
    durations: dict[Outcome, Histogram] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    lateness: Histogram = field(default_factory=Histogram)

    def number(self, *outcomes: Outcome) -> int:
        """Return how many requests ended in one of these ways; in any, if none is named."""
        chosen = outcomes or tuple(self.durations)
        return sum(len(self.durations[outcome]) for outcome in chosen if outcome in self.durations)

    @property
    def whole(self) -> Histogram:
        """The durations of all requests, those that failed included."""
        return merged(self.durations.values())

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.number() / self.seconds if self.seconds else math.nan

    @property
    def p50(self) -> float:
        """Seconds that half of the requests did not exceed."""
        return self.whole.percentile(50)

    @property
    def p99(self) -> float:
        """Seconds that 99 of 100 requests did not exceed."""
        return self.whole.percentile(99)

    @property
    def hit_ratio(self) -> float:
        """Answers from memory, by reads that were answered."""
        reads = self.number(*READS)
        return self.number(*HITS) / reads if reads else math.nan

    @property
    def error_share(self) -> float:
        """Requests that were answered wrongly or not at all, by all that were due."""
        unanswered = self.counts[names.UNANSWERED]
        due = self.number() + unanswered
        return (self.number(Outcome.FAILED) + unanswered) / due if due else math.nan

    @property
    def server_errors(self) -> int:
        """Answers with a status of 500 or more."""
        return self.counts[names.SERVER_ERRORS]

    @property
    def stale_reads(self) -> int:
        """Answers older than a write that had been acknowledged before they were asked for."""
        return self.counts[names.STALE_READS]

    @property
    def conditional_share(self) -> float:
        """Reads that carried a validator, by all reads."""
        reads = self.number(*READS)
        return self.counts[names.CONDITIONAL] / reads if reads else math.nan

    @property
    def origin_share(self) -> float:
        """Reads that the edge has passed on to the origin, those that it made by itself included."""
        reads = self.number(*READS)
        return self.counts[names.ORIGIN_READS] / reads if reads else math.nan

    @property
    def stale_at_rest(self) -> int:
        """Answers of the edge after the run that were older than the origin's."""
        return self.counts[names.STALE_AT_REST]

    @property
    def edge_ratio(self) -> float:
        """Answers that the edge had, by reads that were answered."""
        reads = self.number(*READS)
        return self.number(Outcome.EDGE) / reads if reads else math.nan


def figures(tally: Tally, seconds: float, chosen: Callable[[Cell], bool] = lambda _: True) -> Figures:
    """Add up the cells that were chosen, which lasted so many seconds together."""
    found = Figures(seconds)
    for cell, by_outcome in tally.durations.items():
        if chosen(cell):
            for outcome, histogram in by_outcome.items():
                found.durations.setdefault(outcome, Histogram()).merge(histogram)
    for cell, counts in tally.counts.items():
        if chosen(cell):
            found.counts.update(counts)
    for cell, histogram in tally.lateness.items():
        if chosen(cell):
            found.lateness.merge(histogram)
    return found


def by_second(tally: Tally) -> dict[int, Figures]:
    """Return the figures of each second in which something was due."""
    found: dict[int, Figures] = {}
    for (_, second), by_outcome in sorted(tally.durations.items()):
        of_second = found.setdefault(second, Figures(1.0))
        for outcome, histogram in by_outcome.items():
            of_second.durations.setdefault(outcome, Histogram()).merge(histogram)
    for (_, second), counts in tally.counts.items():
        if second in found:
            found[second].counts.update(counts)
    return found


def windowed(seconds: Mapping[int, Figures], width: int) -> dict[int, Figures]:
    """Return at each second what it and those before it come to, so many together."""
    found: dict[int, Figures] = {}
    for at in seconds:
        found[at] = window = Figures(width)
        for near in range(at - width + 1, at + 1):
            if near in seconds:
                for outcome, histogram in seconds[near].durations.items():
                    window.durations.setdefault(outcome, Histogram()).merge(histogram)
                window.counts.update(seconds[near].counts)
    return found
