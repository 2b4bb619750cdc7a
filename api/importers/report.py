"""What did an import do? Counts for each kind of row, and why rows were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What became of the rows of one kind."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def skip(self, reason: str, number: int = 1) -> None:
        """Count rows that were left out."""
        if number:
            self.skipped[reason] += number


@dataclass(slots=True)
class Report:
    """The tallies of one import, by kind, in the order in which the kinds came up."""

    title: str
    tallies: dict[str, Tally] = field(default_factory=dict)

    def tally(self, kind: str) -> Tally:
        """Return the tally of one kind of row."""
        return self.tallies.setdefault(kind, Tally())

    def lines(self) -> Iterator[str]:
        """Yield the summary: a table, then the reasons for what was left out."""
        yield self.title
        yield f"{'':12}{'read':>10}{'created':>10}{'updated':>10}{'unchanged':>11}{'skipped':>10}"
        for kind, tally in self.tallies.items():
            done = f"{tally.read:>10,}{tally.created:>10,}{tally.updated:>10,}{tally.unchanged:>11,}"
            yield f"{kind:12}{done}{tally.skipped.total():>10,}"
        reasons = [
            f"  {number:,} of {kind}: {reason}"
            for kind, tally in self.tallies.items()
            for reason, number in tally.skipped.most_common()
        ]
        if reasons:
            yield "skipped:"
            yield from reasons
