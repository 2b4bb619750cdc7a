"""A worker dies, or stands still for longer than its lease and then goes on as if nothing were."""

from __future__ import annotations

import time

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LASTING, LOST


@known
class WorkerKilled(Fault):
    """One worker is killed; gunicorn starts another."""

    name = "worker-killed"
    allows = LOST

    def during(self, fleet: Fleet) -> None:
        """Kill the oldest worker, and wait until there is another."""
        worker = fleet.workers[0]
        fleet.kill(worker)
        fleet.wait_for_workers(without=worker)


@known
class WorkerStopped(Fault):
    """One worker stands still past its lease, with reads and writes in its hands."""

    name = "worker-stopped"

    def during(self, fleet: Fleet) -> None:
        """Stop a worker, and let it go on."""
        with fleet.stopped(fleet.workers[0]):
            time.sleep(LASTING)
