"""A worker hears what was invalidated, or knows that it has not heard it.

Each test has a real Redis and a worker with its tail; what it holds in L1 was put there by hand.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis

from caching.shared import keys
from caching.shared.leases import Leases
from caching.shared.log import SharedLog
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import entry_of
from tests.proxy import Proxy
from tests.redis import RedisServer, is_installed, running_redis, wait_until
from tests.shared.workers import (
    LEASE,
    LONG_LEASE,
    PATIENCE,
    Moments,
    Worker,
    bury_phantoms,
    configured,
    settled,
    shared_log,
    state_in,
)

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

ONE = entry_of(b"/things/1/", keys=["thing:1", "things"])
TWO = entry_of(b"/things/2/", keys=["thing:2", "things"])


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
def direct(server: RedisServer) -> Iterator[redis.Redis]:
    with settled(server) as client:
        yield client


@pytest.fixture
def worker(direct: redis.Redis) -> Iterator[Worker]:
    with Worker() as one:
        yield one


class TestHearing:
    """The lease is long: a writer waits for the worker, however busy the machine is."""

    @pytest.fixture
    def worker(self, direct: redis.Redis) -> Iterator[Worker]:
        with Worker(lease=LONG_LEASE) as one:
            yield one

    @pytest.fixture
    def log(self, direct: redis.Redis) -> SharedLog:
        return shared_log(leases=Leases(lease=LONG_LEASE))

    def test_it_drops_by_key_what_was_invalidated_and_nothing_else(
        self, worker: Worker, log: SharedLog
    ) -> None:
        worker.keep(ONE)
        worker.keep(TWO)
        log.wait(log.invalidate(["thing:1"]))

        assert not worker.holds(ONE)
        assert worker.holds(TWO)

    def test_its_position_is_that_of_the_last_record(
        self, direct: redis.Redis, worker: Worker, log: SharedLog
    ) -> None:
        log.wait(log.invalidate(["thing:1"]))
        state = state_in(direct)

        assert worker.coherence.shared == (state.history, state.last)
        assert state.workers[worker.name[2:]].position == state.last

    def test_others_are_told_the_keys_of_each_record(self, worker: Worker, log: SharedLog) -> None:
        """The L1 of Django's cache drops by them too."""
        log.wait(log.invalidate(["thing:1", "things"]))

        assert worker.heard[-1] == {"thing:1", "things"}

    def test_thousands_of_records_are_heard_in_order(self, worker: Worker, log: SharedLog) -> None:
        before = len(worker.heard)
        for number in range(1_500):
            log.invalidate([f"thing:{number}"])
        log.wait(log.last())

        assert worker.heard[before:] == [{f"thing:{number}"} for number in range(1_500)]

    def test_a_record_for_everything_makes_the_relay_look_for_triggers_again(
        self, worker: Worker, log: SharedLog
    ) -> None:
        epoch = worker.coherence.epoch
        worker.keep(ONE)
        worker.relaying.stop_passing()
        log.wait(log.invalidate([EVERYTHING]))

        assert worker.coherence.epoch == epoch + 1
        assert not worker.holds(ONE)
        assert not worker.is_trusting()
        worker.fleet.trust(epoch)
        assert not worker.is_trusting(), "that was seen before"
        worker.relaying.go_on()
        worker.until_trusting()

    def test_a_pass_whose_record_was_heard_is_known(self, worker: Worker, log: SharedLog) -> None:
        log.wait(log.invalidate(["thing:2"], relay_pass=77))
        worker.keep(ONE)
        worker.coherence.confirmed(77, ())
        assert worker.holds(ONE)
        worker.coherence.confirmed(78, ())
        assert not worker.holds(ONE)

    def test_the_last_pass_before_it_joined_is_known(self, direct: redis.Redis) -> None:
        shared_log().invalidate(["thing:2"], relay_pass=77)
        with Worker() as worker:
            worker.keep(ONE)
            worker.coherence.confirmed(77, ())

            assert worker.holds(ONE)


class TestMissing:
    """What it has not heard it does not know: it forgets everything."""

    @staticmethod
    def forgets(worker: Worker) -> None:
        """Assert that L1 is dropped, builds under way are refused, and the worker trusts again."""
        wait_until(lambda: not worker.holds(ONE), "it is still there", patience=PATIENCE)
        worker.until_trusting()

    @pytest.mark.parametrize("how", ["trimmed", "skipped"])
    def test_a_gap(self, direct: redis.Redis, worker: Worker, how: str) -> None:
        worker.keep(ONE)
        start = worker.begin()
        last = state_in(direct).last
        with direct.pipeline() as pipe:
            pipe.hincrby(keys.STATE, "last", 2)
            if how == "trimmed":
                pipe.xadd(keys.LOG, {"keys": "thing:1", "pass": "0"}, id=f"{last + 1}-0")
                pipe.xadd(keys.LOG, {"keys": "thing:2", "pass": "0"}, id=f"{last + 2}-0")
                pipe.xtrim(keys.LOG, maxlen=1, approximate=False)
            else:
                pipe.xadd(keys.LOG, {"keys": "thing:2", "pass": "0"}, id=f"{last + 2}-0")
            pipe.execute()
        self.forgets(worker)

        assert {EVERYTHING} in worker.heard
        assert not worker.coherence.store(ONE, start=start.position)
        assert worker.coherence.shared == (state_in(direct).history, last + 2)

    def test_a_log_that_is_gone_while_a_record_was_to_come(self, direct: redis.Redis, worker: Worker) -> None:
        worker.keep(ONE)
        with direct.pipeline() as pipe:
            pipe.hincrby(keys.STATE, "last", 1)
            pipe.delete(keys.LOG)
            pipe.execute()
        self.forgets(worker)
        worker.keep(TWO)
        shared_log().invalidate(["thing:2"])
        worker.until_heard("thing:2")
        assert not worker.holds(TWO)

    def test_a_log_that_is_gone_after_all_was_heard_is_no_loss(
        self, direct: redis.Redis, worker: Worker
    ) -> None:
        worker.keep(ONE)
        direct.delete(keys.LOG)
        shared_log().invalidate(["thing:2"])
        worker.until_heard("thing:2")

        assert worker.holds(ONE)

    @pytest.mark.parametrize("how", ["flushed", "evicted"])
    def test_another_history(self, direct: redis.Redis, worker: Worker, how: str) -> None:
        worker.keep(ONE)
        if how == "flushed":
            direct.flushall()
        else:
            direct.delete(keys.STATE)
        self.forgets(worker)
        state = state_in(direct)

        assert worker.coherence.shared == (state.history, state.last)

    def test_another_server(self, server: RedisServer, worker: Worker) -> None:
        worker.keep(ONE)
        server.kill()
        server.start()
        self.forgets(worker)

    def test_a_record_that_nobody_can_read(self, direct: redis.Redis, worker: Worker) -> None:
        """Whatever it is, the tail must live, and nobody knows what it has missed."""
        worker.keep(ONE)
        last = state_in(direct).last
        with direct.pipeline() as pipe:
            pipe.hincrby(keys.STATE, "last", 1)
            pipe.xadd(keys.LOG, {"something": "else"}, id=f"{last + 1}-0")
            pipe.execute()
        self.forgets(worker)
        shared_log().invalidate(["thing:2"])
        worker.until_heard("thing:2")


class TestReconnecting:
    def test_a_tail_that_was_cut_off_catches_up_and_keeps_the_rest(self) -> None:
        with running_redis(tcp=True) as server, Proxy(server.target) as wire, settled(server):
            log = shared_log()
            with configured(f"redis://127.0.0.1:{wire.port}"), Worker() as worker:
                worker.keep(ONE)
                worker.keep(TWO)
                wire.cut()
                with configured(server.url):
                    shared_log().invalidate(["thing:1"])
                assert worker.holds(ONE)
                wire.mend()
                worker.until_heard("thing:1")
                worker.until_trusting()

                assert not worker.holds(ONE)
                assert worker.holds(TWO)
            del log

    def test_cut_off_for_longer_than_a_lease_it_trusts_nothing_before_it_has_caught_up(self) -> None:
        """The writer did not wait for it any more."""
        seen = []
        with running_redis(tcp=True) as server, Proxy(server.target) as wire:
            with settled(server):
                pass
            with configured(f"redis://127.0.0.1:{wire.port}"), Worker() as worker:
                worker.keep(ONE)
                wire.cut()
                worker.until_distrusting()
                with configured(server.url), server.client() as direct:
                    bury_phantoms(direct)
                    writer = shared_log(leases=Leases(lease=LEASE))
                    writer.wait(writer.invalidate(["thing:1"]))
                    assert worker.name.encode() not in direct.hgetall(keys.STATE)
                assert worker.holds(ONE)
                worker.tailing.before("XREAD", lambda: seen.append((worker.is_trusting(), worker.holds(ONE))))
                wire.mend()
                worker.until_trusting()

                assert seen == [(False, True)]
                assert not worker.holds(ONE)

    def test_while_it_joins_no_writer_goes_on_without_it(self, direct: redis.Redis, worker: Worker) -> None:
        """Until it has forgotten what it held before, it counts as having heard nothing."""
        positions: list[int] = []
        before = state_in(direct).history

        def look() -> None:
            history, shared = direct.hget(keys.STATE, "history"), worker.coherence.shared
            if history in {None, before} or shared is None or shared.history != history:
                worker.tailing.before("EVALSHA", look)
            else:
                # It has forgotten, and this renewal is the first that tells so.
                positions.append(state_in(direct).workers[worker.name[2:]].position)

        worker.tailing.before("EVALSHA", look)
        direct.flushall()
        wait_until(lambda: bool(positions), "it does not join", patience=PATIENCE)

        assert positions == [0]


class TestLeases:
    def test_a_lease_begins_once_the_tail_has_come_as_far_as_the_log_had(
        self, direct: redis.Redis, worker: Worker
    ) -> None:
        """Between two leases a writer may have gone on without us."""
        log, seen = shared_log(), []
        held, go_on = threading.Event(), asyncio.Event()

        def another_record() -> None:
            seen.append(worker.coherence.trusted_until)
            log.invalidate(["thing:2"])
            worker.tailing.before("XREAD", wait)

        async def wait() -> None:
            seen.append(worker.coherence.trusted_until)
            held.set()
            await go_on.wait()

        async def let_go() -> None:
            go_on.set()

        # In front of the next renewal there is one more record, and after it nothing is read for now.
        worker.tailing.before("EVALSHA", another_record)
        assert held.wait(PATIENCE)
        before, promised = seen
        assert promised == before
        worker.loop.run(let_go())
        worker.until_heard("thing:2")
        wait_until(lambda: worker.coherence.trusted_until > before, "no lease begins")

    def test_it_counts_from_the_pass_over_the_outbox(self, worker: Worker) -> None:
        """A worker that does not look at the outbox any more may not have heard what waits there."""
        worker.relaying.stop_passing()
        stopped = worker.coherence.clock()
        beats = self.beat(worker)
        worker.until_distrusting()

        assert self.beat(worker) > beats, "it did renew"
        assert worker.coherence.trusted_until <= stopped + LEASE
        worker.relaying.go_on()
        worker.until_trusting()

    @staticmethod
    def beat(worker: Worker) -> int:
        return shared_log()._state().workers[worker.name[2:]].beat

    def test_while_the_database_is_away_it_goes_on_by_redis_alone(self, worker: Worker) -> None:
        worker.relaying.is_database_away = True
        away = worker.coherence.clock()
        worker.keep(ONE)
        wait_until(
            lambda: worker.coherence.trusted_until > away + 2 * LEASE, "no more leases", patience=PATIENCE
        )

        assert worker.is_trusting()
        assert worker.holds(ONE)

    def test_a_redis_that_hangs_ends_it(self, server: RedisServer, worker: Worker) -> None:
        worker.keep(ONE)
        server.pause()
        paused = worker.coherence.clock()
        try:
            worker.until_distrusting()
            assert worker.coherence.trusted_until <= paused + LEASE
        finally:
            server.resume()
        worker.until_trusting()
        assert worker.holds(ONE), "nothing was missed"

    def test_a_redis_that_is_gone_ends_it(self, server: RedisServer, worker: Worker) -> None:
        server.kill()
        killed = worker.coherence.clock()
        worker.until_distrusting()
        assert worker.coherence.trusted_until <= killed + LEASE
        assert worker.fleet.lost_for() > 0
        server.start()
        worker.until_trusting()
        assert worker.fleet.lost_for() == 0

    def test_leaving_gives_it_back(self, direct: redis.Redis) -> None:
        with Worker() as worker:
            assert worker.name.encode() in direct.hgetall(keys.STATE)
        clock = Moments()
        log = shared_log(leases=Leases(lease=LEASE, clock=clock), clock=clock, pause=clock.pause)
        log.wait(log.invalidate(["thing:1"]))

        assert state_in(direct).workers == {}
        assert clock.paused == []

    def test_who_has_left_trusts_nothing_whatever_its_relay_sees(self, direct: redis.Redis) -> None:
        """No writer waits for it any more, though the rest of its process still stops."""
        with Worker() as worker:
            worker.keep(ONE)
            worker.loop.run(worker.fleet.stop())
            worker.fleet.trust(worker.fleet.epoch)

            assert not worker.is_trusting()
            assert not worker.holds(ONE)

    def test_a_cancellation_that_a_command_hides_is_heard_all_the_same(
        self, direct: redis.Redis, worker: Worker
    ) -> None:
        """As asyncio.wait_for does on Python 3.11 when it is cancelled just as it ends."""
        following = worker.fleet._following
        assert following is not None

        async def hide() -> None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)

        worker.tailing.before("EVALSHA", hide)
        wait_until(following.done, "it goes on for ever", patience=PATIENCE)

        assert worker.name.encode() not in direct.hgetall(keys.STATE)

    def test_the_dead_are_buried_before_a_writer_has_to_wait_for_them(
        self, direct: redis.Redis, worker: Worker
    ) -> None:
        direct.hset(keys.STATE, "w:dead", "7 0")
        wait_until(lambda: not direct.hexists(keys.STATE, "w:dead"), "it stays unburied", patience=PATIENCE)

        assert worker.name.encode() in direct.hgetall(keys.STATE)
