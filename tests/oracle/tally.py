"""What did a client count? Sums per phase, a line per tenth of a second, and evidence.

Everything here can be written down by one process and added up by another.
"""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_EVIDENCE = 40  # Violations that one process describes; the others it counts.
SLOT = 100_000_000  # Nanoseconds.
_STEPS = 8  # Steps of a histogram per doubling: its percentiles are right to nine per cent.


@dataclass
class Phase:
    """What happened while one fault, or none, was at work."""

    reads: int = 0
    writes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    reading: Counter[int] = field(default_factory=Counter)
    writing: Counter[int] = field(default_factory=Counter)
    longest_read: int = 0
    longest_write: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    behind: int = 0  # Reads that did not show yet what somebody had written with SQL.
    longest_behind: int = 0

    def count_read(self, took: int, outcome: str) -> None:
        """Count a read that was answered as it should be."""
        self.reads += 1
        self.outcomes[outcome] += 1
        self.reading[step(took)] += 1
        self.longest_read = max(self.longest_read, took)

    def count_write(self, took: int) -> None:
        """Count a write that was acknowledged."""
        self.writes += 1
        self.writing[step(took)] += 1
        self.longest_write = max(self.longest_write, took)

    def count_behind(self, lag: int) -> None:
        """Count a read that was behind a raw write by so many nanoseconds."""
        self.behind += 1
        self.longest_behind = max(self.longest_behind, lag)

    def add(self, other: Phase) -> None:
        """Add what another process counted."""
        for name in ("reads", "writes", "behind"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("longest_read", "longest_write", "longest_behind"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        for name in ("outcomes", "errors", "reading", "writing", "violations"):
            getattr(self, name).update(getattr(other, name))


@dataclass
class Tally:
    """All that one process, or all of them, counted."""

    phases: dict[int, Phase] = field(default_factory=dict)
    # Slot -> reads, hits, errors, longest request.
    slots: dict[int, list[int]] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    # Register, version, begun, ended, worker, and the status or what else happened.
    writes: list[tuple[int, int, int, int, int, str]] = field(default_factory=list)

    def phase(self, number: int) -> Phase:
        """Return the counts of a phase."""
        return self.phases.setdefault(number, Phase())

    def slot(self, now: int) -> list[int]:
        """Return the counts of the tenth of a second that `now` is in."""
        return self.slots.setdefault(now // SLOT, [0, 0, 0, 0])

    def add(self, other: Tally) -> None:
        """Add what another process counted."""
        for number, phase in other.phases.items():
            self.phase(number).add(phase)
        for slot, (reads, hits, errors, longest) in other.slots.items():
            mine = self.slots.setdefault(slot, [0, 0, 0, 0])
            mine[:] = [mine[0] + reads, mine[1] + hits, mine[2] + errors, max(mine[3], longest)]
        self.evidence += other.evidence
        self.writes += other.writes

    def total(self) -> Phase:
        """Return the counts of all phases together."""
        total = Phase()
        for phase in self.phases.values():
            total.add(phase)
        return total

    def write(self, path: Path) -> None:
        """Write it down for the process that started us."""
        path.write_bytes(pickle.dumps(self))


def read(path: Path) -> Tally:
    """Return what another process wrote down."""
    tally = pickle.loads(path.read_bytes())  # noqa: S301 - a process of ours wrote it just now.
    assert isinstance(tally, Tally)
    return tally


def step(took: int) -> int:
    """Return the step of a histogram that a duration in nanoseconds falls into."""
    mantissa = max(took >> 10, 1)  # Microseconds, about.
    doublings = mantissa.bit_length() - 1
    return doublings * _STEPS + ((mantissa - (1 << doublings)) * _STEPS >> doublings)


def percentile(histogram: Counter[int], share: float) -> float:
    """Return the duration in milliseconds that a share of all does not exceed.

    >>> round(percentile(Counter({step(2_000_000): 99, step(50_000_000): 1}), 0.5), 1)
    2.1
    """
    wanted, seen = share * sum(histogram.values()), 0
    for number in sorted(histogram):
        seen += histogram[number]
        if seen >= wanted:
            doublings, rest = divmod(number, _STEPS)
            return (1 << doublings) * (1 + (rest + 1) / _STEPS) * 1024 / 1e6
    return 0.0
