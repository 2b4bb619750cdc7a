"""Every key goes into a call, in order, once, and no call is larger than the edge takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caching.edges.batches import calls
from caching.surrogate_keys import EVERYTHING

KEYS = st.lists(st.integers(0, 10**15).map("post:{}".format), max_size=100)
# A key of these has at most 21 characters and a separator.
MOST_KEYS, MOST_BYTES = st.integers(1, 60), st.integers(30, 600)


@settings(max_examples=50, deadline=None)
@given(keys=KEYS, most_keys=MOST_KEYS, most_bytes=MOST_BYTES)
def test_nothing_is_lost_repeated_or_reordered(keys: list[str], most_keys: int, most_bytes: int) -> None:
    sent = [key for call in calls(keys, most_keys=most_keys, most_bytes=most_bytes) for key in call]

    assert sent == list(dict.fromkeys(keys))


@settings(max_examples=50, deadline=None)
@given(keys=KEYS, most_keys=MOST_KEYS, most_bytes=MOST_BYTES)
def test_no_call_is_empty_or_over_a_limit(keys: list[str], most_keys: int, most_bytes: int) -> None:
    for call in calls(keys, most_keys=most_keys, most_bytes=most_bytes):
        assert 1 <= len(call) <= most_keys
        assert len(" ".join(call)) + 1 <= most_bytes


@settings(max_examples=50, deadline=None)
@given(keys=KEYS, most_keys=MOST_KEYS, most_bytes=MOST_BYTES)
def test_no_call_is_made_that_the_one_before_had_room_for(
    keys: list[str], most_keys: int, most_bytes: int
) -> None:
    made = list(calls(keys, most_keys=most_keys, most_bytes=most_bytes))

    for before, after in pairwise(made):
        together = [*before, after[0]]
        assert len(together) > most_keys or len(" ".join(together)) + 1 > most_bytes


@settings(max_examples=50, deadline=None)
@given(keys=KEYS, at=st.integers(0, 100))
def test_everything_goes_alone(keys: list[str], at: int) -> None:
    keys.insert(at, EVERYTHING)

    assert list(calls(keys, most_keys=100, most_bytes=1000)) == [(EVERYTHING,)]


@pytest.mark.parametrize(("most_bytes", "made"), [(6, [("ab", "cd")]), (5, [("ab",), ("cd",)])])
def test_each_key_counts_with_its_separator(most_bytes: int, made: list[tuple[str, ...]]) -> None:
    assert list(calls(["ab", "cd"], most_keys=9, most_bytes=most_bytes)) == made


def test_a_key_that_fits_into_no_call_is_an_error() -> None:
    with pytest.raises(ValueError, match="need most_bytes >= 8"):
        list(calls(["post:42"], most_keys=1, most_bytes=7))


def test_no_key_is_no_call() -> None:
    assert not list(calls([], most_keys=1, most_bytes=100))
