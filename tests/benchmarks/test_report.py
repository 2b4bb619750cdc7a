"""What was found is kept in full for programs, and shown in full, with its plots, on one page."""

from __future__ import annotations

import doctest
import json

import pytest

from benchmarks import page, report, steps
from benchmarks.report import Aim, Section

MACHINE = {"processor": "one", "packages": {"django": "5.2"}, "command": "python -m benchmarks"}
PIXEL = b"\x89PNG\r\n\x1a\nas good as any"


@pytest.fixture
def section(tmp_path):
    plot = tmp_path / "rates.png"
    plot.write_bytes(PIXEL)
    return Section(
        "Rates <of hits>",
        ("", "answers/s"),
        rows=[("ours & theirs", "34,000")],
        aims=[Aim("hits / constant", 0.95, 0.9), Aim("ratio", 1.5, 1.3, at_least=False)],
        notes=["one URL"],
        raw={"ours": [34_000.5, 33_999.5]},
        plots=[plot],
    )


def test_results_hold_the_machine_and_every_single_measurement(section, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "KEPT_IN", tmp_path / "kept")
    found = json.loads(report.keep([section], MACHINE).read_text())
    assert found["machine"] == MACHINE
    (kept,) = found["sections"]
    assert kept["raw"] == {"ours": [34_000.5, 33_999.5]}
    assert kept["plots"] == [str(section.plots[0])]
    assert [aim["is_reached"] for aim in kept["aims"]] == [True, False]


def test_page_shows_table_aims_notes_and_plot(section, tmp_path):
    shown = page.write(tmp_path / "page.html", [section], MACHINE).read_text()
    for text in (
        "Rates &lt;of hits&gt;",
        "ours &amp; theirs",
        "34,000",
        "one URL",
        "django 5.2",
        "hits / constant",
    ):
        assert text in shown
    assert "data:image/png;base64,iVBORw0KGgp" in shown
    assert str(tmp_path) not in shown


def test_page_marks_the_aim_that_was_missed_and_no_other(section, tmp_path):
    shown = page.write(tmp_path / "page.html", [section], MACHINE).read_text()
    assert '<li class="missed">ratio: 1.50, aim ≤ 1.3: NOT REACHED' in shown
    assert "<li>hits / constant: 0.95, aim ≥ 0.9: reached" in shown


@pytest.mark.parametrize("module", [report, steps])
def test_doctests_hold(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
