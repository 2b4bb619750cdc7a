"""The L1 of Django's cache stays inside its budget of real memory, and drops what has changed (P8)."""

from __future__ import annotations

import gc
import math
import random
import tracemalloc

import pytest

from caching.tiered.l1 import ALL_VALUES, ValuesL1, change_key

FOR_EVER = math.inf


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def l1(clock):
    return ValuesL1(1_000_000, clock=clock)


def put(l1, key, payload=b"value", *, until=FOR_EVER, start=None):
    return l1.put(key, payload, until=until, start=l1.position if start is None else start)


def test_what_was_put_is_found_under_its_key(l1):
    assert put(l1, "key", b"value")

    assert l1.get("key") == b"value"
    assert l1.get("another") is None


def test_later_value_takes_the_place_of_the_earlier_one(l1):
    put(l1, "key", b"a value of some length")
    put(l1, "key", b"short")

    assert l1.get("key") == b"short"
    assert len(l1) == 1
    l1.drop([change_key("key")])
    assert l1.bytes == 0


def test_value_is_not_found_once_its_time_is_over(l1, clock):
    put(l1, "key", until=clock.now + 10)

    clock.now += 9.9
    assert l1.get("key") is not None
    clock.now += 0.1
    assert l1.get("key") is None


def test_changed_value_is_dropped_and_no_other(l1):
    put(l1, "key")
    put(l1, "another")

    l1.drop([change_key("key")])

    assert l1.get("key") is None
    assert l1.get("another") is not None


def test_clearing_drops_every_value(l1):
    put(l1, "key")
    put(l1, "another")

    l1.drop([ALL_VALUES])

    assert len(l1) == 0
    assert l1.bytes == 0


@pytest.mark.parametrize("dropped", [change_key("key"), ALL_VALUES], ids=["the key", "all"])
def test_answer_that_may_be_older_than_a_drop_is_refused(l1, dropped):
    start = l1.position
    l1.drop([dropped])

    assert not put(l1, "key", start=start)
    assert l1.get("key") is None


def test_drop_of_another_key_refuses_nothing(l1):
    start = l1.position
    l1.drop([change_key("another")])

    assert put(l1, "key", start=start)


def test_value_that_can_never_fit_is_refused():
    l1 = ValuesL1(10_000)
    put(l1, "small")

    assert not put(l1, "large", bytes(10_000))
    assert l1.get("small") is not None


def test_value_that_is_read_outlives_those_that_are_not():
    l1 = ValuesL1(20_000)
    put(l1, "favourite")
    for number in range(1000):
        put(l1, f"key{number}")
        assert l1.get("favourite") is not None

    assert l1.bytes <= l1.budget


def test_value_whose_time_is_over_goes_before_those_that_are_read(clock):
    probe = ValuesL1(1_000_000)
    put(probe, "a")
    l1 = ValuesL1(5 * probe.bytes // 2, clock=clock)
    put(l1, "a", until=clock.now + 1)
    put(l1, "b")
    assert l1.get("a")
    assert l1.get("b")
    clock.now += 2

    put(l1, "c")

    assert l1.get("b")
    assert l1.get("c")


@pytest.mark.parametrize("size", [10, 1_000, 50_000])
def test_budget_is_one_of_real_memory(size):
    budget = 2_000_000
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        l1 = ValuesL1(budget)
        for number in range(2 * budget // (size + 300)):
            put(l1, f":1:a key of some length {number}", random.randbytes(size))
        gc.collect()
        allocated = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert l1.bytes <= budget
    assert allocated < 1.05 * l1.bytes
    assert allocated > 0.6 * l1.bytes


def test_change_key_tells_nothing_and_is_never_coarse():
    for key in (":1:somebody", "*", "all", "\ud800"):
        assert change_key(key).startswith("cache:")
        assert change_key(key) != ALL_VALUES
        assert len(change_key(key)) <= 32
        assert key not in change_key(key).removeprefix("cache:")
