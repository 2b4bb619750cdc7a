"""What is started? The service over PostgreSQL and Redis, two edges, and who purges them.

    readers ──► near ──┐
    readers ──► far  ──┴──► workers (2) ──► PostgreSQL, Redis ◄── truth: the same code without a cache
                  ▲             │                  ▲
                  └──── wire ◄──┴── manage.py purge --follow

Both edges are Varnish with the recipe of `deploy/`. The purges of each go over a wire that can be cut
while the edge goes on serving. Three processes could purge: the command, which comes first and has the
role, and each worker, when whoever has it dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests import fleet as fleets
from tests.edges.chaos.library import Library, fill
from tests.edges.proxies import Varnish
from tests.fleet import Fleet, Services
from tests.processes import ROOT
from tests.proxy import Proxy
from tests.redis import wait_until
from tests.server import Server
from tests.writer import Writer

EDGES = ("near", "far")
# Seconds until a purge is repeated: what varnish:// has if nobody says otherwise.
REBOUND = 0.5
_HOLDER = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted"


def is_possible() -> bool:
    """Tell whether this machine has what it takes."""
    return fleets.is_possible() and Varnish.is_installed()


class Edge:
    """A Varnish, and the wire over which it is purged."""

    def __init__(self, varnish: Varnish, wire: Proxy) -> None:
        self.varnish = varnish
        self.wire = wire

    def pause(self) -> None:
        """Let it stand still, with all that it keeps."""
        os.killpg(self.varnish.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self.varnish.process.pid, signal.SIGCONT)


class Stage:
    """Everything that runs."""

    library: Library

    def __init__(self, fleet: Fleet, truth: Server, edges: dict[str, Edge]) -> None:
        self.fleet = fleet
        self.truth = truth
        self.edges = edges
        self._follower: subprocess.Popen[bytes] | None = None

    @property
    def ports(self) -> dict[str, int]:
        """Where readers find each edge."""
        return {name: edge.varnish.port for name, edge in self.edges.items()}

    def holder(self) -> int | None:
        """Return which session of PostgreSQL has the role of the purger."""
        with self.fleet.cluster.connect() as connection:
            row = connection.execute(_HOLDER).fetchone()
        return None if row is None else int(row[0])

    def start_follower(self) -> None:
        """Start `manage.py purge --follow`."""
        with (self.fleet.directory / "follower.log").open("ab") as log:
            self._follower = subprocess.Popen(
                [sys.executable, "manage.py", "purge", "--follow"],
                cwd=ROOT,
                env=self.fleet.environment,
                stdout=log,
                stderr=log,
            )

    def kill_follower(self) -> None:
        """Kill it at once, whatever it is doing."""
        assert self._follower is not None
        assert self._follower.poll() is None, f"it has ended by itself: {self.log('follower.log')}"
        self._follower.kill()
        self._follower.wait()
        self._follower = None

    def log(self, name: str) -> str:
        """Return the end of a log."""
        path = self.fleet.directory / name
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def close(self) -> None:
        """Stop what was started here."""
        if self._follower is not None:
            self._follower.kill()
            self._follower.wait()


@contextmanager
def running_stage(*, posts: int, workers: int = 2) -> Iterator[Stage]:
    """Yield everything, filled; `manage.py purge --follow` has the role of the purger."""
    with ExitStack() as stack:
        services = stack.enter_context(fleets.running_services())
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="readpath-chaos-")))
        fleet = stack.enter_context(closing(_fleet(home, services, workers)))
        edges = _edges(stack, home, fleet)
        truth = _truth(stack, home, services)
        stage = stack.enter_context(closing(Stage(fleet, truth, edges)))
        stage.start_follower()
        with ThreadPoolExecutor(1) as beside:
            starting = beside.submit(truth.start)
            wait_until(lambda: stage.holder() is not None, "nobody purges")
            stack.enter_context(fleet)
            starting.result()
        with Writer(fleet) as writer:
            stage.library = fill(writer, posts=posts)
        yield stage


def _fleet(home: Path, services: Services, workers: int) -> Fleet:
    directory = home / "fleet"
    directory.mkdir()
    return Fleet(
        directory,
        services,
        workers=workers,
        READPATH_WRITE_RATE="1000000/s",
        # On a machine that is busy with tests, Redis must not seem to be away now and then.
        READPATH_REDIS_TIMEOUT="0.5",
        **services.environment,
    )


def _edges(stack: ExitStack, home: Path, fleet: Fleet) -> dict[str, Edge]:
    """Start the edges, and tell the fleet of the wires to them before it is started."""
    edges, told = {}, []
    for name in EDGES:
        directory = home / name
        directory.mkdir()
        varnish = stack.enter_context(Varnish(directory, origin=fleet.port))
        wire = stack.enter_context(Proxy(("127.0.0.1", varnish.port)))
        edges[name] = Edge(varnish, wire)
        told.append(f"{name}=varnish://127.0.0.1:{wire.port}?rebound={REBOUND}")
    fleet.environment["READPATH_EDGES"] = ", ".join(told)
    return edges


def _truth(stack: ExitStack, home: Path, services: Services) -> Server:
    """Return a server, not yet started, of the same database with the same code and no cache at all."""
    directory = home / "truth"
    directory.mkdir()
    application = "benchmarks.uncached:application"
    server = Server(directory, application=application, READPATH_PURGER="off", **services.environment)
    stack.callback(server.close)
    stack.callback(server.stop, signal.SIGKILL)
    return server
