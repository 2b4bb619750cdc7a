"""How did it go, second by second? Three plots of a run, and one of two runs beside each other.

PNG, by matplotlib without a display. Phases are shaded in turns and named at the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from loadtests.findings import Figures, by_second, windowed
from loadtests.outcomes import READS, Outcome
from loadtests.run import Run
from loadtests.scenarios import Phase

_SIZE: Final = (9.0, 3.4)  # Inches.
_COLOURS: Final = {
    Outcome.EDGE: "#17482e",
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
VARIANTS: Final = ("#4a6fa5", "#c05a2e", "#8b8b8b")
_WINDOW: Final = 3  # Seconds.
_FEWEST: Final = 5  # Reads of which a window's ratio says something.


def draw(run: Run, stem: Path) -> list[Path]:
    """Draw the plots of one run; return their files."""
    return [
        _outcomes(run, stem.with_name(f"{stem.name}-outcomes.png")),
        _latencies(run, stem.with_name(f"{stem.name}-latency.png")),
        hit_ratios([run], stem.with_name(f"{stem.name}-hit-ratio.png")),
    ]


def hit_ratios(runs: Sequence[Run], path: Path) -> Path:
    """Draw the hit ratio over time, of one run or of two that are to be compared."""
    figure, axes = canvas(runs[0].scenario.phases)
    for run, colour in zip(runs, VARIANTS, strict=False):
        windows = windowed(by_second(run.tally), _WINDOW).items()
        drawn = {at + 0.5: found.hit_ratio for at, found in windows if found.number(*READS) >= _FEWEST}
        axes.plot(
            list(drawn), list(drawn.values()), color=colour, label=run.variant or "hit ratio", linewidth=1.5
        )
    axes.set_ylabel("hit ratio")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(None, 1.005)
    if len(runs) > 1:
        axes.legend(loc="lower right", frameon=False)
    return saved(figure, path)


def _outcomes(run: Run, path: Path) -> Path:
    figure, axes = canvas(run.scenario.phases)
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
    return saved(figure, path)


def _latencies(run: Run, path: Path) -> Path:
    figure, axes = canvas(run.scenario.phases)
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
    return saved(figure, path)


def canvas(phases: Sequence[Phase]) -> tuple[Figure, Any]:
    """Return an empty plot over the seconds of some phases."""
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


def saved(figure: Figure, path: Path) -> Path:
    """Write a plot to a file, and return that."""
    figure.savefig(path, dpi=110)
    return path
