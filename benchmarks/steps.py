"""Where does the time of a request go, as far as it is ours? Each step alone, in process.

The steps are tests for pytest-benchmark (`inprocess/`), run here by a pytest of their own.
Nothing is sent and nothing received, so this is what can be saved in our own code. Caches of
the processor are warm here and cold under load: the sum of the steps is less than they cost
there, and some are parts of others.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import content, plots
from benchmarks.machine import ROOT
from benchmarks.report import Section, progress

POSTS: Final = 2000
DATABASE_URL: Final = "BENCHMARK_DATABASE_URL"  # How the tests are told which database is measured.

_TESTS: Final = Path(__file__).with_name("inprocess")
_SECONDS: Final = 0.25  # For each step, per round.
_OPTIONS: Final = (
    "--quiet",
    "--no-header",
    "--benchmark-quiet",
    "--benchmark-warmup=on",
    "--benchmark-min-rounds=10",
    # Long beside the clock's resolution, short beside what else the machine does.
    "--benchmark-min-time=0.0003",
)
_GROUPS: Final = ("a request", "a hit", "an entry", "a list page")  # In the order of a read.
_UNITS: Final = ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (math.inf, 1e3, "ms"))


def run(*, rounds: int, posts: int = POSTS, database_url: str | None = None) -> Section:
    """Measure on a SQLite of generated posts; what asks the database, on another one as well."""
    found = _measured("SQLite", content.database_url(posts), seconds=_SECONDS * rounds)
    if database_url is not None:
        content.fill_if_empty(database_url, posts)
        name = "PostgreSQL" if database_url.startswith("postgres") else "the database given"
        found += _measured(name, database_url, "-m", "database", seconds=_SECONDS * rounds)
    return _reported(found)


def _measured(database: str, url: str, *options: str, seconds: float) -> list[dict[str, Any]]:
    """Return what pytest-benchmark has found out about each step."""
    progress(f"steps: each alone, on {database}")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "benchmark.json")
        told = (*_OPTIONS, *options, f"--benchmark-max-time={seconds}", f"--benchmark-json={path}")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", str(_TESTS), *told],
            cwd=ROOT,
            env={**os.environ, DATABASE_URL: url},
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError("need steps that do what they are there for; what went wrong stands above")
        steps: list[dict[str, Any]] = json.loads(path.read_text())["benchmarks"]
    for step in steps:
        if step["extra_info"]["asks_database"]:
            step["extra_info"]["step"] += f", {database}"
    return steps


def _reported(steps: Sequence[Mapping[str, Any]]) -> Section:
    section = Section("The steps of a read, each alone", ("step", "part of", "median", "IQR", "per second"))
    for step in sorted(steps, key=lambda step: _GROUPS.index(step["group"])):
        name, stats = step["extra_info"]["step"], step["stats"]
        median, iqr = stats["median"], stats["iqr"]
        section.rows.append((name, step["group"], _time(median), _time(iqr), f"{1 / median:,.0f}"))
        section.raw[name] = {**stats, "group": step["group"]}
    medians = {name: found["median"] for name, found in section.raw.items()}
    json_ratio = (
        medians["Write a page's JSON, by the standard library"] / medians["Write a page's JSON, by orjson"]
    )
    section.notes.append(f"the standard library's json / orjson: {json_ratio:.1f}")
    section.notes.append("some steps are parts of others; processor caches are warm, and nothing is sent")
    section.plots.append(
        plots.bars(
            "steps",
            "Each step of a read alone, in process (blue: what hits are made of)",
            [(name, seconds * 1e6) for name, seconds in medians.items()],
            unit="µs (median; line: quartiles)",
            spread=[(found["q1"] * 1e6, found["q3"] * 1e6) for found in section.raw.values()],
            ours=[name for name, found in section.raw.items() if found["group"] == "a hit"],
            log=True,
        )
    )
    return section


def _time(seconds: float) -> str:
    """Return a duration in the unit that suits it.

    >>> [_time(4.2e-8), _time(3.51e-5), _time(0.0127)]
    ['42 ns', '35.1 µs', '12.7 ms']
    """
    factor, unit = next((factor, unit) for limit, factor, unit in _UNITS if seconds < limit)
    return f"{plots.written(seconds * factor)} {unit}"
