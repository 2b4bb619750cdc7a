"""What another process has changed is never read from this one's L1, nor the other way round (P1)."""

from __future__ import annotations

import contextvars
import time

import pytest
from django.conf import settings
from django.core.cache import cache

from caching.shared import connections
from caching.tiered import fleet as tiered_fleet
from caching.tiered import l1 as tiered_l1
from caching.tiered.l2 import ValuesL2
from caching.tiered.scripts import value_name
from tests.caching.tiered_process import LONG_LEASE, Other, following, using
from tests.redis import is_installed, running_redis
from tests.shared.workers import bury_phantoms

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

SLOWLY = 0.05  # Seconds; fifty times what a change takes that does not wait.


@pytest.fixture(scope="module")
def redis_server():
    with running_redis() as server, using(server.url, lease=LONG_LEASE), server.client() as direct:
        cache.get("key")
        bury_phantoms(direct)
        yield server


@pytest.fixture(scope="module")
def other(redis_server):
    with Other(redis_server.url) as process:
        yield process


@pytest.fixture
def fleet(redis_server):
    """Let this process follow the log, slowly."""
    with following(slowly=SLOWLY) as fleet:
        yield fleet


@pytest.fixture
def following_other(redis_server):
    """Let another process follow the log, slowly."""
    with Other(redis_server.url) as process:
        process.run(f"follower = tiered_process.following(slowly={SLOWLY}); follower.__enter__()")
        yield process
        process.run("follower.__exit__(None, None, None)")


def is_held(key):
    l1 = tiered_l1.l1_of(connections.ALIAS, 0)
    return l1.get(cache.make_key(key)) is not None


def hold(key, value):
    """Store a value, and let this process hold it."""
    cache.set(key, value)
    assert cache.get(key) == value
    assert is_held(key)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param("cache.set('key', 2)", 2, id="set"),
        pytest.param("cache.set('key', 2, timeout=0)", None, id="set to be gone"),
        pytest.param("cache.set_many({'other': 1, 'key': 2})", 2, id="set_many"),
        pytest.param("cache.incr('key')", 2, id="incr"),
        pytest.param("cache.incr('key', 0.5)", 1.5, id="incr by a fraction"),
        pytest.param("cache.decr('key')", 0, id="decr"),
        pytest.param("cache.delete('key')", None, id="delete"),
        pytest.param("cache.delete_many(['other', 'key'])", None, id="delete_many"),
        pytest.param("cache.touch('key', 0)", None, id="touch to be gone"),
        pytest.param("cache.clear()", None, id="clear"),
        pytest.param("cache.incr_version('key')", None, id="incr_version"),
    ],
)
def test_change_of_another_process_is_read_as_soon_as_it_has_returned(fleet, other, change, expected):
    hold("key", 1)

    other.run(change)

    assert cache.get("key") == expected
    assert cache.get_many(["key"]).get("key") == expected


def test_value_that_redis_has_evicted_is_dropped_by_a_delete_all_the_same(fleet, other, redis_server):
    hold("key", 1)
    with redis_server.client() as client:
        assert client.delete(value_name(cache.make_key("key"))) == 1

    assert other.run("result = cache.delete('key')") is False

    assert cache.get("key") is None


def test_value_that_redis_has_evicted_is_replaced_by_an_add(fleet, other, redis_server):
    hold("key", 1)
    with redis_server.client() as client:
        client.delete(value_name(cache.make_key("key")))

    assert other.run("result = cache.add('key', 2)") is True

    assert cache.get("key") == 2


def test_longer_life_is_seen(fleet, other, monkeypatch):
    cache.set("key", 1, timeout=1)
    assert cache.get("key") == 1

    assert other.run("result = cache.touch('key', 100)") is True

    assert cache.get("key") == 1
    l1 = tiered_l1.l1_of(connections.ALIAS, 0)
    now = l1.clock()
    monkeypatch.setattr(l1, "clock", lambda: now + 50)
    assert is_held("key")
    monkeypatch.setattr(l1, "clock", lambda: now + 101)
    assert not is_held("key")


def test_get_that_a_change_has_overtaken_leaves_nothing_old_in_l1(fleet, other, monkeypatch):
    cache.set("key", "old")
    read = ValuesL2.read

    def read_and_be_overtaken(self, keys):
        answer = read(self, keys)
        other.run("cache.set('key', 'new')")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(ValuesL2, "read", read_and_be_overtaken)
        assert cache.get("key") == "old"  # It began before the change had returned.

    assert cache.get("key") == "new"


def test_failed_add_changes_nothing_anywhere(fleet, other):
    hold("key", 1)

    assert other.run("result = cache.add('key', 2)") is False

    assert is_held("key")


def test_own_change_is_read_before_the_tail_has_heard_of_it(fleet):
    hold("key", 1)

    with tiered_fleet.deferring():
        cache.set("key", 2)
        assert cache.get("key") == 2


def test_request_waits_at_its_end_for_all_that_it_has_changed(fleet, following_other):
    hold("key", 1)
    assert following_other.run("cache.get('key'); result = cache.get('key')") == 1

    with tiered_fleet.deferring():
        cache.set("first", 1)
        cache.set("key", 2)
        cache.delete("last")
        assert tiered_fleet.pending() > 0

    assert tiered_fleet.pending() == 0
    assert following_other.run("result = cache.get('key')") == 2


def test_request_may_wait_before_its_end(fleet, following_other):
    hold("key", 1)
    assert following_other.run("cache.get('key'); result = cache.get('key')") == 1

    with tiered_fleet.deferring():
        cache.set("key", 2)
        tiered_fleet.settle()
        assert tiered_fleet.pending() == 0
        assert following_other.run("result = cache.get('key')") == 2


def test_task_that_outlives_its_request_waits_by_itself(fleet, following_other):
    hold("key", 1)
    assert following_other.run("cache.get('key'); result = cache.get('key')") == 1
    with tiered_fleet.deferring():
        left_behind = contextvars.copy_context()

    left_behind.run(cache.set, "key", 2)

    assert following_other.run("result = cache.get('key')") == 2


def test_process_without_a_tail_holds_nothing_and_is_not_waited_for(redis_server, other):
    cache.set("key", 1)
    assert cache.get("key") == 1
    assert not is_held("key")

    other.run("cache.set('key', 2)")

    assert cache.get("key") == 2


def test_values_are_forgotten_when_redis_has_lost_its_memory(fleet, other, redis_server):
    hold("key", 1)
    with redis_server.client() as client:
        client.flushall()

    other.run("cache.set('key', 2)")

    assert cache.get("key") == 2


def test_hit_asks_redis_nothing(fleet, redis_server):
    hold("key", 1)
    with redis_server.client() as client:
        before = client.info("commandstats").get("cmdstat_get", {}).get("calls", 0)
        for _ in range(100):
            assert cache.get("key") == 1
        assert client.info("commandstats")["cmdstat_get"]["calls"] == before


def test_clear_leaves_what_is_not_a_value(fleet, redis_server):
    hold("key", 1)
    with redis_server.client() as client:
        client.set("readpath:e:1:/posts/", b"an entry")
        history = client.hget("{readpath}:state", "history")

        cache.clear()

        assert client.get("readpath:e:1:/posts/") == b"an entry"
        assert client.hget("{readpath}:state", "history") == history
        assert client.keys(value_name("*")) == []


def test_clear_removes_many_values_in_several_steps(fleet, redis_server):
    keys = [f"key{number}" for number in range(2500)]
    cache.set_many(dict.fromkeys(keys, 1))
    assert len(cache.get_many(keys)) == 2500

    with redis_server.client() as client:
        records = client.xlen("{readpath}:log")
        cache.clear()

        # Redis does nothing else during a step.
        assert client.xlen("{readpath}:log") - records >= 3
        assert client.keys(value_name("*")) == []
    assert cache.get_many(keys) == {}


def test_change_is_confirmed_a_lease_later_if_nobody_can_be_asked():
    with running_redis() as server, using(server.url):
        cache.set("warm", 1)  # A new Redis makes its first writer wait, for other reasons.
        with tiered_fleet.deferring():
            cache.set("key", 1)
            changed_at = time.monotonic()
            server.kill()

        assert time.monotonic() - changed_at >= settings.READPATH["LEASE"]
