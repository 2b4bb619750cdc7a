"""`make profile` passes as long as our levels ask for what they show, and else says what they should not."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.processes import ROOT, environment
from tests.profiling.conftest import Told

LIST = "posts, -view_count"
LEVELS = ["0 naive", "1 optimized", "2 keyset", "3 build", "4 rebuild", "5 hit"]
ASKED_OF_EACH = {"1 optimized": "SELECT COUNT(*)", "3 build": "SELECT"}


@pytest.fixture(scope="module")
def outcomes(told: Told) -> Any:
    return told("planted")


def test_a_clean_run_passes_although_the_naive_level_has_an_n_plus_1(outcomes: Any) -> None:
    clean = outcomes["clean"]
    assert clean["complained"] == ""
    assert clean["status"] == 0
    assert "N+1" in clean["said"]
    assert "no N+1, no unused column and no query on a hit" in clean["said"]


@pytest.mark.parametrize("level", ["1 optimized", "3 build"])
def test_a_planted_query_for_each_row_fails_the_run(level: str, outcomes: Any) -> None:
    planted = outcomes["N+1"]
    assert planted["status"] == 1
    assert f"{LIST}, {level}: N+1: 20 times {ASKED_OF_EACH[level]}" in planted["complained"]
    assert re.search(f"{LIST}, {level}: N\\+1: [0-9]+ queries for 2 rows, [0-9]+ for", planted["complained"])
    assert "unused column" not in planted["complained"]


@pytest.mark.parametrize("level", ["1 optimized", "3 build"])
def test_a_planted_column_fails_the_run(level: str, outcomes: Any) -> None:
    planted = outcomes["column"]
    assert planted["status"] == 1
    assert f"{LIST}, {level}: unused column: api_post.text" in planted["complained"]
    assert "N+1" not in planted["complained"]


def test_each_level_has_its_queries_and_a_hit_none(outcomes: Any) -> None:
    (endpoint,) = outcomes["result"]["endpoints"]
    queries = {title: figures["queries"] for title, figures in endpoint["levels"].items()}
    assert list(queries) == LEVELS
    assert queries["0 naive"] > 40
    assert queries["1 optimized"] == 3
    assert queries["5 hit"] == 0
    times = {title: figures["python_ms"] for title, figures in endpoint["levels"].items()}
    assert all(len(milliseconds) == 1 and milliseconds[0] > 0 for milliseconds in times.values())


def test_the_results_tell_machine_versions_commit_and_command(outcomes: Any) -> None:
    machine = outcomes["result"]["machine"]
    assert {"processor", "packages", "commit"} <= machine.keys()
    assert machine["command"].startswith("python -m benchmarks.profile --rounds 1 ")
    assert set(outcomes["plots"]) == {"queries.png", "times.png"}


def test_silk_keeps_what_was_recorded_with_plans_and_a_profile(outcomes: Any) -> None:
    silk = outcomes["silk"]
    assert {f"{level}: {LIST}" for level in LEVELS} <= set(silk["views"])
    assert silk["explained"] == 5
    assert silk["plans"] > 5


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        pytest.param(["--rounds", "0"], "--rounds: need a whole number of at least 1", id="rounds"),
        pytest.param(["--database-url", "mysql://x"], "--database-url: DATABASE_URL needs", id="database"),
    ],
)
def test_a_bad_argument_is_one_line_and_status_2(given: list[str], complaint: str, tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.profile", "--into", str(tmp_path), *given],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
