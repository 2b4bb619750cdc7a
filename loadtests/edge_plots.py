"""How much does the edge hold, and how much comes through, while the load goes on? Two plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib.ticker import FuncFormatter, PercentFormatter

from loadtests.findings import Figures, by_second, windowed
from loadtests.plots import VARIANTS, canvas, saved
from loadtests.run import Run

_WINDOW: Final = 10  # Seconds: of few reads in a hundred there are not many in one.
_LEAST: Final = 1e-4  # Share of the reads; what is less is drawn there.


def draw(runs: Sequence[Run], stem: Path) -> list[Path]:
    """Draw both plots of some runs behind an edge; return their files."""
    return [
        _held(runs, stem.with_name(f"{stem.name}-edge.png")),
        _come_through(runs, stem.with_name(f"{stem.name}-origin-share.png")),
    ]


def _held(runs: Sequence[Run], path: Path) -> Path:
    figure, axes = canvas(runs[0].scenario.phases)
    _lines(axes, runs, lambda found: found.edge_ratio)
    axes.set_ylabel("edge hit ratio")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_ylim(None, 1.002)
    return saved(figure, path)


def _come_through(runs: Sequence[Run], path: Path) -> Path:
    figure, axes = canvas(runs[0].scenario.phases)
    _lines(axes, runs, lambda found: max(_LEAST, found.origin_share))
    bound = runs[0].scenario.budgets.origin_share
    if bound is not None:
        axes.axhline(bound, color="#b00020", linestyle="--", linewidth=1.0, label=f"budget, {bound * 100:g}%")
    axes.set_yscale("log")
    axes.set_ylim(_LEAST, 1.0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g}%"))
    axes.set_ylabel("reads at the origin, by all")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return saved(figure, path)


def _lines(axes: Any, runs: Sequence[Run], value: Callable[[Figures], float]) -> None:
    for run, colour in zip(runs, VARIANTS, strict=False):
        found = {at: value(window) for at, window in windowed(by_second(run.tally), _WINDOW).items()}
        drawn = {at + 0.5: height for at, height in found.items() if not math.isnan(height)}
        name = run.variant or run.scenario.edge
        axes.plot(list(drawn), list(drawn.values()), color=colour, label=name, linewidth=1.5)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
