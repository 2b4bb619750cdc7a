"""A budget that is out is said to be, and so is one of which nothing can be said."""

import math

import pytest

from loadtests import tally as names
from loadtests.budgets import Budgets, judge
from loadtests.findings import figures
from loadtests.outcomes import Outcome
from loadtests.scenarios import SCENARIOS
from loadtests.tally import Tally


def _figures(*, hits=90, misses=10, failed=0, seconds=0.1, counted=()):
    made = Tally()
    for outcome, number in ((Outcome.HIT, hits), (Outcome.MISS, misses), (Outcome.FAILED, failed)):
        for _ in range(number):
            made.answered((0, 0), outcome, seconds)
    for name in counted:
        made.count((0, 0), name)
    return figures(made, 1.0)


def _missed(budgets, *variants):
    named = [(f"variant {place}", found) for place, found in enumerate(variants)]
    return [verdict.what.partition(",")[0] for verdict in judge(budgets, named) if not verdict.is_reached]


STRICT = Budgets(p99_seconds=0.2, hit_ratio=0.9)


def test_what_is_inside_its_bounds_is_reached():
    assert _missed(STRICT, _figures()) == []


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (_figures(seconds=0.3), "p99"),
        (_figures(hits=89, misses=11), "hit ratio"),
        (_figures(failed=1), "error share"),
        (_figures(counted=[names.SERVER_ERRORS]), "5xx answers"),
        (_figures(counted=[names.STALE_READS]), "stale reads"),
    ],
)
def test_each_bound_fails_the_run_alone(found, what):
    assert _missed(STRICT, found) == [what]


def test_what_was_not_measured_is_not_reached():
    assert _missed(STRICT, _figures(hits=0, misses=0)) == ["p99", "error share", "hit ratio"]


def test_the_second_variant_is_compared_with_the_first():
    kept = Budgets(kept_hit_ratio=0.97)

    assert _missed(kept, _figures(), _figures(hits=88, misses=12)) == []
    assert _missed(kept, _figures(), _figures(hits=87, misses=13)) == ["hit ratio variant 1"]


def test_no_hits_at_all_keep_nothing():
    verdict = judge(Budgets(kept_hit_ratio=0.97), [("a", _figures(hits=0)), ("b", _figures())])[-1]

    assert math.isnan(verdict.value)
    assert not verdict.is_reached


def test_a_verdict_says_figure_bound_and_word():
    told = [str(verdict) for verdict in judge(STRICT, [("", _figures(seconds=0.3))])]

    assert told[0] == "p99, seconds: 0.3, budget ≤ 0.2: NOT REACHED"
    assert told[-1] == "hit ratio: 0.9, budget ≥ 0.9: reached"


def test_no_scenario_forgives_an_old_answer_or_a_failing_server():
    assert all(one.budgets.stale_reads == one.budgets.server_errors == 0 for one in SCENARIOS.values())


def test_the_spike_is_ten_times_the_mean_for_a_minute():
    spike = next(phase for phase in SCENARIOS["spike"].phases if phase.name == "spike")

    assert (spike.factor, spike.seconds) == (10, 60)
    assert SCENARIOS["short"].seconds == 60


def test_a_stretched_scenario_is_the_same_but_longer():
    usual, longer = SCENARIOS["short"], SCENARIOS["short"].stretched(2)

    assert longer.seconds == 2 * usual.seconds
    assert [phase.factor for phase in longer.phases] == [phase.factor for phase in usual.phases]
    assert longer.deploys
