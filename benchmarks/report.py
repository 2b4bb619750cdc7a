"""What was found, for people as tables and for programs as JSON? And was the aim reached?"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.machine import ROOT

KEPT_IN: Final = ROOT / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure that has to be at least, or at most, so large."""

    what: str
    value: float
    bound: float
    at_least: bool = True

    @property
    def is_reached(self) -> bool:
        """Whether the figure is on the right side of its bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "reached" if self.is_reached else "NOT REACHED"
        return f"{self.what}: {self.value:.2f}, aim {sign} {self.bound:g}: {verdict}"


@dataclass(slots=True)
class Section:
    """One part of the measurements."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    plots: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = ["", self.title, ""]
        for row in (self.columns, ["-" * width for width in widths], *self.rows):
            first, *others = (
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            lines.append("  " + "  ".join([first, *others]).rstrip())
        lines += ["", *(f"  {aim}" for aim in self.aims), *(f"  ({note})" for note in self.notes)]
        return "\n".join(lines)


def progress(text: str) -> None:
    """Say what is being done, so that nobody thinks we hang."""
    print(f"... {text}", flush=True)


def middle(values: Sequence[float]) -> tuple[float, float, float]:
    """Return median, least and greatest."""
    return median(values), min(values), max(values)


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the value that `share` percent of the others do not exceed; 100 is the greatest.

    >>> [percentile([1, 2, 3, 4], share) for share in (50, 75, 99, 100)]
    [2, 3, 4, 4]
    """
    return ascending[max(0, math.ceil(len(ascending) * share / 100) - 1)]


def keep(sections: Sequence[Section], machine: dict[str, Any], *, path: Path | None = None) -> Path:
    """Write everything that was found into a file, a new one unless it is given; return its path."""
    path = path or new_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine, "sections": [_plain(section) for section in sections]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def new_path() -> Path:
    """Return where a run that begins now keeps what it finds."""
    return KEPT_IN / time.strftime("results-%Y%m%dT%H%M%SZ.json", time.gmtime())


def _plain(section: Section) -> dict[str, Any]:
    aims = [{**asdict(aim), "is_reached": aim.is_reached} for aim in section.aims]
    return {**asdict(section), "aims": aims, "plots": [str(path) for path in section.plots]}
