"""A writer waits for every worker that may trust its L1, and for nobody else.

The log and its server are real; the workers are what they say of themselves in Redis, moved on
while the writer pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from caching.coherence import OutOfReach
from caching.shared import connections, keys
from caching.shared.leases import DRIFT, Leases
from caching.shared.link import Link
from caching.shared.log import SharedLog
from tests.redis import is_installed, running_redis
from tests.shared.workers import LEASE, PATIENCE, Moments, configured, settled, shared_log, state_in

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

LONGEST_PAUSE = 0.02


@pytest.fixture
def direct() -> Iterator[redis.Redis]:
    with running_redis() as server, settled(server) as client:
        yield client


class Writer:
    """A writer for whom time goes on while he pauses; `meanwhile` is what happens then."""

    def __init__(self, meanwhile: Callable[[int], None] = lambda _: None) -> None:
        self.clock = Moments()
        self._meanwhile = meanwhile
        self.log = shared_log(
            leases=Leases(lease=LEASE, clock=self.clock), clock=self.clock, pause=self._pause
        )

    @property
    def pauses(self) -> int:
        return len(self.clock.paused)

    @property
    def waited(self) -> float:
        return sum(self.clock.paused)

    def write(self) -> int:
        number = self.log.invalidate(["post:1"])
        self.log.wait(number)
        return number

    def _pause(self, seconds: float) -> None:
        self.clock.pause(seconds)
        assert self.waited < 100 * LEASE, "the writer waits for ever"
        self._meanwhile(self.pauses)


def say(direct: redis.Redis, worker: str, beat: int, position: int) -> None:
    direct.hset(keys.STATE, f"w:{worker}", f"{beat} {position}")


def test_with_no_worker_there_is_nothing_to_wait_for(direct: redis.Redis) -> None:
    writer = Writer()
    writer.write()

    assert writer.pauses == 0


def test_workers_that_have_heard_are_not_waited_for(direct: redis.Redis) -> None:
    writer = Writer()
    say(direct, "a", 1, state_in(direct).last + 1)
    say(direct, "b", 1, state_in(direct).last + 2)
    writer.write()

    assert writer.pauses == 0


def test_the_slowest_worker_is_waited_for_and_no_longer(direct: redis.Redis) -> None:
    last = state_in(direct).last
    say(direct, "fast", 1, last)
    say(direct, "slow", 1, last)

    def meanwhile(pauses: int) -> None:
        if pauses == 2:
            say(direct, "fast", 2, last + 1)
        if pauses == 7:
            say(direct, "slow", 2, last + 1)

    writer = Writer(meanwhile)
    writer.write()

    assert writer.pauses == 7
    assert set(state_in(direct).workers) == {"fast", "slow"}


def test_a_dead_worker_is_waited_for_until_its_lease_must_have_run_out(direct: redis.Redis) -> None:
    say(direct, "dead", 9, state_in(direct).last)
    writer = Writer()
    writer.write()

    assert LEASE * DRIFT < writer.waited < LEASE * DRIFT + 3 * LONGEST_PAUSE
    assert state_in(direct).workers == {}


def test_the_next_writer_does_not_wait_for_the_dead_again(direct: redis.Redis) -> None:
    say(direct, "dead", 9, state_in(direct).last)
    writer, other = Writer(), Writer()
    writer.write()
    other.write()

    assert other.pauses == 0


def test_a_worker_that_renews_is_waited_for_though_it_is_slow(direct: redis.Redis) -> None:
    last = state_in(direct).last
    say(direct, "slow", 1, last)
    writer = Writer(
        lambda pauses: say(direct, "slow", pauses, last + (1 if writer.waited > 1.5 * LEASE else 0))
    )
    writer.write()

    assert writer.waited > 1.5 * LEASE
    assert set(state_in(direct).workers) == {"slow"}


def test_a_worker_that_renews_and_never_hears_is_not_waited_for_for_ever(direct: redis.Redis) -> None:
    """Nor is it buried: the writer is told that nobody can tell."""
    last = state_in(direct).last
    say(direct, "deaf", 1, last)
    writer = Writer(lambda pauses: say(direct, "deaf", pauses, last))
    with pytest.raises(OutOfReach):
        writer.write()

    assert 2 * LEASE < writer.waited < 3 * LEASE
    assert set(state_in(direct).workers) == {"deaf"}


def test_who_waits_for_a_number_of_a_history_that_has_ended_is_told(direct: redis.Redis) -> None:
    """The next one may begin with lower numbers: the clock of its server may be behind."""
    writer = Writer(lambda pauses: say(direct, "a", pauses, state_in(direct).last))
    say(direct, "a", 1, 0)

    with pytest.raises(OutOfReach):
        writer.log.wait(state_in(direct).last + 1_000_000)


def test_a_worker_that_renews_at_the_last_moment_is_not_buried(direct: redis.Redis) -> None:
    """It renews between the writer's look and the burial."""
    last = state_in(direct).last
    say(direct, "late", 1, last)
    writer = Writer()
    burying = writer.log._take_for_dead
    buried = []

    def renews_first(worker: str, said: object) -> None:
        buried.append(worker)
        say(direct, "late", 2, last + 1)
        burying(worker, said)  # type: ignore[arg-type]

    writer.log._take_for_dead = renews_first  # type: ignore[method-assign]
    writer.write()

    assert buried == ["late"]
    assert set(state_in(direct).workers) == {"late"}


def test_pauses_grow_but_stay_short(direct: redis.Redis) -> None:
    """A worker needs a few milliseconds; a dead one must not keep Redis busy."""
    say(direct, "dead", 9, state_in(direct).last)
    writer = Writer()
    writer.write()

    assert writer.clock.paused[0] < 0.001
    assert max(writer.clock.paused) == LONGEST_PAUSE
    assert writer.clock.paused == sorted(writer.clock.paused)


def test_many_writers_at_once_each_get_a_number_of_their_own(direct: redis.Redis) -> None:
    log = shared_log()
    before = log.last()
    with ThreadPoolExecutor(8) as pool:
        given = list(
            pool.map(lambda number: log.invalidate([f"post:{number}"]), range(200), timeout=PATIENCE)
        )

    assert sorted(given) == list(range(before + 1, before + 201))
    assert log.last() == before + 200


def test_without_redis_every_method_says_so() -> None:
    with running_redis() as server, configured(server.url):
        log = SharedLog(connections.client(), Link(retry=0.0), leases=Leases(lease=LEASE))
        number = log.invalidate(["post:1"])
        server.kill()

        for ask in (lambda: log.invalidate(["post:1"]), log.last, lambda: log.wait(number)):
            with pytest.raises(OutOfReach):
                ask()


def test_redis_gone_while_a_writer_waits_ends_the_wait() -> None:
    with running_redis() as server, settled(server) as direct:
        say(direct, "slow", 1, 0)
        writer = Writer(lambda pauses: server.kill() if pauses == 2 else None)

        with pytest.raises(OutOfReach):
            writer.write()
        assert writer.pauses == 2
