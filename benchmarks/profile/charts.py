"""How does it look? The queries of each endpoint, and where the time of each goes, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.canvas import written
from benchmarks.profile.run import Outcome

_COLOURS: Final = ("#c03a3a", "#d1722b", "#8a6d1f", "#1f5fa8", "#6b5ca5", "#3a8a4d")
_MARKERS: Final = "X^Dovs"
_DATABASE: Final = "#1f5fa8"
_PYTHON: Final = "#e0a458"
_INK: Final = "#22272e"
_FAINT: Final = "#6b7480"
_BAND: Final = "#f4f5f7"
_ROW: Final = 0.27  # Inches.
_APART: Final = 0.15  # Rows.
_LONGEST: Final = 6  # Times the median: the length at which a bar leaves its panel.
_NONE: Final = 0.5  # Where none stands on a logarithmic axis.
_STYLE: Final = {
    "font.family": "DejaVu Sans",  # It comes with matplotlib: the same on every machine.
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
}


def queries(outcome: Outcome, into: Path, command: str) -> Path:
    """Draw a mark for each level's queries, a row for each endpoint."""
    import matplotlib as mpl  # noqa: PLC0415 - a second to load, and a wrong argument should not wait for it.

    with mpl.rc_context(_STYLE):
        figure, axes = _canvas(outcome, panels=1)
        (panel,) = axes
        for place, level in enumerate(outcome.levels):
            counts = [one.figures[level.title].queries for one in outcome.profiled]
            panel.scatter(
                [max(count, _NONE) for count in counts],
                # A little apart, so that equal counts are all seen.
                [row + _APART * (place - len(outcome.levels) // 2) for row in range(len(counts))],
                marker=_MARKERS[place],
                color=_COLOURS[place],
                s=26,
                linewidths=0,
                label=level.title,
            )
        panel.set_xscale("log")
        ticks = [_NONE, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500]
        most = max(one.figures[level.title].queries for one in outcome.profiled for level in outcome.levels)
        ticks = [tick for tick in ticks if tick <= max(5, 1.5 * most)]
        panel.set_xticks(ticks, ["none" if tick < 1 else f"{tick:g}" for tick in ticks])
        panel.minorticks_off()
        panel.set_xlabel("queries that read rows (logarithmic)")
        _legend(figure, panel)
        return _finished(figure, into / "queries.png", "Queries for one answer", command)


def times(outcome: Outcome, into: Path, command: str) -> Path:
    """Draw where the time goes: a panel for each level, each with a scale of its own."""
    import matplotlib as mpl  # noqa: PLC0415

    with mpl.rc_context(_STYLE):
        figure, axes = _canvas(outcome, panels=len(outcome.levels))
        for panel, level in zip(axes, outcome.levels, strict=True):
            found = [one.figures[level.title] for one in outcome.profiled]
            factor, unit = (1000, "µs") if max(one.total_ms for one in found) < 0.5 else (1, "ms")
            database = [one.database_ms * factor for one in found]
            python = [one.python_ms * factor for one in found]
            places = range(len(found))
            panel.barh(places, database, color=_DATABASE, height=0.7, label="database")
            panel.barh(places, python, left=database, color=_PYTHON, height=0.7, label="Python")
            _label(panel, [sum(both) for both in zip(database, python, strict=True)])
            panel.set_title(level.title, fontsize=10, loc="left")
            panel.set_xlabel(unit)
        _legend(figure, axes[0])
        title = "Where the time of one answer goes (each level has its own scale)"
        return _finished(figure, into / "times.png", title, command)


def _label(panel: Any, totals: Sequence[float]) -> None:
    """Write each bar's length beside it; of one that would dwarf all others, where it leaves the panel."""
    end = min(1.3 * max(totals), _LONGEST * median(totals))
    panel.set_xlim(0, end)
    for place, total in enumerate(totals):
        leaves = total > end / 1.25
        panel.annotate(
            f"{written(total)} →" if total > end else written(total),
            (min(total, end), place),
            xytext=(-3 if leaves else 3, 0),
            textcoords="offset points",
            ha="right" if leaves else "left",
            va="center",
            fontsize=7.5,
            bbox={"boxstyle": "square,pad=0.1", "color": "white", "alpha": 0.8} if leaves else None,
        )


def _canvas(outcome: Outcome, *, panels: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415

    names = [one.endpoint.name for one in outcome.profiled]
    size = (9.5 if panels == 1 else 2.2 + 1.9 * panels, 1.7 + _ROW * len(names))
    figure = Figure(figsize=size, dpi=120, layout="constrained")
    axes = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    for panel in axes:
        panel.grid(axis="x")
        for row in range(0, len(names), 2):
            panel.axhspan(row - 0.5, row + 0.5, color=_BAND, linewidth=0)
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
    return figure, axes


def _legend(figure: Any, panel: Any) -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper right",
        ncols=len(labels),
        frameon=False,
        columnspacing=1.2,
        handletextpad=0.3,
    )


def _finished(figure: Any, path: Path, title: str, command: str) -> Path:
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    figure.supxlabel(command, x=0.01, ha="left", fontsize=7.5, color=_FAINT, family="DejaVu Sans Mono")
    # No name of the program that drew it: the same figures are to give the same bytes.
    figure.savefig(path, metadata={"Software": None})
    return path
