"""PostgreSQL is restarted, crashes, stands still, or drops its sessions."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LASTING, LOST, REFUSED
from tests.postgres import Cluster
from tests.proxy import Proxy
from tests.workers import children


@known
class PostgresRestarted(Fault):
    """PostgreSQL ends its sessions, and is back after a while."""

    name = "postgres-restarted"
    allows = REFUSED

    def during(self, fleet: Fleet) -> None:
        """Stop PostgreSQL, and start it again."""
        fleet.cluster.stop()
        time.sleep(1.0)
        fleet.cluster.start()


@known
class PostgresCrashed(Fault):
    """PostgreSQL ends at once, is away for longer than a lease, and recovers."""

    name = "postgres-crashed"
    allows = REFUSED

    def during(self, fleet: Fleet) -> None:
        """Let PostgreSQL crash, and start it again."""
        fleet.cluster.stop(signal.SIGQUIT)
        time.sleep(LASTING)
        fleet.cluster.start()


@known
class PostgresStopped(Fault):
    """PostgreSQL stands still, with its connections open."""

    name = "postgres-stopped"
    allows = REFUSED

    def during(self, fleet: Fleet) -> None:
        """Stop each of its processes, and let them go on."""
        stopped = [process for process in _processes(fleet.cluster) if _is_sent(process, signal.SIGSTOP)]
        time.sleep(LASTING)
        for process in reversed(stopped):
            _is_sent(process, signal.SIGCONT)


def _processes(cluster: Cluster) -> Iterator[int]:
    """Yield the server's processes; those that the first could start only once that is dealt with."""
    postmaster = int((cluster.home / "data" / "postmaster.pid").read_text().splitlines()[0])
    yield postmaster
    yield from children(postmaster)


def _is_sent(process: int, sent: signal.Signals) -> bool:
    """Send a signal; return whether the process was still there."""
    try:
        os.kill(process, sent)
    except ProcessLookupError:
        return False
    return True


@known
class SessionsTerminated(Fault):
    """PostgreSQL ends everybody's session, again and again."""

    name = "postgres-sessions-terminated"
    allows = REFUSED

    def during(self, fleet: Fleet) -> None:
        """End all sessions, a few times."""
        for _ in range(4):
            assert fleet.cluster.terminate_connections()
            time.sleep(0.5)


class _Wired(Fault):
    is_wired = True
    allows = REFUSED

    def wire(self, fleet: Fleet) -> Proxy:
        """Return the wire between the workers and PostgreSQL."""
        assert fleet.database_wire is not None
        return fleet.database_wire


@known
class PostgresCut(_Wired):
    """PostgreSQL is out of the workers' reach, though not of everybody's."""

    name = "postgres-cut"

    def during(self, fleet: Fleet) -> None:
        """Cut the wire, and mend it."""
        self.wire(fleet).cut()
        time.sleep(LASTING)
        self.wire(fleet).mend()


@known
class PostgresHung(_Wired):
    """The network to PostgreSQL swallows everything, and delivers it late."""

    name = "postgres-hung"

    def during(self, fleet: Fleet) -> None:
        """Let the wire hang."""
        self.wire(fleet).hang()
        time.sleep(LASTING)
        self.wire(fleet).mend()


@known
class BothCut(_Wired):
    """The workers reach neither Redis nor PostgreSQL."""

    name = "both-cut"
    allows = REFUSED | LOST

    def during(self, fleet: Fleet) -> None:
        """Cut both wires, and mend them, Redis first."""
        assert fleet.redis_wire is not None
        for wire in (fleet.redis_wire, self.wire(fleet)):
            wire.cut()
        time.sleep(LASTING)
        fleet.redis_wire.mend()
        time.sleep(1.0)
        self.wire(fleet).mend()
