"""A client may cause a burst of builds, then so many per second; others do not notice."""

import pytest

from caching import build_rate
from caching.build_rate import BuildRate, TooManyBuilds


def spend(rate, client, times, *, now):
    """Return how many of so many builds are allowed."""
    allowed = 0
    for _ in range(times):
        try:
            rate.spend(client, now=now)
        except TooManyBuilds:
            continue
        allowed += 1
    return allowed


def test_a_burst_is_allowed_and_no_more():
    assert spend(BuildRate(2, 5), "a", 20, now=100.0) == 5


def test_builds_come_back_at_the_rate():
    rate = BuildRate(2, 5)
    spend(rate, "a", 5, now=100.0)

    assert spend(rate, "a", 20, now=101.5) == 3


def test_idling_saves_no_more_than_a_burst():
    rate = BuildRate(2, 5)
    spend(rate, "a", 5, now=100.0)

    assert spend(rate, "a", 20, now=10_000.0) == 5


def test_refusals_cost_nothing():
    rate = BuildRate(1, 1)
    spend(rate, "a", 1_000, now=100.0)

    assert spend(rate, "a", 5, now=101.0) == 1


def test_one_clients_builds_are_not_anothers():
    rate = BuildRate(1, 1)
    spend(rate, "a", 10, now=100.0)

    assert spend(rate, "b", 10, now=100.0) == 1


@pytest.mark.parametrize(("per_second", "expected"), [(0.1, 10), (0.3, 4), (1, 1), (50, 1)])
def test_the_refusal_says_when_to_come_back(per_second, expected):
    rate = BuildRate(per_second, 1)
    rate.spend("a", now=100.0)

    with pytest.raises(TooManyBuilds) as refused:
        rate.spend("a", now=100.0)

    assert refused.value.retry_after == expected
    rate.spend("a", now=100.0 + expected)


def test_a_clock_that_goes_back_takes_nothing_away():
    rate = BuildRate(1, 2)
    rate.spend("a", now=100.0)

    assert spend(rate, "a", 5, now=50.0) == 1


def test_a_rate_of_zero_allows_everything():
    assert spend(BuildRate(0, 1), "a", 100, now=0.0) == 100


def test_remembered_clients_are_bounded_and_the_busiest_stay(monkeypatch):
    monkeypatch.setattr(build_rate, "_CLIENTS", 100)
    rate = BuildRate(0.001, 1)
    rate.spend("busy", now=0.0)
    for number in range(500):
        rate.spend(f"client {number}", now=float(number))
        assert spend(rate, "busy", 1, now=float(number)) == 0

    assert len(rate._buckets) == 100


@pytest.mark.parametrize(("rate", "burst"), [(-1, 5), (1, 0)])
def test_nonsense_is_refused(rate, burst):
    with pytest.raises(ValueError, match="need rate >= 0 and burst >= 1"):
        BuildRate(rate, burst)
