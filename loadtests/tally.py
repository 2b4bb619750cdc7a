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
        self.examples: list[str] = []
        self.cpu_shares: dict[str, float] = {}

    def answered(self, cell: Cell, outcome: Outcome, seconds: float) -> None:
        """Count a request that has come to its end, one way or another."""
        self.durations.setdefault(cell, {}).setdefault(outcome, Histogram()).add(seconds)

    def count(self, cell: Cell, name: str) -> None:
        """Count something else about a request."""
        self.counts.setdefault(cell, Counter())[name] += 1

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
        made.examples = list(plain["examples"])
        made.cpu_shares = dict(plain["cpu_shares"])
        return made


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return what all of them have seen together."""
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole
