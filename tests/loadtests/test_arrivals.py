"""Requests are due at the rate that was asked for, in bursts, and whatever becomes of them."""

from itertools import pairwise
from random import Random
from statistics import fmean, stdev

import pytest

from loadtests.arrivals import due_moments


def _moments(*stretches, variation=1.4, seed=1):
    return list(due_moments(stretches, variation=variation, random=Random(seed)))


@pytest.mark.parametrize("variation", [0.5, 1.0, 1.4])
def test_gaps_vary_as_much_as_was_asked_for(variation):
    gaps = [after - before for before, after in pairwise(_moments((200, 100), variation=variation))]

    assert stdev(gaps) / fmean(gaps) == pytest.approx(variation, rel=0.05)


def test_the_mean_rate_is_kept():
    assert len(_moments((200, 100))) == pytest.approx(20_000, rel=0.03)


def test_a_spike_has_its_rate_and_no_more_than_its_time():
    moments = _moments((40, 50), (8, 500), (40, 50))
    spike = [moment for moment in moments if 40 <= moment < 48]

    assert len(spike) == pytest.approx(4000, rel=0.08)
    assert len(moments) - len(spike) == pytest.approx(4000, rel=0.08)


def test_moments_only_grow_and_stay_inside_the_run():
    moments = _moments((3, 40), (0, 10), (2, 400), (1, 4))

    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < 6


def test_the_gap_under_way_goes_on_at_the_new_rate():
    assert _moments((1.5, 1), (1, 10), variation=0)[:3] == pytest.approx([1.0, 1.55, 1.65])


def test_nothing_is_due_while_the_rate_is_nothing():
    moments = _moments((1, 10), (5, 0), (1, 10), variation=0)

    assert [moment for moment in moments if 1 <= moment < 6] == []
    assert len(moments) == pytest.approx(20, abs=1)


@pytest.mark.parametrize(("stretch", "variation"), [((-1, 1), 1.0), ((1, -1), 1.0), ((1, 1), -1.0)])
def test_what_cannot_be_is_refused(stretch, variation):
    with pytest.raises(ValueError, match="need "):
        _moments(stretch, variation=variation)
