"""A few intervals cover whatever a page spans, and a row in it names one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caching.ranges import LENGTHS, MOST, range_keys
from tests.caching.trigger_contract import in_time

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
BOUNDARY = EPOCH + timedelta(seconds=3 * 2**27)  # Of every length.


@settings(deadline=None)
@given(one=MOMENTS, other=MOMENTS, share=st.floats(0, 1))
@example(one=EPOCH - TICK, other=EPOCH, share=0.0)
@example(one=BOUNDARY - TICK, other=BOUNDARY + TICK, share=0.5)
def test_every_moment_of_the_span_is_in_an_interval_that_is_named(one, other, share):
    between = one + (other - one) * share
    assert in_time("posts", between) & set(range_keys("posts", one, other))


@settings(deadline=None)
@given(one=MOMENTS, other=MOMENTS)
def test_it_takes_few_keys_whichever_end_comes_first(one, other):
    keys = range_keys("posts", one, other)
    assert 1 <= len(keys) <= MOST == 8
    assert len(set(keys)) == len(keys)
    assert range_keys("posts", other, one) == keys


@settings(deadline=None)
@given(moment=MOMENTS, distance=st.integers(2**9, 2**33))
def test_a_moment_far_from_the_span_is_in_none_of_its_intervals(moment, distance):
    for side in (-1, 1):
        far = moment + timedelta(seconds=side * distance)
        assert not in_time("posts", far) & set(range_keys("posts", moment, moment))


@pytest.mark.parametrize(
    ("seconds", "length"),
    [
        (0, 9),
        (7 * 2**9, 9),
        (8 * 2**9, 12),
        (7 * 2**12, 12),
        (8 * 2**12, 15),
        (8 * 2**24, 27),
        (7 * 2**27, 27),
    ],
)
def test_the_shortest_intervals_are_chosen_of_which_a_few_suffice(seconds, length):
    keys = range_keys("posts:tag=3", BOUNDARY, BOUNDARY + timedelta(seconds=seconds))
    assert {key.partition(".")[0] for key in keys} == {f"posts:tag=3:{length}"}


def test_what_spans_more_than_a_few_of_the_longest_depends_on_the_whole():
    assert range_keys("posts", BOUNDARY, BOUNDARY + timedelta(seconds=8 * 2 ** LENGTHS[-1])) == ("posts",)


@pytest.mark.parametrize("distance", [TICK, -TICK], ids=["behind", "before"])
@pytest.mark.parametrize("boundary", [EPOCH, BOUNDARY, EPOCH - timedelta(seconds=2**9)], ids=str)
def test_a_microsecond_beside_a_boundary_counts(boundary, distance):
    number = int((boundary - EPOCH).total_seconds()) >> 9
    expected = number if distance > timedelta() else number - 1
    assert range_keys("posts", boundary + distance, boundary + distance) == (f"posts:9.{expected}",)


def test_zones_do_not_matter():
    east = timezone(timedelta(hours=5, minutes=30))
    assert range_keys("posts", BOUNDARY.astimezone(east), BOUNDARY) == range_keys("posts", BOUNDARY, BOUNDARY)
