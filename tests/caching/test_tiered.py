"""Django's cache keeps what it is given, counts exactly, and serves coroutines as it serves threads."""

from __future__ import annotations

import asyncio
import pickle
import threading
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

from caching.tiered import fleet as tiered_fleet
from caching.tiered import l1 as tiered_l1
from caching.tiered import signed_values
from caching.tiered.scripts import BOUNDED, value_name
from tests.caching.tiered_process import LONG_LEASE, following, using
from tests.redis import is_installed, running_redis
from tests.shared.workers import bury_phantoms

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")


@pytest.fixture(scope="module")
def _redis_server():
    with running_redis() as server, using(server.url), server.client() as direct:
        cache.get("key")
        bury_phantoms(direct)
        yield server


@pytest.fixture
def redis_server(_redis_server):
    with using(_redis_server.url, lease=LONG_LEASE):
        cache.clear()
        yield _redis_server


@pytest.fixture
def fleet(redis_server):
    with following() as fleet:
        yield fleet


def stored(key):
    """Return where Redis has the value of a key."""
    return value_name(cache.make_key(key))


# Values.


def test_reader_cannot_change_what_another_reader_gets(fleet):
    cache.set("key", {"list": [1]})
    for _ in range(3):
        cache.get("key")["list"].append("changed")
        cache.get_many(["key"])["key"]["list"].append("changed")

    assert cache.get("key") == {"list": [1]}


def test_value_from_elsewhere_is_a_miss_that_add_can_fill(fleet, redis_server):
    with redis_server.client() as client:
        client.set(stored("key"), pickle.dumps("not ours"))

    assert cache.get("key") is None
    assert cache.get("key", "default") == "default"
    assert "key" not in cache
    assert cache.get_or_set("key", "ours") == "ours"
    assert cache.get("key") == "ours"


def test_value_moved_to_another_key_is_a_miss(fleet, redis_server):
    cache.set("mine", "mine")
    with redis_server.client() as client:
        client.copy(stored("mine"), stored("yours"), replace=True)

    assert cache.get("yours") is None
    assert cache.get("mine") == "mine"


def test_value_under_a_secret_key_that_was_changed_is_a_miss(redis_server):
    cache.set("key", "value")

    with override_settings(SECRET_KEY="another"):
        assert cache.get("key") is None
        with pytest.raises(ValueError, match="not found"):
            cache.incr("key")


def test_values_are_not_looked_into_before_their_signature(redis_server, monkeypatch):
    cache.set("key", ["value"])
    with redis_server.client() as client:
        value = bytearray(client.get(stored("key")))
        value[-2] ^= 1
        client.set(stored("key"), bytes(value))
    monkeypatch.setattr(signed_values.pickle, "loads", lambda _: pytest.fail("unpickled"))

    assert cache.get("key") is None


def test_key_may_be_any_text(fleet):
    for key in ("Iñtërnâtiônàlizætiøn", "*", "all", "{readpath}:state"):
        cache.set(key, key)
        assert cache.get(key) == key


def test_value_that_lives_for_centuries_is_kept_for_ever(redis_server):
    cache.set("key", 1, timeout=10**12)

    with redis_server.client() as client:
        assert client.ttl(stored("key")) == -1


# Counting.


@pytest.mark.parametrize(
    ("first", "step"),
    [
        pytest.param(0, 1, id="integers, by Redis"),
        pytest.param(0.0, 0.5, id="floats"),
        pytest.param(Decimal(0), Decimal("0.1"), id="decimals"),
        pytest.param(2**63 - 50, 1, id="across the largest integer of Redis"),
        pytest.param(0, 2**70, id="by more than Redis can"),
    ],
)
def test_no_step_of_concurrent_counting_is_lost(redis_server, first, step):
    cache.set("count", first)
    together = threading.Barrier(4)

    def count():
        together.wait(10)
        for _ in range(25):
            cache.incr("count", step)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    expected = first
    for _ in range(100):
        expected += step
    assert cache.get("count") == expected


def test_counting_leaves_the_time_to_live(redis_server):
    for key, value, step in (("integer", 1, 1), ("float", 1.0, 0.5)):
        cache.set(key, value, timeout=1000)
        cache.incr(key, step)
        with redis_server.client() as client:
            assert 990 < client.ttl(stored(key)) <= 1000


def test_only_one_of_many_adds_succeeds(redis_server):
    cache.delete("lock")
    together = threading.Barrier(8)
    outcomes = []

    def add():
        together.wait(10)
        outcomes.append(cache.add("lock", 1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == [False] * 7 + [True]


# From coroutines.


def test_coroutine_reads_what_is_held_without_leaving_the_event_loop(fleet):
    cache.set("key", "value")
    cache.get("key")
    reading = cache.aget("key")

    with pytest.raises(StopIteration) as ended:
        reading.send(None)  # Had it to wait for anything, it would yield here.

    assert ended.value.value == "value"


def test_coroutine_that_waits_for_redis_holds_up_no_other(redis_server):
    async def count_meanwhile():
        asking = asyncio.create_task(cache.aget("nothing"))
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0.01)
        return turns

    redis_server.pause()
    try:
        assert asyncio.run(count_meanwhile()) > 5
    finally:
        redis_server.resume()


def test_coroutine_pickles_where_its_database_connection_is(redis_server):
    pickled_in = []

    class Queryset:
        def __reduce__(self):
            pickled_in.append(threading.get_ident())
            return (list, ())

    async_to_sync(cache.aset)("key", Queryset())
    async_to_sync(cache.aset_many)({"key": Queryset()})

    assert pickled_in == [threading.get_ident()] * 2


def test_changes_of_a_coroutine_are_waited_for_at_the_end_of_its_request(fleet):
    async def change():
        await cache.aset("key", 1)
        await cache.aincr("key")
        return tiered_fleet.pending()

    with tiered_fleet.deferring():
        assert asyncio.run(change()) > 0
        assert tiered_fleet.pending() > 0


# The bound that other backends need.


def test_cache_with_a_bound_removes_the_oldest(redis_server):
    bounded = {"MAX_ENTRIES": 10, "CULL_FREQUENCY": 2}
    with override_settings(
        CACHES={**settings.CACHES, "default": {**settings.CACHES["default"], "OPTIONS": bounded}}
    ):
        cache.clear()
        for number in range(11):
            cache.set(f"key{number}", number)

        assert cache.get_many(f"key{number}" for number in range(11)) == {
            f"key{number}": number for number in range(5, 11)
        }
        cache.clear()
        with redis_server.client() as client:
            assert client.exists(BOUNDED) == 0


def test_budget_of_l1_is_the_one_that_was_configured():
    options = {"L1_BYTES": 12_345}
    with override_settings(
        CACHES={
            "default": {
                "BACKEND": "caching.tiered.backend.TieredCache",
                "LOCATION": "elsewhere",
                "OPTIONS": options,
            }
        }
    ):
        cache.make_key("key")

        assert tiered_l1.l1_of("elsewhere", 0).budget == 12_345
