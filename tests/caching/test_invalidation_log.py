"""The log knows what was invalidated since, and says yes about a past that it has forgotten."""

import tracemalloc

import pytest

from caching.invalidation_log import InvalidationLog


@pytest.fixture
def log():
    log = InvalidationLog()
    for keys in ({"a"}, {"b", "c"}, {"d"}):
        log.append(keys)
    return log


def test_positions_count_invalidations(log):
    assert log.position == 3
    assert log.append({"e"}) == 4


@pytest.mark.parametrize(
    ("key", "after", "expected"),
    [
        pytest.param("a", 0, True, id="first"),
        pytest.param("a", 1, False, id="before"),
        pytest.param("c", 1, True, id="one of several"),
        pytest.param("d", 2, True, id="last"),
        pytest.param("d", 3, False, id="nothing since"),
        pytest.param("z", 0, False, id="never"),
    ],
)
def test_a_key_counts_if_it_came_after_the_position(log, key, after, expected):
    assert log.touches({key, "unheard of"}, after=after) is expected


@pytest.mark.parametrize(
    ("key", "until", "expected"),
    [
        pytest.param("b", 1, False, id="came later"),
        pytest.param("b", 2, True, id="up to and with"),
        pytest.param("b", 99, True, id="beyond the end"),
        pytest.param("a", 0, False, id="nothing before"),
    ],
)
def test_a_key_counts_only_up_to_a_position(log, key, until, expected):
    assert log.touches({key}, after=0, until=until) is expected


def test_a_forgotten_past_counts_as_touched():
    log = InvalidationLog(longest=3)
    for number in range(5):
        log.append({f"key {number}"})

    assert log.touches({"unheard of"}, after=1)
    assert not log.touches({"unheard of"}, after=2)
    assert log.touches({"key 4"}, after=2)
    assert log.touches({"key 2"}, after=2)


def test_a_span_that_ends_in_the_forgotten_past_counts_as_touched():
    log = InvalidationLog(longest=1)
    for number in range(5):
        log.append({f"key {number}"})

    assert log.touches({"unheard of"}, after=0, until=2)
    assert not log.touches({"unheard of"}, after=2, until=2)


def test_an_invalidation_of_more_keys_than_the_log_holds_counts_as_touched():
    log = InvalidationLog(longest=10)
    log.append({f"key {number}" for number in range(11)})

    assert log.touches({"unheard of"}, after=0)
    assert not log.touches({"unheard of"}, after=1)


def test_it_tells_what_came_after_a_position(log):
    assert log.since(0) == {"a", "b", "c", "d"}
    assert log.since(1) == {"b", "c", "d"}
    assert log.since(3) == frozenset()


def test_of_a_past_that_it_has_forgotten_it_tells_nothing():
    log = InvalidationLog(longest=3)
    for number in range(5):
        log.append({f"key {number}"})

    assert log.since(1) is None
    assert log.since(2) == {"key 2", "key 3", "key 4"}


def test_a_mass_update_does_not_fill_the_memory():
    log = InvalidationLog()
    tracemalloc.start()
    try:
        for batch in range(100):
            log.append({f"post:{batch * 5_000 + number}" for number in range(5_000)})
        allocated, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert allocated < 15_000_000


def test_empty_invalidations_do_not_fill_the_memory_either():
    log = InvalidationLog(longest=100)
    for _ in range(1_000):
        log.append(())

    assert len(log._records) == 100
    assert log.position == 1_000
