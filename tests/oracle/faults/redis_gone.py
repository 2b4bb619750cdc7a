"""Redis forgets everything, dies, falls silent, or cannot be reached."""

from __future__ import annotations

import time

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LASTING
from tests.proxy import Proxy


@known
class RedisFlushed(Fault):
    """FLUSHALL: generations, log, leases and entries are gone at once."""

    name = "redis-flushed"

    def during(self, fleet: Fleet) -> None:
        """Flush, and once more while the workers pick themselves up."""
        with fleet.redis.client() as client:
            client.flushall()
            time.sleep(0.3)
            client.flushall()


@known
class RedisRestarted(Fault):
    """Redis is killed, and comes back empty before any lease has run out."""

    name = "redis-restarted"

    def during(self, fleet: Fleet) -> None:
        """Kill Redis, and start it again after a moment."""
        fleet.redis.kill()
        time.sleep(0.5)
        fleet.redis.start()


@known
class RedisDead(Fault):
    """Redis is killed, and is away for longer than a lease: whoever connects is refused."""

    name = "redis-dead"

    def during(self, fleet: Fleet) -> None:
        """Kill Redis, and start it again much later."""
        fleet.redis.kill()
        time.sleep(LASTING)
        fleet.redis.start()


@known
class RedisAsleep(Fault):
    """One command keeps Redis busy for longer than a lease; then it answers all that was asked."""

    name = "redis-asleep"

    def during(self, fleet: Fleet) -> None:
        """Let Redis sleep."""
        with fleet.redis.client() as client:
            client.execute_command("DEBUG", "SLEEP", LASTING)


@known
class RedisStopped(Fault):
    """Redis stands still, with its connections open, and goes on with all that it knew."""

    name = "redis-stopped"

    def during(self, fleet: Fleet) -> None:
        """Stop Redis, and let it go on."""
        fleet.redis.pause()
        time.sleep(LASTING)
        fleet.redis.resume()


class _Wired(Fault):
    is_wired = True

    def wire(self, fleet: Fleet) -> Proxy:
        """Return the wire between the workers and Redis."""
        assert fleet.redis_wire is not None
        return fleet.redis_wire


@known
class RedisDisconnected(_Wired):
    """Every connection breaks, and the next is made at once: Redis itself has noticed nothing."""

    name = "redis-disconnected"

    def during(self, fleet: Fleet) -> None:
        """Break all connections, again and again."""
        for _ in range(5):
            self.wire(fleet).disconnect()
            time.sleep(0.3)


@known
class RedisCut(_Wired):
    """Redis is out of reach for the workers, and knows all when they are back."""

    name = "redis-cut"

    def during(self, fleet: Fleet) -> None:
        """Cut the wire, and mend it."""
        self.wire(fleet).cut()
        time.sleep(LASTING)
        self.wire(fleet).mend()


@known
class RedisHung(_Wired):
    """The network to Redis swallows everything, and delivers it late."""

    name = "redis-hung"

    def during(self, fleet: Fleet) -> None:
        """Let the wire hang."""
        self.wire(fleet).hang()
        time.sleep(LASTING)
        self.wire(fleet).mend()
