"""How do the figures look, all in one plain style? Bars and lines, as PNG.

Bars and lines carry their labels beside them, so that no reader travels to a legend and back.
Where a plot goes, and what all plots share, is in `canvas.py`. This module does not choose
what is worth drawing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.canvas import (
    DIRECTORY,
    OTHERS,
    OURS,
    SPREAD,
    canvas,
    draw_bound,
    finished,
    put,
    scale,
    styled,
    written,
)

__all__ = ["DIRECTORY", "bars", "lines", "medians", "put", "written"]

_COLOURS: Final = (OURS, "#d1722b", "#3a8a4d", "#a23b72", "#6b5ca5", "#8a6d1f", "#2a8c93", "#c03a3a")
_MARKERS: Final = "osD^vPX*"
_BAR: Final = 0.32  # Inches, as all heights here.
_LEAST_BAR_HEIGHT: Final = 2.0
_LINES_HEIGHT: Final = 4.6
_TICK_STEP: Final = 0.08  # Of the width: nearer to each other, their figures would overlap.
_LABEL_STEP: Final = 0.052  # Of the height of a plot: nearer to each other, labels would overlap.


def bars(  # noqa: PLR0913 - what is shown by position, how by name.
    name: str | Path,
    title: str,
    rows: Sequence[tuple[str, float]],
    *,
    unit: str = "",
    spread: Sequence[tuple[float, float]] | None = None,
    ours: Collection[str] | None = None,
    bound: tuple[float, str] | None = None,
    log: bool = False,
    command: str | None = None,
) -> Path:
    """Draw a bar for each row, the first on top; return the file.

    `spread` holds the least and the greatest of each row. Rows whose labels are in `ours` are
    coloured, the rest is grey; None colours all. `bound` is a value with its name, drawn as a line.
    """
    with styled():
        figure, axes = canvas(max(_LEAST_BAR_HEIGHT, 1.1 + _BAR * len(rows)))
        _draw_bars(axes, rows, spread=spread, ours=ours, log=log, up_to=bound[0] if bound else -math.inf)
        if bound is not None:
            draw_bound(axes, bound, upright=True)
        axes.set_xlabel(unit)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        return finished(figure, name, title, command)


def lines(  # noqa: PLR0913 - as for `bars`.
    name: str | Path,
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    spread: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    bound: tuple[float, str] | None = None,
    command: str | None = None,
) -> Path:
    """Draw a line for each series of points; return the file.

    `spread` holds, for each series that has one, the least and the greatest at each point. A linear
    y begins at zero, so that a small difference does not look like a large one.
    """
    with styled():
        figure, axes = canvas(_LINES_HEIGHT)
        for place, (label, points) in enumerate(series.items()):
            _draw_line(axes, place, points, spread=(spread or {}).get(label))
        if bound is not None:
            draw_bound(axes, bound, upright=False)
        scale(axes.xaxis, axes.set_xscale, log=log_x)
        _mark_measured(axes, series)
        scale(axes.yaxis, axes.set_yscale, log=log_y)
        if not log_y:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid()
        _label_ends(axes, series)
        return finished(figure, name, title, command)


def medians(  # noqa: PLR0913 - as for `bars`.
    name: str | Path,
    title: str,
    measured: Mapping[str, Sequence[float]],
    *,
    unit: str,
    ours: Collection[str] | None = None,
    log: bool = False,
) -> Path:
    """Draw a bar for the median of each row's measurements, with the least and the greatest; as `bars`."""
    return bars(
        name,
        title,
        [(label, median(values)) for label, values in measured.items()],
        unit=f"{unit} (median; line: least and greatest)",
        spread=[(min(values), max(values)) for values in measured.values()],
        ours=ours,
        log=log,
    )


def _draw_bars(  # noqa: PLR0913 - as for `bars`.
    axes: Any,
    rows: Sequence[tuple[str, float]],
    *,
    spread: Sequence[tuple[float, float]] | None,
    ours: Collection[str] | None,
    log: bool,
    up_to: float,
) -> None:
    places = range(len(rows))
    values = [value for _, value in rows]
    colours = [OURS if ours is None or label in ours else OTHERS for label, _ in rows]
    axes.barh(places, values, height=0.68, color=colours)
    ends = values
    if spread is not None:
        pairs = zip(values, spread, strict=True)
        beside = [(max(0.0, value - low), max(0.0, high - value)) for value, (low, high) in pairs]
        axes.errorbar(values, places, xerr=list(zip(*beside, strict=True)), fmt="none", ecolor=SPREAD, lw=1)
        ends = [max(value, high) for value, (_, high) in zip(values, spread, strict=True)]
    for place, value, end in zip(places, values, ends, strict=True):
        axes.annotate(
            written(value),
            (end, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},  # Readable across a bound.
        )
    axes.set_yticks(places, [label for label, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    low = 10.0 ** math.floor(math.log10(min(values) * 0.8)) if log else 0.0
    high = max(up_to, *ends)
    # Beyond the longest bar there is room for its label.
    axes.set_xlim(low, high * (high / low) ** 0.15 if log else high * 1.15)
    scale(axes.xaxis, axes.set_xscale, log=log)


def _draw_line(
    axes: Any,
    place: int,
    points: Sequence[tuple[float, float]],
    *,
    spread: Sequence[tuple[float, float]] | None,
) -> None:
    colour = _COLOURS[place % len(_COLOURS)]
    xs, ys = zip(*points, strict=True)
    # Marks on a few points show where was measured; on hundreds they hide it.
    marker = _MARKERS[place % len(_MARKERS)] if len(points) <= 30 else None
    axes.plot(xs, ys, color=colour, marker=marker, markersize=4.5, linewidth=1.6)
    if spread is not None:
        low, high = zip(*spread, strict=True)
        axes.fill_between(xs, low, high, color=colour, alpha=0.15, linewidth=0)


def _mark_measured(axes: Any, series: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Write the figures of x where was measured, if they have room there; else where they are round."""
    measured = sorted({x for points in series.values() for x, _ in points})
    axes.get_xlim()  # Matplotlib puts the ends off until somebody asks.
    to_share = axes.transData + axes.transAxes.inverted()
    places = [to_share.transform((x, 1.0))[0] for x in measured]
    if all(right - left >= _TICK_STEP for left, right in pairwise(places)):
        axes.set_xticks(measured)
        axes.set_xticks([], minor=True)


def _label_ends(axes: Any, series: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Write the name of each line beside its end, once the ends of the axes are known."""
    axes.get_ylim()  # As above.
    to_share = axes.transData + axes.transAxes.inverted()
    ends = {label: to_share.transform(points[-1])[1] for label, points in series.items()}
    heights = _apart(ends)
    for place, label in enumerate(series):
        colour = _COLOURS[place % len(_COLOURS)]
        axes.annotate(
            label,
            (1.015, heights[label]),
            xycoords="axes fraction",
            va="center",
            color=colour,
            annotation_clip=False,
        )


def _apart(heights: Mapping[str, float]) -> dict[str, float]:
    """Return heights that labels can stand at without touching each other, in the order of those given.

    >>> _apart({"third": 0.5, "first": 0.1, "second": 0.49})
    {'first': 0.1, 'second': 0.49, 'third': 0.542}
    """
    found = {}
    lowest = -math.inf
    for label in sorted(heights, key=heights.__getitem__):
        found[label] = max(heights[label], lowest)
        lowest = found[label] + _LABEL_STEP
    return found
