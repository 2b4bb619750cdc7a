"""What several processes have seen adds up to what one would have seen."""

import json
import math
from random import Random

import pytest

from loadtests import tally as names
from loadtests.findings import by_second, figures, windowed
from loadtests.histogram import Histogram
from loadtests.outcomes import Outcome
from loadtests.tally import Tally, merged

SECONDS = [Random(1).expovariate(20) for _ in range(2000)]


def _histogram(values):
    made = Histogram()
    for value in values:
        made.add(value)
    return made


@pytest.mark.parametrize("share", [50, 90, 99, 100])
def test_a_percentile_is_exact_to_a_hundredth(share):
    values = sorted(Random(2).expovariate(20) for _ in range(2000))
    exact = values[math.ceil(len(values) * share / 100) - 1]

    assert _histogram(values).percentile(share) == pytest.approx(exact, rel=0.011)


def test_nothing_has_no_percentile():
    assert math.isnan(Histogram().percentile(99))


def test_two_histograms_add_up():
    one, other = _histogram(SECONDS[:700]), _histogram(SECONDS[700:])
    one.merge(other)

    assert one.plain() == _histogram(SECONDS).plain()
    assert len(one) == len(SECONDS)


def _tally(values, *, share):
    made = Tally()
    for place, seconds in enumerate(values):
        cell = (place % 2, place % 7)
        made.answered(cell, Outcome.HIT if place % 3 else Outcome.MISS, seconds)
        made.count(cell, names.CONDITIONAL)
        made.late(cell, seconds)
    made.example(f"example {share}")
    made.cpu_shares["one process"] = share
    return made


def test_tallies_survive_the_way_over_a_wire():
    made = _tally(SECONDS, share=0.5)

    assert Tally.from_plain(json.loads(json.dumps(made.plain()))).plain() == made.plain()


def test_tallies_add_up_and_keep_the_busiest_second():
    whole = merged([_tally(SECONDS[:500], share=0.9), _tally(SECONDS[500:], share=0.3)])
    found = figures(whole, 10.0)

    assert found.number() == found.counts[names.CONDITIONAL] == len(found.lateness) == len(SECONDS)
    assert found.lateness.longest == max(SECONDS)
    assert whole.cpu_shares == {"one process": 0.9}
    assert whole.examples == ["example 0.9", "example 0.3"]


def test_examples_are_few():
    made = Tally()
    for place in range(100):
        made.example(str(place))

    assert len(made.examples) == 20


def _found(**outcomes):
    made = Tally()
    for name, number in outcomes.items():
        for _ in range(number):
            made.answered((0, 0), Outcome[name.upper()], 0.01)
    return made


def test_the_hit_ratio_counts_what_came_from_memory_by_all_reads():
    found = figures(_found(hit=5, l2=2, stale=1, miss=1, collapsed=1, write=10, failed=7), 1.0)

    assert found.hit_ratio == 0.8


def test_what_came_through_the_edge_is_a_share_of_all_reads():
    made = _found(edge=8, hit=1, miss=1, write=10)
    made.count((0, 0), names.ORIGIN_READS, 3)
    found = figures(made, 1.0)

    assert (found.edge_ratio, found.origin_share, found.hit_ratio) == (0.8, 0.3, 0.9)
    assert by_second(made)[0].origin_share == windowed(by_second(made), 5)[0].origin_share == 0.3


def test_what_was_never_answered_is_an_error_too():
    made = _found(hit=7, failed=2)
    made.count((0, 0), names.UNANSWERED)

    assert figures(made, 1.0).error_share == 0.3


def test_a_phase_is_judged_alone():
    made = _tally(SECONDS, share=0.1)

    assert figures(made, 5.0, lambda cell: cell[0] == 1).number() == len(SECONDS) // 2
    assert figures(made, 5.0, lambda cell: cell[0] == 1).rate == len(SECONDS) / 10
    assert sum(found.number() for found in by_second(made).values()) == len(SECONDS)


def test_a_run_without_requests_has_no_figures():
    found = figures(Tally(), 1.0)

    assert all(math.isnan(value) for value in (found.hit_ratio, found.error_share, found.p99))
