"""A report tells every figure, what was out, and what was skipped and why."""

import json
from dataclasses import replace
from html.parser import HTMLParser

from loadtests import edge_plots, edge_table, report
from loadtests import tally as names
from loadtests.budgets import Budgets, judge
from loadtests.outcomes import Outcome
from loadtests.report import Chapter
from loadtests.run import Run
from loadtests.scenarios import Phase, Scenario
from loadtests.tally import Tally

SCENARIO = Scenario(
    "example",
    "two phases & a <deploy>",
    (Phase("warm-up", 2, is_judged=False), Phase("steady", 4)),
    Budgets(p99_seconds=0.05, hit_ratio=0.5),
)


def _run():
    tally = Tally()
    for second in range(6):
        for outcome, seconds in ((Outcome.HIT, 0.01), (Outcome.HIT, 0.02), (Outcome.MISS, 0.1)):
            tally.answered((int(second >= 2), second), outcome, seconds)
    tally.count((0, 0), names.STALE_READS)
    tally.example("GET /<old>/")
    return Run(SCENARIO, "", tally)


def _chapter(plotted=()):
    run = _run()
    return Chapter(SCENARIO, [run], judge(SCENARIO.budgets, [("", run.figures())]), plotted, notes=["a note"])


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.cells, self.images = [], []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.images.append(dict(attributes)["src"])

    def handle_data(self, text):
        self.cells.append(text.strip())


def test_the_warm_up_is_shown_and_not_judged():
    found = _run().figures()

    assert found.number() == 12
    assert [figures.number() for _, figures in _run().by_phase()] == [6, 12]


def test_an_old_answer_counts_even_in_the_warm_up():
    assert _run().figures().stale_reads == 1


def test_a_page_shows_verdicts_figures_and_plots(tmp_path):
    (tmp_path / "plot.png").write_bytes(b"a picture")
    reader = _Reader()
    reader.feed(report.page([_chapter([tmp_path / "plot.png"])], {"python": "3.11"}))

    assert "2 of 5 budgets reached." not in reader.cells  # p99 and stale reads are out.
    assert "3 of 5 budgets reached." in reader.cells
    assert reader.cells.count("NOT REACHED") == 2
    assert {"steady", "66.7%", "a note", "GET /<old>/", "two phases & a <deploy>", "3.11"} <= set(
        reader.cells
    )
    assert reader.images == ["data:image/png;base64,YSBwaWN0dXJl"]


def test_a_terminal_gets_the_same_figures():
    told = report.text(_chapter())

    assert "stale reads: 1, budget ≤ 0: NOT REACHED" in told
    assert "judged" in told


def test_what_was_skipped_is_told_with_its_reason():
    skipped = Chapter(SCENARIO, skipped="no trace")

    assert report.text(skipped) == "example: skipped, no trace"
    assert "Skipped: no trace" in report.page([skipped], {})


def test_figures_are_kept_for_programs():
    kept = json.loads(report.plain([_chapter()], {"python": "3.11"}))

    assert kept["machine"] == {"python": "3.11"}
    assert [budget["reached"] for budget in kept["scenarios"][0]["budgets"]] == [
        False,
        True,
        True,
        False,
        True,
    ]


def _run_behind_edge():
    run = _run()
    run.scenario = replace(SCENARIO, edge="varnish")
    for second in range(6):
        cell = (int(second >= 2), second)
        for _ in range(7):
            run.tally.answered(cell, Outcome.EDGE, 0.001)
        run.tally.count(cell, names.ORIGIN_READS, 3)
        run.tally.count(cell, names.ORIGIN_BUILDS)
        run.tally.count(cell, names.ORIGIN_L1, 2)
        run.tally.count(cell, names.BYTES, 500_000)
    run.tally.late((1, 3), 0.25)
    run.tally.count((1, 3), names.LATE_READS)
    return run


def test_a_run_behind_an_edge_tells_what_came_through():
    row = dict(zip(edge_table.COLUMNS, edge_table.table(_run_behind_edge())[-1], strict=True))

    assert row == {
        "phase": "judged",
        "reads": "40",
        "edge hit ratio": "70.00%",
        "at the origin": "12",
        "share": "30.00%",
        "L1": "66.67%",
        "L2": "0.00%",
        "built": "4",
        "304": "0",
        "MB to clients": "2.00",
        "MB from origin": "0.00",
        "late": "1",
        "old": "0",
        "last old after s": "0.250",
    }


def test_the_table_of_the_edge_is_in_every_form_of_the_report():
    run = _run_behind_edge()
    chapter = Chapter(run.scenario, [run], judge(SCENARIO.budgets, [("", run.figures())]))

    assert "edge hit ratio" in report.text(chapter)
    assert "edge hit ratio" in report.page([chapter], {})
    assert json.loads(report.plain([chapter], {}))["scenarios"][0]["runs"][0]["edge"][-1]["late"] == "1"


def test_a_run_without_an_edge_tells_of_none():
    assert "edge hit ratio" not in report.text(_chapter())
    assert json.loads(report.plain([_chapter()], {}))["scenarios"][0]["runs"][0]["edge"] == []


def test_edges_are_drawn_beside_each_other(tmp_path):
    drawn = edge_plots.draw([_run_behind_edge(), _run_behind_edge()], tmp_path / "steady")

    assert [path.name for path in drawn] == ["steady-edge.png", "steady-origin-share.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
