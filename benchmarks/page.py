"""How does everything that was found look on one page?

One HTML file that needs nothing beside it: tables, aims, notes, and the plots as data, so that
it can be sent to somebody. No scripts, no fonts from elsewhere. It shows what the terminal
showed, and how it was measured; single measurements are in the JSON of the same name.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Aim, Section

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; color: #22272e }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 3rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #e4e7eb }
th:first-child, td:first-child { text-align: left }
img { max-width: 100%; margin: 1rem 0 }
.scroll { overflow-x: auto }
.missed { color: #a4262c; font-weight: bold }
.note, dd, dt { color: #57606a; font-size: .9rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem }
dd { margin: 0 }
"""


def write(path: Path, sections: Sequence[Section], machine: Mapping[str, Any]) -> Path:
    """Write the page; return its path."""
    aims = [aim for section in sections for aim in section.aims]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Readpath, measured</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Readpath, measured</h1>",
        _machine(machine),
        *(["<h2>Aims</h2>", _aims(aims)] if aims else []),
        *map(_section, sections),
        "</body></html>\n",
    ]
    path.write_text("\n".join(parts))
    return path


def _machine(machine: Mapping[str, Any]) -> str:
    return (
        "<dl>" + "".join(f"<dt>{escape(name)}<dd>{_told(value)}" for name, value in machine.items()) + "</dl>"
    )


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(escape(f"{name} {found}") for name, found in value.items() if found is not None)
    return escape(str(value))


def _section(section: Section) -> str:
    rows = "".join(_row("td", row) for row in section.rows)
    return "\n".join([
        f"<h2>{escape(section.title)}</h2>",
        f'<div class="scroll"><table>{_row("th", section.columns)}{rows}</table></div>',
        _aims(section.aims),
        *(f'<p class="note">{escape(note)}</p>' for note in section.notes),
        *(_image(plot) for plot in section.plots),
    ])  # fmt: skip


def _row(cell: str, texts: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}" for text in texts)


def _aims(aims: Sequence[Aim]) -> str:
    if not aims:
        return ""
    listed = (
        f"<li>{escape(str(aim))}" if aim.is_reached else f'<li class="missed">{escape(str(aim))}'
        for aim in aims
    )
    return f"<ul>{''.join(listed)}</ul>"


def _image(plot: Path) -> str:
    return (
        f'<img alt="{escape(plot.stem)}" src="data:image/png;base64,{b64encode(plot.read_bytes()).decode()}">'
    )
