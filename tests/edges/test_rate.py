"""In any stretch of time an edge gets no more calls than its bucket holds and its rate refills."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caching.edges.rate import Rate

RATES = st.floats(0.01, 100)
BURSTS = st.integers(1, 50)


def test_a_burst_goes_at_once_and_the_next_call_waits() -> None:
    rate = Rate(2, 3)

    assert [rate.take(now=0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_call_that_waited_as_long_as_it_was_told_is_made() -> None:
    rate = Rate(5 / 60, 1)
    rate.take(now=0)

    assert rate.take(now=rate.take(now=0)) == 0


def test_a_pause_fills_the_bucket_and_no_more() -> None:
    rate = Rate(1, 2)
    rate.take(now=0)

    assert [rate.take(now=1000) for _ in range(3)] == [0, 0, 1]


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    rate = Rate(1, 1)
    rate.take(now=100)

    assert rate.take(now=50) == 1


def test_whoever_was_refused_waits_for_a_whole_call() -> None:
    rate = Rate(2, 100)
    rate.empty(now=0)

    assert rate.take(now=0) == 0.5


def test_an_infinite_rate_allows_all() -> None:
    rate = Rate(inf, 1)
    rate.empty(now=0)

    assert not any(rate.take(now=0) for _ in range(1000))


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0), (float("nan"), 1)])
def test_what_would_never_allow_a_call_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="need rate > 0 and burst >= 1"):
        Rate(rate, burst)


@settings(max_examples=50, deadline=None)
@given(per_second=RATES, burst=BURSTS, pauses=st.lists(st.floats(0, 5), min_size=1, max_size=100))
def test_no_stretch_of_time_has_more_calls_than_it_may(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    rate, now, made = Rate(per_second, burst), 0.0, []
    for pause in pauses:
        now += pause
        if rate.take(now=now) == 0:
            made.append(now)

    for first, began_at in enumerate(made):
        for last in range(first, len(made)):
            may = burst + (made[last] - began_at) * per_second
            assert last - first + 1 <= may + 0.01


@settings(max_examples=50, deadline=None)
@given(per_second=RATES, burst=BURSTS, count=st.integers(1, 200))
def test_waiting_as_told_makes_every_call(per_second: float, burst: int, count: int) -> None:
    rate, now = Rate(per_second, burst), 0.0

    for _ in range(count):
        if wait := rate.take(now=now):
            now += wait
            assert rate.take(now=now) == 0

    assert now == pytest.approx(max(0, count - burst) / per_second, rel=1e-3)
