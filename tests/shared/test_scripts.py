"""What happens in Redis happens all at once, and a Redis that has forgotten says so to everybody.

Histories, numbers, generations and the refusals of `vouch`, on a real server.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis

from caching.coherence import OutOfReach, SharedPosition
from caching.shared import connections, keys, scripts
from caching.shared.leases import Leases, Said, State, state_of
from caching.shared.log import GENERATION_TTL, SharedLog
from caching.surrogate_keys import EVERYTHING
from tests.redis import RedisServer, is_installed, running_redis
from tests.shared.workers import LEASE, Moments, configured, settled, shared_log, state_in

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
def direct(server: RedisServer) -> Iterator[redis.Redis]:
    """Return a client that greets nobody, beside those that do; the first lease is over."""
    with settled(server) as client:
        yield client


@pytest.fixture
def log(direct: redis.Redis) -> SharedLog:
    return shared_log()


def history(direct: redis.Redis) -> bytes:
    return state_in(direct).history


def last(direct: redis.Redis) -> int:
    return state_in(direct).last


def at(direct: redis.Redis) -> SharedPosition:
    return SharedPosition(history(direct), last(direct))


def workers(direct: redis.Redis) -> dict[str, Said]:
    return dict(state_in(direct).workers)


def numbers(direct: redis.Redis) -> list[int]:
    return [int(name.partition(b"-")[0]) for name, _ in direct.xrange(keys.LOG)]


def greet(direct: redis.Redis) -> None:
    direct.eval(scripts.GREET, len(keys.COHERENCE), *keys.COHERENCE, secrets.token_hex(8))


def run_id(direct: redis.Redis) -> str:
    return str(direct.info("server")["run_id"])


class TestHistory:
    def test_greeting_begins_one_and_keeps_it(self, direct: redis.Redis) -> None:
        first = history(direct)
        greet(direct)

        assert first.startswith(run_id(direct).encode() + b"/")
        assert history(direct) == first

    def test_it_ends_with_the_server(self, server: RedisServer) -> None:
        with configured(server.url):
            log = shared_log()
            log.invalidate(["post:1"])
            with server.client() as direct:
                first = at(direct)
            server.kill()
            server.start()
            log.last()
            with server.client() as direct:
                second = at(direct)

        assert second.history != first.history
        assert second.number > first.number

    def test_it_ends_where_another_server_has_the_memory(self, direct: redis.Redis) -> None:
        """As after a failover to a replica, or a restart with what was on disk."""
        direct.hset(keys.STATE, "history", "another server/0123456789abcdef")
        direct.hset(keys.STATE, "w:old", "7 7")
        greet(direct)

        assert history(direct).startswith(run_id(direct).encode() + b"/")
        assert not direct.hexists(keys.STATE, "w:old")

    @pytest.mark.parametrize("how", ["everything is flushed", "the state is evicted"])
    def test_it_ends_with_what_was_known(self, direct: redis.Redis, log: SharedLog, how: str) -> None:
        log.invalidate(["post:1"])
        before = at(direct)
        if how == "everything is flushed":
            direct.flushall()
        else:
            direct.delete(keys.STATE)
        log.last()

        assert history(direct) not in {b"", before.history}
        assert last(direct) > before.number
        assert numbers(direct) == [last(direct)]

    @pytest.mark.parametrize(
        "ask",
        [
            pytest.param(lambda log: log.last(), id="look"),
            pytest.param(lambda log: log.invalidate(["post:1"]), id="invalidate"),
            pytest.param(lambda log: log.vouch(["post:1"], SharedPosition(b"old", 1)), id="vouch"),
            pytest.param(lambda log: renew("w", 1, 0, b""), id="renew"),
        ],
    )
    def test_whoever_comes_first_begins_the_next(self, direct: redis.Redis, log: SharedLog, ask) -> None:
        """Also on a connection that was greeted long ago."""
        before = history(direct)
        direct.flushall()
        ask(log)
        assert history(direct) not in {b"", before}

        direct.hdel(keys.STATE, "w:w")
        clock = Moments()
        writer = shared_log(leases=Leases(lease=LEASE, clock=clock), clock=clock, pause=clock.pause)
        writer.wait(writer.last())
        assert LEASE < sum(clock.paused) < 1.5 * LEASE
        assert workers(direct) == {}

    def test_a_new_one_makes_every_entry_unusable(self, direct: redis.Redis, log: SharedLog) -> None:
        log.vouch([EVERYTHING, "post:1"], at(direct))
        direct.delete(keys.STATE)
        log.last()

        assert not direct.exists(keys.GENERATION + EVERYTHING)
        assert direct.exists(keys.GENERATION + "post:1")

    def test_its_log_begins_with_a_record_for_everything(self, direct: redis.Redis) -> None:
        direct.flushall()
        greet(direct)
        ((name, fields),) = direct.xrange(keys.LOG)

        assert name == b"%d-0" % last(direct)
        assert fields == {b"keys": EVERYTHING.encode(), b"pass": b"0"}

    def test_it_has_a_phantom_of_its_own(self, direct: redis.Redis) -> None:
        """Whoever buries the phantom of one history must not bury the next one's."""
        found = []
        for _ in range(2):
            direct.flushall()
            greet(direct)
            found.append(workers(direct))
        (first,), (second,) = found

        assert first != second
        assert found[1][second] == Said(beat=1, position=0)

    def test_it_forgets_which_pass_was_the_last(self, direct: redis.Redis, log: SharedLog) -> None:
        log.invalidate(["post:1"], relay_pass=77)
        log.invalidate(["post:1"])
        before = state_in(direct).last_pass
        direct.flushall()
        greet(direct)

        assert (before, state_in(direct).last_pass) == (77, 0)


def test_after_a_restart_a_writer_waits_for_a_whole_lease_of_nobody(server: RedisServer) -> None:
    """Leases of the history before may still run, and nobody knows of them any more."""
    clock, waited = Moments(), []

    def write() -> None:
        began = clock.now
        log.wait(log.invalidate(["post:1"]))
        waited.append(clock.now - began)

    with configured(server.url):
        log = shared_log(leases=Leases(lease=LEASE, clock=clock), clock=clock, pause=clock.pause)
        write()
        write()
        server.kill()
        server.start()
        write()

    assert waited[0] > LEASE
    assert waited[1] == 0
    assert waited[2] > LEASE


def test_flushed_between_invalidating_and_waiting_a_writer_waits_for_a_lease(direct: redis.Redis) -> None:
    """That nobody is in the state must not read as: there is nobody."""
    clock = Moments()
    log = shared_log(leases=Leases(lease=LEASE, clock=clock), clock=clock, pause=clock.pause)
    number = log.invalidate(["post:1"])
    direct.flushall()
    log.wait(number)

    assert sum(clock.paused) > LEASE


class TestInvalidating:
    def test_numbers_are_consecutive_and_so_are_the_records(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        begin = last(direct)
        given = [log.invalidate([f"post:{number}"]) for number in range(5)]

        assert given == [begin + step for step in range(1, 6)]
        assert numbers(direct) == [begin, *given]

    def test_the_record_names_the_keys_and_the_pass(self, direct: redis.Redis, log: SharedLog) -> None:
        log.invalidate(["post:1", "posts:tag=3"], relay_pass=42)
        _, fields = direct.xrange(keys.LOG)[-1]

        assert fields == {b"keys": b"post:1\nposts:tag=3", b"pass": b"42"}

    def test_generations_of_the_keys_are_gone_and_others_are_not(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        log.vouch(["post:1", "post:2"], at(direct))
        log.invalidate(["post:1"])

        assert direct.mget(keys.generations(["post:1"])) == [None]
        assert direct.mget(keys.generations(["post:2"])) != [None]

    def test_any_number_of_keys_at_once(self, direct: redis.Redis, log: SharedLog) -> None:
        """More than Lua can unpack."""
        names = [f"post:{number}" for number in range(20_000)]
        for name in ("post:0", "post:999", "post:1000", "post:19999"):
            direct.set(keys.GENERATION + name, "8 bytes.")
        log.invalidate(names)

        assert not direct.keys(keys.GENERATION + "post:*")
        assert len(direct.xrange(keys.LOG)[-1][1][b"keys"].split(b"\n")) == 20_000

    def test_the_log_stays_bounded_and_ends_with_the_last(self, direct: redis.Redis, log: SharedLog) -> None:
        with direct.pipeline(transaction=False) as pipe:
            start = last(direct)
            for step in range(1, 12_001):
                pipe.xadd(keys.LOG, {"keys": "post:1", "pass": "0"}, id=f"{start + step}-0")
            pipe.hset(keys.STATE, "last", start + 12_000)
            pipe.execute()
        number = log.invalidate(["post:1"])

        assert 10_000 <= direct.xlen(keys.LOG) < 10_500
        assert numbers(direct)[-1] == number

    def test_a_full_redis_that_evicts_nothing_still_invalidates(self) -> None:
        with (
            running_redis(maxmemory="3mb", maxmemory_policy="noeviction") as server,
            settled(server) as direct,
        ):
            log = shared_log()
            log.vouch(["post:1"], at(direct))
            fill(direct)
            number = log.invalidate(["post:1"])

            assert direct.mget(keys.generations(["post:1"])) == [None]
            assert numbers(direct)[-1] == number
            log.wait(number)

    def test_a_full_redis_still_renews_leases_and_begins_histories(self) -> None:
        with (
            running_redis(maxmemory="3mb", maxmemory_policy="noeviction") as server,
            settled(server) as direct,
        ):
            fill(direct)
            assert renew("w", 1, 0, b"").last == last(direct)
            direct.delete(keys.STATE)
            fill(direct)
            greet(direct)
            assert history(direct)

    def test_a_replica_refuses(self) -> None:
        """Whoever still talks to a server that is not the master any more must be told."""
        with running_redis(tcp=True) as server, settled(server) as direct:
            log = shared_log()
            log.last()
            direct.replicaof("127.0.0.1", "1")

            for refused in (
                lambda: log.invalidate(["post:1"]),
                log.last,
                lambda: log.vouch(["post:1"], SharedPosition(b"", 0)),
                lambda: log.wait(0),
            ):
                with pytest.raises(OutOfReach):
                    refused()
            with pytest.raises(connections.TROUBLE):
                renew("w", 1, 0, b"")


def fill(direct: redis.Redis) -> None:
    """Store until Redis refuses even one byte."""
    for size in (10_000, 1):
        with suppress(redis.OutOfMemoryError):
            while True:
                direct.set(f"filling:{secrets.token_hex(8)}", b"x" * size)


def renew(worker: str, beat: int, position: int, history: bytes) -> State:
    """Renew the lease of a worker."""
    arguments = [secrets.token_hex(8), worker, beat, position, history]
    return state_of(connections.client().eval(scripts.RENEW, 3, *keys.COHERENCE, *arguments))


class TestRenewing:
    def test_it_says_how_far_the_worker_is_and_learns_how_far_all_are(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        number = log.invalidate(["post:1"], relay_pass=5)
        renew("other", 7, number, history(direct))
        state = renew("w", 3, number - 1, history(direct))

        assert state == (
            history(direct),
            number,
            5,
            {"other": Said(beat=7, position=number), "w": Said(beat=3, position=number - 1)},
        )

    def test_a_position_of_another_history_counts_as_none(self, direct: redis.Redis) -> None:
        renew("w", 3, last(direct) + 1_000_000, b"another/history")

        assert workers(direct) == {"w": Said(beat=3, position=0)}


class TestBurying:
    def test_it_takes_a_worker_that_has_not_renewed(self, direct: redis.Redis, log: SharedLog) -> None:
        renew("w", 3, 0, b"")
        bury("w", 3)

        assert workers(direct) == {}

    @pytest.mark.parametrize("beat", [4, 31])
    def test_it_leaves_one_that_has(self, direct: redis.Redis, log: SharedLog, beat: int) -> None:
        renew("w", beat, 0, b"")
        bury("w", 3)

        assert workers(direct) == {"w": Said(beat=beat, position=0)}


def bury(worker: str, beat: int) -> None:
    arguments = [secrets.token_hex(8), worker, beat]
    connections.client().eval(scripts.BURY, len(keys.COHERENCE), *keys.COHERENCE, *arguments)


class TestVouching:
    def test_it_creates_what_is_missing_and_keeps_what_is_there(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        first = log.vouch(["post:1", "post:2"], at(direct))
        second = log.vouch(["post:2", "post:3", "post:1"], at(direct))

        assert first is not None
        assert second is not None
        assert (second[2], second[0]) == (first[0], first[1])
        assert {len(generation) for generation in (*first, *second)} == {8}
        assert direct.mget(keys.generations(["post:2", "post:3", "post:1"])) == list(second)

    def test_a_generation_that_was_invalidated_never_comes_back(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        found = set()
        for _ in range(20):
            found.add(tuple(log.vouch(["post:1"], at(direct)) or ()))
            log.invalidate(["post:1"])

        assert len(found) == 20

    def test_generations_outlive_the_entries_that_need_them(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        log.vouch(["post:1"], at(direct))
        direct.expire(keys.GENERATION + "post:1", 60)
        log.vouch(["post:1"], at(direct))

        assert direct.ttl(keys.GENERATION + "post:1") > GENERATION_TTL - 60

    def test_what_was_invalidated_before_the_build_began_is_of_no_account(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        log.invalidate(["post:1"])

        assert log.vouch(["post:1"], at(direct)) is not None

    def test_what_others_carry_is_of_no_account(self, direct: redis.Redis, log: SharedLog) -> None:
        start = at(direct)
        log.invalidate(["post:2", "post:11"])
        log.invalidate(["posts"])

        assert log.vouch(["post:1", "tag:2"], start) is not None

    @pytest.mark.parametrize("position", [0, 1, 2], ids=["first", "middle", "last"])
    @pytest.mark.parametrize("key", ["post:1", "posts", EVERYTHING])
    def test_a_build_that_a_write_has_overtaken_is_refused(
        self, direct: redis.Redis, log: SharedLog, key: str, position: int
    ) -> None:
        start = at(direct)
        for step in range(3):
            log.invalidate(["tag:1", key, "tag:2"] if step == position else ["tag:3"])

        assert log.vouch(["post:1", "posts", EVERYTHING], start) is None
        assert not direct.exists(*keys.generations(["post:1", "posts"]))

    def test_a_build_of_another_history_is_refused(self, direct: redis.Redis, log: SharedLog) -> None:
        start = at(direct)
        direct.flushall()
        log.last()

        assert log.vouch(["post:1"], SharedPosition(start.history, last(direct))) is None
        assert log.vouch(["post:1"], at(direct)) is not None

    @pytest.mark.parametrize("how", ["trimmed", "evicted"])
    def test_where_the_log_reaches_not_back_it_is_refused(
        self, direct: redis.Redis, log: SharedLog, how: str
    ) -> None:
        start = at(direct)
        for number in range(3):
            log.invalidate([f"tag:{number}"])
        if how == "trimmed":
            direct.xtrim(keys.LOG, maxlen=2, approximate=False)
        else:
            direct.delete(keys.LOG)

        assert log.vouch(["post:1"], start) is None

    def test_after_a_thousand_records_nobody_looks_through_them(
        self, direct: redis.Redis, log: SharedLog
    ) -> None:
        start = at(direct)
        for _ in range(1_000):
            log.invalidate(["tag:1"])
        at_most = log.vouch(["post:1"], start)
        log.invalidate(["tag:1"])

        assert at_most is not None
        assert log.vouch(["post:1"], start) is None
