"""A worker is taken for dead only once its lease must have run out, whatever the clocks say."""

from __future__ import annotations

import pytest

from caching.shared.leases import DRIFT, Leases, Said, State, state_of
from tests.shared.workers import Moments

LEASE = 2.0


@pytest.fixture
def clock() -> Moments:
    return Moments()


@pytest.fixture
def leases(clock: Moments) -> Leases:
    return Leases(lease=LEASE, clock=clock)


def test_one_whose_beat_stands_still_for_a_lease_and_a_bit_has_ended(leases: Leases, clock: Moments) -> None:
    said = {"a": Said(5, 10)}
    leases.ended(said)
    clock.now += LEASE * DRIFT - 0.001
    at_the_end = leases.ended(said)
    clock.now += 0.002

    assert at_the_end == {}
    assert leases.ended(said) == said


def test_one_that_renews_lives_though_it_hears_nothing(leases: Leases, clock: Moments) -> None:
    for beat in range(20):
        assert leases.ended({"a": Said(beat, 10)}) == {}
        clock.now += LEASE * 0.9


def test_the_time_counts_from_the_last_renewal_that_was_seen(leases: Leases, clock: Moments) -> None:
    leases.ended({"a": Said(1, 0)})
    clock.now += LEASE
    leases.ended({"a": Said(2, 0)})
    clock.now += LEASE

    assert leases.ended({"a": Said(2, 0)}) == {}


def test_one_that_is_seen_for_the_first_time_has_a_whole_lease(leases: Leases, clock: Moments) -> None:
    leases.ended({"a": Said(1, 0)})
    clock.now += LEASE * 2

    assert set(leases.ended({"a": Said(1, 0), "b": Said(1, 0)})) == {"a"}


def test_one_that_was_gone_in_between_is_seen_for_the_first_time(leases: Leases, clock: Moments) -> None:
    leases.ended({"a": Said(1, 0)})
    leases.ended({})
    clock.now += LEASE * 2

    assert leases.ended({"a": Said(1, 0)}) == {}


def test_an_older_look_that_comes_late_shortens_nobodys_life(leases: Leases, clock: Moments) -> None:
    """Threads look side by side, and take in what they saw in any order."""
    leases.ended({"a": Said(1, 0)})
    clock.now += LEASE
    leases.ended({"a": Said(2, 0)})
    leases.ended({"a": Said(1, 0)})
    clock.now += LEASE * 0.5

    assert leases.ended({"a": Said(2, 0)}) == {}
    clock.now += LEASE
    assert leases.ended({"a": Said(2, 0)}) == {}


def test_the_state_is_read_from_its_fields() -> None:
    found = [b"history", b"x/y", b"last", b"12", b"w:a", b"3 11", b"w:~p", b"1 0", b"pass", b"77"]

    assert state_of(found) == State(b"x/y", 12, 77, {"a": Said(3, 11), "~p": Said(1, 0)})
    assert state_of(found[:4]) == State(b"x/y", 12, 0, {})
