"""Redis answers, but is full, or takes no writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LASTING
from tests.redis import free_port


@contextmanager
def _configured(client: redis.Redis, **options: str | int) -> Iterator[None]:
    """Let Redis run with other options for as long as the block takes."""
    named = {name.replace("_", "-"): value for name, value in options.items()}
    before = {name: client.config_get(name)[name] for name in named}
    for name, value in named.items():
        client.config_set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            client.config_set(name, value)


@known
class RedisEvicting(Fault):
    """Memory is full, and anything may be evicted at any moment, what coherence hangs on too."""

    name = "redis-evicting"

    def during(self, fleet: Fleet) -> None:
        """Let Redis evict, and give it ever more to hold."""
        with fleet.redis.client() as client:
            room = client.info("memory")["used_memory"] + 200_000
            before = client.info("stats")["evicted_keys"]
            with _configured(client, maxmemory_policy="allkeys-lru", maxmemory=room):
                until, number = time.monotonic() + LASTING, 0
                while time.monotonic() < until:
                    number += 1
                    with suppress(redis.OutOfMemoryError):  # Too much of it is buffers, for a moment.
                        client.set(f"ballast:{number}", b"x" * 4000, ex=60)
                    time.sleep(0.002)
            assert client.info("stats")["evicted_keys"] > before, "nothing was evicted"
            for name in client.scan_iter("ballast:*", count=1000):
                client.unlink(name)


@known
class RedisFull(Fault):
    """Memory is full, and nothing may be evicted."""

    name = "redis-full"

    def during(self, fleet: Fleet) -> None:
        """Allow Redis less than it holds."""
        with fleet.redis.client() as client, _configured(client, maxmemory_policy="noeviction", maxmemory=1):
            time.sleep(LASTING)


@known
class RedisWithoutReplicas(Fault):
    """Redis takes no writes, for it has fewer replicas than it should."""

    name = "redis-without-replicas"

    def during(self, fleet: Fleet) -> None:
        """Ask for a replica that is not there."""
        with fleet.redis.client() as client, _configured(client, min_replicas_to_write=1):
            time.sleep(LASTING)


@known
class RedisReadOnly(Fault):
    """Redis has become the replica of nobody: it tells what it knew, and takes no writes."""

    name = "redis-read-only"

    def during(self, fleet: Fleet) -> None:
        """Make Redis the replica of a server that is not there, and then its own master again."""
        with fleet.redis.client() as client:
            client.replicaof("127.0.0.1", free_port())
            time.sleep(LASTING)
            client.replicaof("NO", "ONE")
