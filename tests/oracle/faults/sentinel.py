"""Redis with a replica, and Sentinels that promote it: on request, when the master dies, when it hangs.

A master that was replaced goes on as if it were one until the Sentinels tell it, seconds later. So
each is told to take no writes without a replica, as `docs/coherence.md` asks for, and the old one
must come back as the new one's replica before Redis is of use again.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LASTING
from tests.redis import MASTER_NAME, Sentinels, running_sentinels


class _Watched(Fault):
    has_own_fleet = True
    sentinels: Sentinels

    def environment(self, stack: ExitStack) -> dict[str, str]:
        """Return how the fleet finds its master."""
        self.sentinels = stack.enter_context(running_sentinels(min_replicas_to_write="1"))
        return {
            "REDIS_URL": f"redis://{MASTER_NAME}/0",
            "REDIS_SENTINELS": ",".join(f"{host}:{port}" for host, port in self.sentinels.addresses),
        }


@known
class Failover(_Watched):
    """The replica is promoted, and the old master becomes its replica."""

    name = "sentinel-failover"

    def during(self, fleet: Fleet) -> None:
        """Ask for a failover."""
        self.sentinels.failover()
        self.sentinels.wait_for_replica()


@known
class MasterKilled(_Watched):
    """The master dies with what its replica had not got, and the replica is promoted."""

    name = "sentinel-master-killed"

    def during(self, fleet: Fleet) -> None:
        """Kill the master, and let it come back, empty."""
        master = self.sentinels.master
        self.sentinels.kill_master()
        time.sleep(LASTING)
        master.start()
        self.sentinels.wait_for_replica()


@known
class MasterStopped(_Watched):
    """The master stands still, the replica is promoted, and the old one goes on as if it were master."""

    name = "sentinel-master-stopped"

    def during(self, fleet: Fleet) -> None:
        """Stop the master until another is promoted, and let it go on."""
        master = self.sentinels.master
        master.pause()
        try:
            self.sentinels.wait_for_promotion(master)
            time.sleep(LASTING)
        finally:
            master.resume()
        self.sentinels.wait_for_replica()
