"""What was seen in a run? Counts and durations, by phase and second.

Every process that asks keeps one, and hands it on from time to time; they add up to one for the
whole run. A request belongs to the phase and the second in which it was *due*, so a server that
stands still for a moment is seen in the requests of that moment, not in those after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from loadtests.histogram import Histogram
from loadtests.outcomes import Outcome

_MOST_EXAMPLES: Final = 20

# Names of counters.
CONDITIONAL: Final = "conditional"
NOT_MODIFIED: Final = "not modified"
CHECKED: Final = "checked against a write"
STALE_READS: Final = "stale reads"
SERVER_ERRORS: Final = "5xx"
# Older than an acknowledged write, but asked for within the grace that a purge is given.
LATE_READS: Final = "late reads"
BYTES: Final = "bytes to clients"
# What the origin's own log says of the reads that an edge has passed on.
ORIGIN_READS: Final = "reads at the origin"
ORIGIN_L1: Final = "hits in L1 at the origin"
ORIGIN_L2: Final = "hits in L2 at the origin"
ORIGIN_BUILDS: Final = "built at the origin"
ORIGIN_NOT_MODIFIED: Final = "304 of the origin"
ORIGIN_BYTES: Final = "bytes of the origin"
# Of the edge's answers when the run was over and all was purged.
COMPARED_AT_REST: Final = "compared at rest"
STALE_AT_REST: Final = "stale at rest"
WAITED: Final = "waited for a user"
UNANSWERED: Final = "not answered"

# Seconds after which an errand has not been taken at once: more than a busy event loop needs.
AT_ONCE: Final = 0.02

Cell = tuple[int, int]  # Phase, and second of the run.


class Tally:
    """What one process, or all of them, have seen."""

    def __init__(self) -> None:
        self.durations: dict[Cell, dict[Outcome, Histogram]] = {}
        self.counts: dict[Cell, Counter[str]] = {}
        # How long after the write what did not show it was asked for.
        self.lateness: dict[Cell, Histogram] = {}
        self.examples: list[str] = []
        self.cpu_shares: dict[str, float] = {}

    def answered(self, cell: Cell, outcome: Outcome, seconds: float) -> None:
        """Count a request that has come to its end, one way or another."""
        self.durations.setdefault(cell, {}).setdefault(outcome, Histogram()).add(seconds)

    def count(self, cell: Cell, name: str, number: int = 1) -> None:
        """Count something else about a request."""
        self.counts.setdefault(cell, Counter())[name] += number

    def late(self, cell: Cell, seconds: float) -> None:
        """Note an answer older than a write that had been acknowledged so many seconds before."""
        self.lateness.setdefault(cell, Histogram()).add(seconds)

    def example(self, text: str) -> None:
        """Keep an example of what must not be, for whoever has to find out why."""
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(text)

    def merge(self, other: Tally) -> None:
        """Add what another process has seen."""
        for cell, by_outcome in other.durations.items():
            mine = self.durations.setdefault(cell, {})
            for outcome, histogram in by_outcome.items():
                mine.setdefault(outcome, Histogram()).merge(histogram)
        for cell, counts in other.counts.items():
            self.counts.setdefault(cell, Counter()).update(counts)
        for cell, histogram in other.lateness.items():
            self.lateness.setdefault(cell, Histogram()).merge(histogram)
        for text in other.examples:
            self.example(text)
        for process, share in other.cpu_shares.items():
            self.cpu_shares[process] = max(share, self.cpu_shares.get(process, 0.0))

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        return {
            "durations": [
                [*cell, outcome.value, histogram.plain()]
                for cell, by_outcome in self.durations.items()
                for outcome, histogram in by_outcome.items()
            ],
            "counts": [[*cell, dict(counts)] for cell, counts in self.counts.items()],
            "lateness": [[*cell, histogram.plain()] for cell, histogram in self.lateness.items()],
            "examples": self.examples,
            "cpu_shares": self.cpu_shares,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Tally:
        """Return what `plain` had been made of."""
        made = cls()
        for phase, second, outcome, histogram in plain["durations"]:
            by_outcome = made.durations.setdefault((phase, second), {})
            by_outcome[Outcome(outcome)] = Histogram.from_plain(histogram)
        made.counts = {(phase, second): Counter(counts) for phase, second, counts in plain["counts"]}
        for phase, second, histogram in plain["lateness"]:
            made.lateness[phase, second] = Histogram.from_plain(histogram)
        made.examples = list(plain["examples"])
        made.cpu_shares = dict(plain["cpu_shares"])
        return made


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return what all of them have seen together."""
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole
