"""Without Redis no read of Django's cache fails, and no change looks made that was not (P5)."""

from __future__ import annotations

import asyncio
import time

import pytest
from django.conf import settings
from django.core.cache import cache

from caching.coherence import OutOfReach
from tests.caching.tiered_process import following, using
from tests.redis import is_installed, running_redis, wait_until

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

CHANGES = [
    pytest.param(lambda: cache.set("key", 2), id="set"),
    pytest.param(lambda: cache.set_many({"key": 2}), id="set_many"),
    pytest.param(lambda: cache.add("key", 2), id="add"),
    pytest.param(lambda: cache.touch("key"), id="touch"),
    pytest.param(lambda: cache.incr("key"), id="incr"),
    pytest.param(lambda: cache.decr("key"), id="decr"),
    pytest.param(lambda: cache.delete("key"), id="delete"),
    pytest.param(lambda: cache.delete_many(["key"]), id="delete_many"),
    pytest.param(lambda: cache.clear(), id="clear"),  # noqa: PLW0108 - another cache by then.
]
READS = [
    pytest.param(lambda: cache.get("key"), None, id="get"),
    pytest.param(lambda: cache.get("key", "default"), "default", id="get with a default"),
    pytest.param(lambda: cache.get_many(["key", "another"]), {}, id="get_many"),
    pytest.param(lambda: "key" in cache, False, id="in"),
    pytest.param(lambda: cache.get_or_set("key", lambda: "computed"), "computed", id="get_or_set"),
    pytest.param(lambda: asyncio.run(cache.aget("key")), None, id="aget"),
    pytest.param(
        lambda: asyncio.run(cache.aget_or_set("key", lambda: "computed")), "computed", id="aget_or_set"
    ),
]


@pytest.fixture(scope="module")
def _dead_redis():
    with running_redis() as server:
        server.kill()
        yield server


@pytest.fixture
def lost_redis(_dead_redis):
    """Use a Redis that is gone."""
    with using(_dead_redis.url):
        yield


def has_set():
    """Tell whether Redis has taken a value."""
    try:
        cache.set("another", 2)
    except OutOfReach:
        return False
    return True


def fill():
    """Store values until Redis has no room for another."""
    for number in range(100):
        cache.set(f"key{number}", bytes(100_000))


@pytest.mark.parametrize("change", CHANGES)
def test_change_that_redis_has_not_confirmed_raises(lost_redis, change):
    with pytest.raises(OutOfReach):
        change()


@pytest.mark.parametrize(("read", "expected"), READS)
def test_read_without_redis_finds_nothing_and_never_raises(lost_redis, read, expected):
    assert read() == expected


def test_redis_that_hangs_costs_one_timeout_and_not_one_for_each_read():
    with running_redis() as server, using(server.url), following():
        server.pause()
        began = time.monotonic()
        for number in range(50):
            assert cache.get(f"key{number}") is None
        # Fifty of them would be twenty-five seconds.
        assert time.monotonic() - began < 20 * settings.READPATH["REDIS_TIMEOUT"]
        server.resume()


def test_worker_serves_no_longer_than_a_lease_what_it_cannot_know_unchanged():
    with running_redis() as server, using(server.url), following() as fleet:
        cache.set("key", 1)
        assert cache.get("key") == 1
        server.kill()

        assert cache.get("key") == 1
        wait_until(lambda: not fleet.is_coherent(), "the lease does not run out")
        assert cache.get("key") is None


def test_empty_redis_that_comes_back_brings_nothing_back():
    with running_redis() as server, using(server.url), following():
        cache.set("key", 1)
        assert cache.get("key") == 1
        server.kill()
        server.start()

        # Acknowledged only once the lease of before has run out, which may hide it.
        wait_until(has_set, "nobody follows again")
        assert cache.get("key") is None
        assert cache.get("another") == 2


def test_full_redis_refuses_values_and_nothing_else():
    full = {"maxmemory": "4mb", "maxmemory_policy": "noeviction"}
    with running_redis(**full) as server, using(server.url), following():
        cache.set("first", 1)
        with pytest.raises(OutOfReach, match="full"):
            fill()

        assert cache.get("first") == 1
        assert cache.get("key0") == bytes(100_000)
        assert cache.delete("key0") is True
        assert cache.get("key0") is None
        cache.clear()
        cache.set("first", 2)
        assert cache.get("first") == 2
