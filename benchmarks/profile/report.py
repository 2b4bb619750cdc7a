"""What was found, as tables, as plots and as a file? And is there anything to mend?"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.profile import charts
from benchmarks.profile.figures import Figures
from benchmarks.profile.run import Outcome, Profiled
from benchmarks.report import Section


def sections(outcome: Outcome) -> list[Section]:
    """Return the tables: a row for each endpoint, a column for each level."""
    return [
        _queries(outcome),
        _table(outcome, "Milliseconds in the database", lambda figures: _written(figures.database_ms)),
        _table(outcome, "Milliseconds in Python", lambda figures: _written(figures.python_ms)),
    ]


def keep(outcome: Outcome, described: Mapping[str, Any], into: Path) -> Path:
    """Write the plots and everything that was recorded; return the file."""
    command = str(described["command"])
    plots = [charts.queries(outcome, into, command), charts.times(outcome, into, command)]
    path = into / time.strftime("results-%Y%m%dT%H%M%SZ.json", time.gmtime())
    document = {
        "machine": dict(described),
        "plots": [str(plot) for plot in plots],
        "endpoints": [_raw(one) for one in outcome.profiled],
        "failures": [asdict(finding) for finding in outcome.failures],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path


def verdict(outcome: Outcome) -> int:
    """Say what is wrong at our own levels; return the command's exit status."""
    failures = outcome.failures
    if not failures:
        print("no N+1, no unused column and no query on a hit at any level of ours")
        return 0
    print(f"FAILED: {len(failures)} things to mend at our own levels", file=sys.stderr)
    for finding in failures:
        print(f"  {finding}", file=sys.stderr, flush=True)
    return 1


def _queries(outcome: Outcome) -> Section:
    section = _table(outcome, "Queries", lambda figures: str(figures.queries))
    marks = {
        (finding.endpoint, finding.level): "N+1"
        for one in outcome.profiled
        for finding in one.findings
        if finding.kind == "N+1"
    }
    rows = []
    for name, *cells in section.rows:
        titles = [level.title for level in outcome.levels]
        marked = (
            f"{marks.get((name, title), '')} {cell}".strip()
            for title, cell in zip(titles, cells, strict=True)
        )
        rows.append((name, *marked))
    section.rows = rows
    vain = Counter(
        finding.level
        for one in outcome.profiled
        for finding in one.findings
        if finding.kind == "unused column"
    )
    told = ", ".join(f"{level.title} {vain[level.title]}" for level in outcome.levels)
    section.notes.append(f"columns fetched that nobody needs: {told}")
    return section


def _table(outcome: Outcome, title: str, cell: Callable[[Figures], str]) -> Section:
    titles = [level.title for level in outcome.levels]
    section = Section(title, ("endpoint", *titles))
    for one in outcome.profiled:
        section.rows.append((one.endpoint.name, *(cell(one.figures[title]) for title in titles)))
    return section


def _written(milliseconds: float) -> str:
    """Return a time to the microsecond where that is worth a look."""
    return f"{milliseconds:.3f}" if 0 < milliseconds < 1 else f"{milliseconds:.2f}"


def _raw(one: Profiled) -> dict[str, Any]:
    return {
        "name": one.endpoint.name,
        "url": one.endpoint.url,
        "url_by_offset": one.endpoint.url_by_offset,
        "levels": {title: figures.raw() for title, figures in one.figures.items()},
        "findings": [asdict(finding) for finding in one.findings],
    }
