"""A lease counts from the last look at the outbox that has ended, or by Redis alone without a database."""

from __future__ import annotations

import math

import pytest

from caching.shared.passes import Passes
from tests.shared.workers import Moments

LEASE = 2.0


@pytest.fixture
def clock() -> Moments:
    return Moments()


@pytest.fixture
def passes(clock: Moments) -> Passes:
    return Passes(lease=LEASE, clock=clock)


def test_before_the_first_pass_there_is_nothing_to_count_from(passes: Passes) -> None:
    assert passes.basis() == -math.inf


def test_it_counts_from_the_beginning_of_a_pass_and_only_once_it_has_ended(
    passes: Passes, clock: Moments
) -> None:
    with passes.looking():
        clock.now += 0.5
        assert passes.basis() == -math.inf
    clock.now += 1

    assert passes.basis() == 1000.0


def test_the_next_pass_counts_once_it_has_ended(passes: Passes, clock: Moments) -> None:
    with passes.looking():
        pass
    clock.now += 1
    with passes.looking():
        assert passes.basis() == 1000.0
    assert passes.basis() == 1001.0


def test_a_pass_that_fails_counts_for_nothing(passes: Passes, clock: Moments) -> None:
    with passes.looking():
        pass
    clock.now += 1
    with pytest.raises(ZeroDivisionError), passes.looking():
        raise ZeroDivisionError

    assert passes.basis() == 1000.0
    clock.now += LEASE * 2
    assert passes.basis() == 1000.0, "it is not under way any more"


def test_while_the_database_is_away_it_counts_from_the_renewal_before(passes: Passes, clock: Moments) -> None:
    """The first renewal by Redis alone extends nothing: what was committed just before may be unheard of."""
    with passes.looking():
        pass
    passes.in_vain()
    found = []
    for _ in range(3):
        clock.now += 1
        found.append(passes.basis())

    assert passes.is_database_away
    assert found == [1000.0, 1001.0, 1002.0]


def test_each_time_that_the_database_goes_away_begins_anew(passes: Passes, clock: Moments) -> None:
    passes.in_vain()
    passes.basis()
    clock.now += 1
    with passes.looking():
        pass
    passes.basis()
    clock.now += 1
    passes.in_vain()

    assert passes.basis() == 1001.0


def test_a_pass_that_ends_shows_that_the_database_is_back(passes: Passes, clock: Moments) -> None:
    passes.in_vain()
    clock.now += 10
    with passes.looking():
        clock.now += 1

    assert not passes.is_database_away
    assert passes.basis() == 1010.0


def test_a_pass_that_hangs_for_a_lease_counts_as_a_database_that_is_away(
    passes: Passes, clock: Moments
) -> None:
    with passes.looking():
        pass
    with passes.looking():
        clock.now += LEASE
        assert passes.basis() == 1000.0
        clock.now += 0.1
        first = clock.now
        assert passes.basis() == 1000.0
        clock.now += 0.1
        assert passes.basis() == first
