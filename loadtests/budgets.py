"""What must come of a run? Bounds on what was found, each reached or not.

Errors and staleness have the same bounds everywhere. Latency depends on the machine, and the hit
ratio on how many things there are and how long they are asked for, so each scenario has its own
and the command line may set others. A bound of None is not judged.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from loadtests.findings import Figures


@dataclass(frozen=True, slots=True)
class Budgets:
    """The bounds of a scenario."""

    p99_seconds: float | None = None
    hit_ratio: float | None = None
    # The hit ratio of the second variant, as a part of the first one's.
    kept_hit_ratio: float | None = None
    error_share: float | None = 0.001
    server_errors: int | None = 0
    stale_reads: int | None = 0
    # Of the reads, those that an edge in front has passed on.
    origin_share: float | None = None
    # Of the edge's answers after the run, when it had been told of everything.
    stale_at_rest: int | None = None

    @property
    def for_comparison(self) -> Budgets:
        """The bounds that also hold for a variant which is only there to show what is gained."""
        return Budgets(error_share=self.error_share, server_errors=self.server_errors, stale_reads=None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure, and the bound that it has to keep."""

    what: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the figure is on the right side of its bound; what is not a number is not."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{self.what}: {self.value:.4g}, budget {sign} {self.bound:g}: {self.word}"

    @property
    def word(self) -> str:
        """What the report says."""
        return "reached" if self.is_reached else "NOT REACHED"


def judge(
    budgets: Budgets, variants: Sequence[tuple[str, Figures]], *, for_comparison: Container[str] = ()
) -> list[Verdict]:
    """Compare the figures of each variant of a run with the bounds; of some only the bounds for all."""
    found = [
        verdict
        for name, figures in variants
        for verdict in _of_one(budgets.for_comparison if name in for_comparison else budgets, figures, name)
    ]
    if budgets.kept_hit_ratio is not None and len(variants) > 1:
        (before, first), (after, second) = variants[:2]
        kept = second.hit_ratio / first.hit_ratio if first.hit_ratio else float("nan")
        what = f"hit ratio {after}, as a part of the one {before}"
        found.append(Verdict(what, kept, budgets.kept_hit_ratio, at_least=True))
    return found


def _of_one(budgets: Budgets, figures: Figures, variant: str) -> list[Verdict]:
    bounds = (
        ("p99, seconds", figures.p99, budgets.p99_seconds, False),
        ("error share", figures.error_share, budgets.error_share, False),
        ("5xx answers", figures.server_errors, budgets.server_errors, False),
        ("stale reads", figures.stale_reads, budgets.stale_reads, False),
        ("hit ratio", figures.hit_ratio, budgets.hit_ratio, True),
        ("reads at the origin, by all", figures.origin_share, budgets.origin_share, False),
        ("stale at the edge when all was purged", figures.stale_at_rest, budgets.stale_at_rest, False),
    )
    suffix = f", {variant}" if variant else ""
    return [
        Verdict(what + suffix, value, bound, at_least)
        for what, value, bound, at_least in bounds
        if bound is not None
    ]
