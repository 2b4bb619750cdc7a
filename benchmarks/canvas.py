"""What do all plots have in common? Their style, where they go, and the command that makes them.

A plot is named, not placed: it goes into the directory of the run (`--plots`), which `put`
tells once for all sections. The command stands under each plot as a footnote. Matplotlib is
imported when something is drawn, and only its Agg half: no display, no state that is shared.
Bars and lines themselves are drawn in `plots.py`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import ROOT

DIRECTORY: Final = ROOT / "var" / "bench" / "plots"
OURS: Final = "#1f5fa8"
OTHERS: Final = "#b4bcc6"
SPREAD: Final = "#3c434b"
_INK: Final = "#22272e"
_FAINT: Final = "#6b7480"
_WIDTH: Final = 8.0  # Inches, as the heights are.
_STYLE: Final = {
    "font.family": "DejaVu Sans",  # It comes with matplotlib: the same on every machine.
    "font.size": 9.5,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
}
_place: dict[str, Any] = {"directory": DIRECTORY, "command": "python -m benchmarks"}


def put(directory: Path, *, command: str) -> None:
    """Tell where the plots go from now on, and which command makes them."""
    _place.update(directory=directory, command=command)


def written(value: float) -> str:
    """Return a value as a reader wants it, three digits at least.

    >>> [written(value) for value in (0.01234, 1, 17.25, 345.6, 1234567.8)]
    ['0.0123', '1', '17.2', '346', '1,234,568']
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def styled() -> AbstractContextManager[None]:
    """Draw in the house's style inside the block."""
    import matplotlib as mpl  # noqa: PLC0415 - a table needs no plots, nor the second they take to load.

    return mpl.rc_context(_STYLE)


def canvas(height: float) -> tuple[Any, Any]:
    """Return a figure, so many inches high, and its axes."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(_WIDTH, height), dpi=130, layout="constrained")
    return figure, figure.add_subplot()


def scale(axis: Any, set_scale: Any, *, log: bool) -> None:
    """Give an axis its scale, with figures that people can read, once its ends are known."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415

    if log:
        set_scale("log")
        low, high = axis.get_view_interval()
        # Of two decades and less, the powers of ten alone tell too little.
        between = (1, 2, 5) if high < 100 * low else (1,)
        axis.set_major_locator(LogLocator(base=10, subs=between, numticks=12))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _place: written(value)))


def draw_bound(axes: Any, bound: tuple[float, str], *, upright: bool) -> None:
    """Draw a dashed line at a value, its name along the edge that bars and lines leave free."""
    value, label = bound
    line = axes.axvline if upright else axes.axhline
    line(value, color=SPREAD, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        label,
        (value, 1.0) if upright else (0.01, value),
        xycoords=("data", "axes fraction") if upright else ("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center" if upright else "left",
        va="bottom",
        color=_FAINT,
        fontsize=8.5,
    )


def finished(figure: Any, name: str | Path, title: str, command: str | None) -> Path:
    """Write the title, the footnote and the file; return the file."""
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    footnote = command or _place["command"]
    figure.supxlabel(footnote, x=0.01, ha="left", fontsize=7.5, color=_FAINT, family="DejaVu Sans Mono")
    path = Path(_place["directory"], name).with_suffix(".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    # No name of the program that drew it: the same figures are to give the same bytes.
    figure.savefig(path, metadata={"Software": None})
    return path
