"""An edge is told of every write, or keeps answers for a time; only the first is judged."""

import pytest

from loadtests.budgets import Budgets, judge
from loadtests.findings import Figures
from loadtests.running import Through
from loadtests.scenarios import PURGED, SCENARIOS
from loadtests.tally import LATE_READS, STALE_READS

EDGE, EDITS = SCENARIOS["edge"], SCENARIOS["edits"]


def _variants(scenario):
    return [(one.name, one.expiry) for one in scenario.variants]


def test_a_scenario_without_an_edge_stays_as_it_is():
    assert EDITS.behind(None, None) is EDITS


def test_any_scenario_can_be_behind_an_edge():
    behind = EDITS.behind("varnish", None)

    assert (behind.edge, behind.variants) == ("varnish", EDITS.variants)
    assert behind.budgets.stale_at_rest == 0


def test_with_a_lifetime_all_of_its_variants_expire():
    assert _variants(EDITS.behind("varnish", 30)) == [
        ("without edits, 30 s expiry", 30),
        ("with edits, 30 s expiry", 30),
    ]


def test_purging_and_expiry_are_compared_with_the_lifetime_that_is_named():
    assert _variants(EDGE.behind(None, 30)) == [("purged", None), ("30 s expiry", 30)]


@pytest.mark.parametrize("edge", ["nginx", "squid"])
def test_an_edge_that_cannot_be_told_has_nothing_to_be_compared_with(edge):
    assert edge not in PURGED
    assert _variants(EDGE.behind(edge, None)) == [("not purged", 0)]
    assert _variants(SCENARIOS["steady"].behind(edge, None)) == [("not purged", 0)]


def test_where_answers_expire_old_ones_are_no_fault():
    old = Figures(1.0)
    old.counts[STALE_READS] = 3
    budgets = Budgets(origin_share=0.01)
    verdicts = judge(budgets, [("purged", old), ("expiring", old)], for_comparison={"expiring"})

    assert {verdict.what for verdict in verdicts if "expiring" in verdict.what} == {
        "error share, expiring",
        "5xx answers, expiring",
    }
    assert "stale reads, purged" in {verdict.what for verdict in verdicts if not verdict.is_reached}


def test_a_purge_is_given_its_grace_and_no_more():
    assert Through(has_edge=True, grace=1.0).counted_as(1.0) == LATE_READS
    assert Through(has_edge=True, grace=1.0).counted_as(1.001) == STALE_READS


def test_without_an_edge_there_is_no_grace():
    assert Through().counted_as(0.000001) == STALE_READS
