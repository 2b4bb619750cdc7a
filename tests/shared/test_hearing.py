"""After a writer was acknowledged, a worker tells all that was invalidated meanwhile, or that it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from caching.shared.leases import Leases
from tests.redis import RedisServer, is_installed, running_redis, wait_until
from tests.shared.workers import LEASE, LONG_LEASE, Worker, settled, shared_log

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")


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
    with Worker(lease=LONG_LEASE) as started:
        yield started


def test_whoever_wrote_the_keys_are_told_as_soon_as_he_may_go_on(worker: Worker) -> None:
    log = shared_log(leases=Leases(lease=LONG_LEASE))
    told = 0
    for number in range(100):
        position = worker.fleet.position()
        worker.fleet.wait(log.invalidate([f"thing:{number}"]))
        heard = worker.fleet.heard_since(position)
        # A worker on a busy machine may lose its lease, and then it says so.
        assert heard in {None, frozenset({f"thing:{number}"})}
        told += heard is not None

    assert told


def test_a_worker_that_has_lost_redis_tells_nothing_once_its_lease_is_over(
    direct: redis.Redis, server: RedisServer
) -> None:
    with Worker(lease=LEASE) as worker:
        position = worker.fleet.position()
        server.kill()
        wait_until(lambda: not worker.fleet.is_trusting(), "it trusts without Redis")

        assert worker.fleet.heard_since(position) is None


def test_a_worker_whose_log_began_anew_tells_nothing_of_before(worker: Worker, direct: redis.Redis) -> None:
    position = worker.fleet.position()
    direct.flushall()
    wait_until(lambda: worker.fleet.position() > position, "it does not notice that Redis has forgotten")
    wait_until(
        lambda: worker.fleet.heard_since(worker.fleet.position()) == frozenset(), "it does not trust again"
    )

    assert worker.fleet.heard_since(position) is None
