"""How did it go, second by second? Three plots of a run, and one of two runs beside each other.

PNG, by matplotlib without a display. Phases are shaded in turns and named at the top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from loadtests.findings import Figures, by_second
from loadtests.outcomes import Outcome
from loadtests.run import Run
from loadtests.scenarios import Phase

_SIZE: Final = (9.0, 3.4)  # Inches.
_COLOURS: Final = {
    Outcome.HIT: "#2f7d4f",
    Outcome.L2: "#6fb486",
    Outcome.CONFIRMED: "#a8d5b5",
    Outcome.STALE: "#e3c04b",
    Outcome.COLLAPSED: "#e08a3c",
    Outcome.MISS: "#c05a2e",
    Outcome.BYPASS: "#8b8b8b",
    Outcome.UNSAID: "#c9c9c9",
    Outcome.WRITE: "#4a6fa5",
    Outcome.FAILED: "#b00020",
}
_VARIANTS: Final = ("#4a6fa5", "#c05a2e")
_FEWEST: Final = 5  # Values of which a window's ratio says something.


def draw(run: Run, stem: Path) -> list[Path]:
    """Draw the plots of one run; return their files."""
    return [
        _outcomes(run, stem.with_name(f"{stem.name}-outcomes.png")),
        _latencies(run, stem.with_name(f"{stem.name}-latency.png")),
        hit_ratios([run], stem.with_name(f"{stem.name}-hit-ratio.png")),
    ]


def hit_ratios(runs: Sequence[Run], path: Path) -> Path:
    """Draw the hit ratio over time, of one run or of two that are to be compared."""
    figure, axes = _canvas(runs[0].scenario.phases)
    for run, colour in zip(runs, _VARIANTS, strict=False):
        seconds, ratios = _windowed(by_second(run.tally))
        axes.plot(seconds, ratios, color=colour, label=run.variant or "hit ratio", linewidth=1.5)
    axes.set_ylabel("hit ratio")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(None, 1.005)
    if len(runs) > 1:
        axes.legend(loc="lower right", frameon=False)
    return _saved(figure, path)


def _outcomes(run: Run, path: Path) -> Path:
    figure, axes = _canvas(run.scenario.phases)
    seconds = by_second(run.tally)
    shown = [outcome for outcome in _COLOURS if any(found.number(outcome) for found in seconds.values())]
    last = max(seconds, default=0)
    # A step lasts until the next; the last second needs one after it to be seen.
    places = [*range(last + 1), last]
    rows = [[seconds[at].number(outcome) if at in seconds else 0 for at in places] for outcome in shown]
    axes.stackplot(
        range(last + 2),
        rows,
        colors=[_COLOURS[outcome] for outcome in shown],
        labels=[outcome.value for outcome in shown],
        step="post",
    )
    axes.set_ylabel("requests due per second")
    axes.set_ylim(0, None)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return _saved(figure, path)


def _latencies(run: Run, path: Path) -> Path:
    figure, axes = _canvas(run.scenario.phases)
    seconds = by_second(run.tally)
    curves: Sequence[tuple[str, str, Callable[[Figures], float]]] = (
        ("longest", "#c9c9c9", lambda found: found.whole.longest),
        ("p99", "#c05a2e", lambda found: found.p99),
        ("p50", "#2f7d4f", lambda found: found.p50),
    )
    for label, colour, value in curves:
        moments = [at + 0.5 for at in seconds]
        axes.plot(moments, [value(found) * 1000 for found in seconds.values()], color=colour, label=label)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("ms from when it was due")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return _saved(figure, path)


def _windowed(seconds: dict[int, Figures], width: int = 3) -> tuple[list[float], list[float]]:
    """Return the hit ratio of the last few seconds, at each second."""
    moments, ratios = [], []
    for at in seconds:
        window = Figures(width)
        for near in range(at - width + 1, at + 1):
            for outcome, histogram in seconds[near].durations.items() if near in seconds else ():
                window.durations.setdefault(outcome, type(histogram)()).merge(histogram)
        if window.number() >= _FEWEST and not math.isnan(window.hit_ratio):
            moments.append(at + 0.5)
            ratios.append(window.hit_ratio)
    return moments, ratios


def _canvas(phases: Sequence[Phase]) -> tuple[Figure, Any]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    began = 0.0
    whole = sum(phase.seconds for phase in phases)
    for place, phase in enumerate(phases):
        if place % 2:
            axes.axvspan(began, began + phase.seconds, color="#f1f1f1", zorder=0)
        middle = began + phase.seconds / 2
        axes.text(
            middle,
            1.02,
            "\n".join(phase.name.split(" ", 1)),
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
        )
        began += phase.seconds
    axes.set_xlim(0, whole)
    axes.set_xlabel("seconds")
    axes.grid(visible=True, axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110)
    return path
