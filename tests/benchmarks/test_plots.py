"""A plot is a PNG where it was told to be, the same for the same figures, and its labels do not collide."""

from __future__ import annotations

import doctest
from itertools import pairwise

import pytest

from benchmarks import canvas, plots

PNG = b"\x89PNG\r\n\x1a\n"
ROWS = [("the alternative", 1480.0), ("ours", 34_000.0)]
SERIES = {"ours": [(1, 2.0), (50_000, 2.1)], "by OFFSET": [(1, 2.0), (50_000, 400.0)]}


@pytest.fixture(autouse=True)
def _own_directory(tmp_path):
    plots.put(tmp_path / "plots", command="python -m benchmarks test")
    yield
    plots.put(plots.DIRECTORY, command="python -m benchmarks")


def test_bars_become_the_file_that_was_named(tmp_path):
    drawn = plots.bars(
        "rates", "Rates", ROWS, unit="answers/s", spread=[(1400, 1500), (33_000, 35_000)], log=True
    )
    assert drawn == tmp_path / "plots" / "rates.png"
    assert drawn.read_bytes().startswith(PNG)


def test_lines_become_the_file_that_was_named(tmp_path):
    drawn = plots.lines("depth", "Depth", SERIES, "page", "ms", log_x=True, bound=(2.6, "bound"))
    assert drawn == tmp_path / "plots" / "depth.png"
    assert drawn.read_bytes().startswith(PNG)


def test_equal_figures_become_equal_bytes():
    first, again, other = (
        plots.bars(name, "Rates", rows).read_bytes()
        for name, rows in (("first", ROWS), ("again", ROWS), ("other", [("ours", 1.0)]))
    )
    assert first == again != other


def test_the_command_stands_under_a_plot():
    ours = plots.bars("ours", "Rates", ROWS).read_bytes()
    named = plots.bars("named", "Rates", ROWS, command="python -m benchmarks test").read_bytes()
    other = plots.bars("other", "Rates", ROWS, command="make profile").read_bytes()
    assert ours == named != other


def test_labels_of_lines_that_end_together_stand_apart():
    heights = plots._apart({"first": 0.5, "second": 0.5, "third": 0.51, "far away": 0.9})
    assert all(upper - lower > 0.05 for lower, upper in pairwise(sorted(heights.values())))
    assert heights["far away"] == 0.9


def test_doctests_hold():
    for module in (canvas, plots):
        outcome = doctest.testmod(module)
        assert outcome.attempted > 0
        assert outcome.failed == 0
