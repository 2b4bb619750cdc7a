"""What does the reader of a report want to see? Verdicts first, then phases, plots and examples.

One HTML file that needs no other: the plots are inside it, and lie beside it as files, too. The
same figures are printed and kept as JSON.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from loadtests import edge_table
from loadtests import tally as names
from loadtests.budgets import Verdict
from loadtests.findings import Figures
from loadtests.outcomes import READS, Outcome
from loadtests.run import Run
from loadtests.scenarios import Scenario

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .25rem .8rem; text-align: right }
th:first-child, td:first-child { text-align: left } tr + tr { border-top: 1px solid #ddd }
.reached { color: #2f7d4f } .missed { color: #b00020; font-weight: bold }
img { max-width: 100%; display: block; margin: 1rem 0 } code { background: #f4f4f4; padding: 0 .2rem }
.note { color: #666 }
"""
_COLUMNS: Final = (
    *("phase", "requests", "per second", "p50 ms", "p99 ms", "longest ms"),
    *(
        "hit ratio",
        "stale",
        "misses",
        "collapsed",
        "writes",
        "failed",
        "conditional",
        "304",
        "checked",
        "old",
    ),
)


@dataclass(slots=True)
class Chapter:
    """What is told of one scenario."""

    scenario: Scenario
    runs: Sequence[Run] = ()
    verdicts: Sequence[Verdict] = ()
    plots: Sequence[Path] = ()
    skipped: str = ""
    notes: list[str] = field(default_factory=list)


def table(run: Run) -> list[tuple[str, ...]]:
    """Return a row for each phase, and one for all that were judged."""
    rows = [_row(phase.name, found) for phase, found in run.by_phase()]
    return [*rows, _row("judged", run.figures())]


def text(chapter: Chapter) -> str:
    """Return a chapter for a terminal."""
    if chapter.skipped:
        return f"{chapter.scenario.name}: skipped, {chapter.skipped}"
    lines = []
    for run in chapter.runs:
        lines += ["", f"  {chapter.scenario.name}{f', {run.variant}' if run.variant else ''}", ""]
        lines += _aligned([_COLUMNS, *table(run)])
        if run.scenario.edge:
            lines += ["", *_aligned([edge_table.COLUMNS, *edge_table.table(run)])]
    lines += [
        "",
        *(f"  ({note})" for note in chapter.notes),
        *(f"  {verdict}" for verdict in chapter.verdicts),
    ]
    return "\n".join(lines)


def page(chapters: Sequence[Chapter], machine: Mapping[str, str]) -> str:
    """Return the report as HTML."""
    verdicts = [verdict for chapter in chapters for verdict in chapter.verdicts]
    reached = sum(verdict.is_reached for verdict in verdicts)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Load tests</title>",
        f"<style>{_STYLE}</style><h1>Load tests</h1>",
        f"<p>{reached} of {len(verdicts)} budgets reached.</p>",
        *(part for chapter in chapters for part in _chapter(chapter)),
        "<h2>Measured on</h2>",
        _table(("", ""), [(name, said) for name, said in machine.items()]),
    ]
    return "\n".join(parts) + "\n"


def plain(chapters: Sequence[Chapter], machine: Mapping[str, str]) -> str:
    """Return the figures as JSON."""
    told = [
        {
            "scenario": chapter.scenario.name,
            "skipped": chapter.skipped,
            "notes": chapter.notes,
            "budgets": [
                {"what": one.what, "value": _finite(one.value), "bound": one.bound, "reached": one.is_reached}
                for one in chapter.verdicts
            ],
            "runs": [
                {
                    "variant": run.variant,
                    "phases": [dict(zip(_COLUMNS, row, strict=True)) for row in table(run)],
                    "edge": [
                        dict(zip(edge_table.COLUMNS, row, strict=True))
                        for row in (edge_table.table(run) if run.scenario.edge else ())
                    ],
                }
                for run in chapter.runs
            ],
        }
        for chapter in chapters
    ]
    return json.dumps({"machine": dict(machine), "scenarios": told}, indent=1) + "\n"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells))
    return lines


def _chapter(chapter: Chapter) -> list[str]:
    head = f"<h2>{escape(chapter.scenario.name)}</h2><p>{escape(chapter.scenario.about)}</p>"
    if chapter.skipped:
        return [head, f"<p class=note>Skipped: {escape(chapter.skipped)}</p>"]
    parts = [head, _verdicts(chapter.verdicts)]
    for run in chapter.runs:
        parts += [f"<h3>{escape(run.variant)}</h3>" if run.variant else "", _table(_COLUMNS, table(run))]
        if run.scenario.edge:
            parts.append(_table(edge_table.COLUMNS, edge_table.table(run)))
        parts += [f"<p class=note>Example: <code>{escape(one)}</code></p>" for one in run.tally.examples]
    parts += [f"<p class=note>{escape(note)}</p>" for note in chapter.notes]
    return parts + [_image(path) for path in chapter.plots]


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.what)}<td>{one.value:.4g}<td>{'≥' if one.at_least else '≤'} {one.bound:g}"
        f"<td class={'reached' if one.is_reached else 'missed'}>{one.word}"
        for one in verdicts
    )
    return f"<table><tr><th>budget<th>found<th>bound<th>{rows}</table>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}" for cell in row) for row in rows)
    return f"<table><tr>{head}{body}</table>"


def _image(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{content}">'


def _row(name: str, found: Figures) -> tuple[str, ...]:
    return (
        name,
        f"{found.number():,}",
        f"{found.rate:,.0f}",
        *(_milliseconds(value) for value in (found.p50, found.p99, found.whole.longest)),
        _share(found.hit_ratio),
        *(_share(_part(found, outcome)) for outcome in (Outcome.STALE, Outcome.MISS, Outcome.COLLAPSED)),
        f"{found.number(Outcome.WRITE):,}",
        f"{found.number(Outcome.FAILED) + found.counts[names.UNANSWERED]:,}",
        _share(found.conditional_share),
        *(f"{found.counts[name]:,}" for name in (names.NOT_MODIFIED, names.CHECKED, names.STALE_READS)),
    )


def _part(found: Figures, outcome: Outcome) -> float:
    reads = found.number(*READS)
    return found.number(outcome) / reads if reads else math.nan


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _milliseconds(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds * 1000:,.1f}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
