"""No worker answers from what it holds once a writer has gone on without it, whatever was done to it.

Several workers over one real Redis, in this process and in others, with writers in threads.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from caching.coherence import Coherence, OutOfReach
from caching.l1 import L1
from caching.shared import connections, keys
from caching.shared.fleet import Fleet
from caching.shared.leases import Leases
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import copied, entry_of
from tests.proxy import Proxy
from tests.redis import RedisServer, is_installed, running_redis, wait_until
from tests.shared.other_worker import other_worker
from tests.shared.workers import LEASE, LONG_LEASE, PATIENCE, Worker, configured, settled, shared_log

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

ONE = entry_of(b"/things/1/", keys=["thing:1"])


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
def direct(server: RedisServer) -> Iterator[redis.Redis]:
    with settled(server) as client:
        yield client


@pytest.fixture
def workers(direct: redis.Redis) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Worker(lease=LONG_LEASE)) for _ in range(3)]


def write(*, lease: float = LONG_LEASE) -> int:
    """Invalidate, and acknowledge; return how often the writer paused for a worker with this lease."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(seconds)

    log = shared_log(leases=Leases(lease=lease), pause=pause)
    log.wait(log.invalidate(["thing:1"]))
    return len(pauses)


def test_when_a_writer_goes_on_nobody_holds_the_old(workers: list[Worker]) -> None:
    for _ in range(50):
        for worker in workers:
            worker.keep(ONE)
        write()
        assert [worker.holds(ONE) for worker in workers] == [False] * 3


def test_whoever_writes_the_others_hear(workers: list[Worker]) -> None:
    for writer in workers:
        for worker in workers:
            worker.keep(ONE)
        writer.fleet.wait(writer.fleet.invalidate(["thing:1"], relay_pass=7))

        assert [worker.holds(ONE) for worker in workers] == [False] * 3


def test_under_load_no_reader_finds_what_is_older_than_an_acknowledged_write(workers: list[Worker]) -> None:
    """Writers, builders and readers at every worker; an entry is stored at the state that it shows."""
    things, writes = 3, 200
    templates = [
        entry_of(b"/things/%d/" % number, now=time.time(), keys=[f"thing:{number}"])
        for number in range(things)
    ]
    committed, acknowledged = [0] * things, [0] * things
    is_over, found = [False], [0]

    def write_one(number: int) -> None:
        log = shared_log(leases=Leases(lease=LONG_LEASE))
        for _ in range(writes):
            committed[number] += 1
            state = committed[number]
            log.wait(log.invalidate([f"thing:{number}"]))
            acknowledged[number] = state

    def build(worker: Worker, seed: int) -> None:
        choose = random.Random(seed)
        while not is_over[0]:
            number = choose.randrange(things)
            start = worker.begin()
            worker.fleet.store(copied(templates[number], last_modified=committed[number]), start)

    def read(worker: Worker, seed: int) -> None:
        choose = random.Random(seed)
        while not is_over[0]:
            number = choose.randrange(things)
            key, at_least = templates[number].key, acknowledged[number]
            entry = worker.coherence.l1.get(key) if worker.is_trusting() else None
            entry = entry or worker.l2(key)
            if entry is not None:
                found[0] += 1
                assert entry.last_modified >= at_least, "older than a write that was acknowledged"

    with ThreadPoolExecutor(3 + 2 * len(workers)) as pool:
        writers = [pool.submit(write_one, number) for number in range(things)]
        others = [
            pool.submit(work, worker, seed) for seed, worker in enumerate(workers) for work in (build, read)
        ]
        try:
            for future in writers:
                future.result(PATIENCE)
        finally:
            is_over[0] = True
        for future in others:
            future.result(PATIENCE)

    assert found[0] > 100


class TestAnotherProcess:
    def test_it_is_waited_for(self, server: RedisServer, direct: redis.Redis) -> None:
        with other_worker(server.url, lease=LEASE) as other:
            for _ in range(20):
                assert other.ask("keep") == "kept"
                write(lease=LEASE)
                assert other.ask("read") in {"miss", "not trusted"}

    def test_stopped_past_its_lease_it_trusts_nothing_when_it_goes_on(self) -> None:
        """Though it has heard of nothing yet: the log is out of its reach."""
        with (
            running_redis(tcp=True) as server,
            Proxy(server.target) as wire,
            settled(server) as direct,
            other_worker(f"redis://127.0.0.1:{wire.port}", lease=LEASE) as other,
        ):
            assert other.ask("keep") == "kept"
            other.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: _is_stopped(other.process.pid), "it does not stop")
            began = time.monotonic()
            write(lease=LEASE)
            waited = time.monotonic() - began
            wire.cut()
            other.process.send_signal(signal.SIGCONT)

            assert other.ask("read") == "not trusted"
            assert LEASE * 0.7 < waited < PATIENCE / 2
            wire.mend()
            wait_until(lambda: other.ask("read") == "miss", "it does not recover", patience=PATIENCE)
            assert other.ask("name").encode() in direct.hgetall(keys.STATE)

    def test_killed_it_costs_one_writer_a_lease(self, server: RedisServer, direct: redis.Redis) -> None:
        with other_worker(server.url, lease=LEASE) as other:
            name = other.ask("name").encode()
            other.process.kill()
            other.process.wait(PATIENCE)
            assert name in direct.hgetall(keys.STATE)
            write(lease=LEASE)

            assert name not in direct.hgetall(keys.STATE)
            assert write(lease=LEASE) == 0


class TestLosingRedis:
    def test_what_is_built_meanwhile_is_kept_here_and_dropped_when_it_must_be(
        self, server: RedisServer, workers: list[Worker]
    ) -> None:
        worker = workers[0]
        server.kill()
        worker.until_distrusting()
        assert worker.fleet.store(ONE, worker.begin())
        with pytest.raises(OutOfReach):
            worker.fleet.invalidate(["thing:1"])
        server.start()
        worker.until_trusting()

        assert not worker.holds(ONE), "whoever was not cut off may have written meanwhile"

    def test_what_is_composed_is_not_kept_while_nobody_vouches_for_it(
        self, server: RedisServer, workers: list[Worker]
    ) -> None:
        """Another worker may have relayed a change that half of it shows, and the tail not heard of it."""
        worker = workers[0]
        assert worker.fleet.store(ONE, worker.begin(), is_composed=True)
        server.pause()
        try:
            start = worker.begin()
            assert not worker.fleet.store(ONE, start, is_composed=True)
            assert worker.fleet.store(ONE, start)
        finally:
            server.resume()

    def test_writers_are_told_and_only_the_first_one_waits(
        self, server: RedisServer, workers: list[Worker]
    ) -> None:
        fleet = workers[0].fleet
        server.pause()
        try:
            with pytest.raises(OutOfReach):
                fleet.invalidate(["thing:1"])
            with pytest.raises(OutOfReach) as second:
                fleet.last()
        finally:
            server.resume()

        assert second.value.__cause__ is None, "Redis was asked once more"

    def test_entries_of_before_are_not_used_afterwards(
        self, direct: redis.Redis, workers: list[Worker]
    ) -> None:
        """A Redis that comes back with an old memory of entries, and none of the log."""
        first, second = workers[:2]
        entry = entry_of(b"/things/2/", now=time.time(), keys=["thing:2"])
        assert first.fleet.store(entry, first.begin())
        direct.delete(keys.STATE, keys.LOG)
        wait_until(lambda: {EVERYTHING} in second.heard, "it hears of nothing", patience=PATIENCE)
        second.until_trusting()

        assert direct.exists(keys.entry(entry.key))
        assert second.l2(entry.key) is None


def test_before_it_was_started_it_has_nothing_and_claims_nothing(direct: redis.Redis) -> None:
    fleet = Fleet(
        connections.client(),
        Coherence(L1(1_000_000), leased=True),
        lease=LEASE,
        heard=lambda _: None,
        unsettled=lambda: None,
    )

    with pytest.raises(RuntimeError, match="started"):
        fleet.claim(b"/things/1/")
    assert fleet.lost_for() > 0


def test_with_no_redis_at_all_a_worker_starts_within_its_time(server: RedisServer) -> None:
    with configured(server.url):
        server.kill()
        worker = Worker()
        worker.within = 0.2
        with worker:
            assert not worker.is_trusting()
            server.start()
            worker.until_trusting()


def _is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"
