"""How does a run go? Start, fill, warm, write and read, faults in between, converge, count.

The clients are processes of their own; this one tells them the stage and the phase on the
board, causes the faults, and adds up what they have counted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fleet import Fleet, running_fleet
from tests.oracle import alternatives
from tests.oracle import library as libraries
from tests.oracle import tally as tallies
from tests.oracle.board import Board, Stage
from tests.oracle.converging import Convergence, converge
from tests.oracle.database import Database
from tests.oracle.fault import Fault
from tests.oracle.library import Library
from tests.oracle.plan import Plan
from tests.oracle.tally import Tally
from tests.server import ROOT, Server, running_server
from tests.writer import Writer

WARMS_WITHIN = 60.0  # Seconds; on a busy machine it takes many tries until each worker has a connection.
ENDS_WITHIN = 90.0  # Seconds; a write may take as long as its client is patient.
RECOVERS_WITHIN = 5.0  # Seconds of undisturbed load after each fault.


@dataclass(frozen=True)
class Options:
    """How a run is to be."""

    seconds: float = 60.0
    seed: int = 7
    workers: int = 4  # 0: one worker on SQLite, without Redis.
    processes: int = 2
    readers: int = 24  # Connections, of all processes together; so what follows.
    slow: int = 16  # Readers that ask only now and then.
    writers: int = 16
    reads_per_second: float = 0.0  # As many as possible.
    writes_per_second: float = 60.0
    raw_per_second: float = 1.0
    posts: int = 21
    stops_at_violation: bool = False
    application: str = ""
    target: str = ""  # One of `alternatives.TARGETS` instead of the service.
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Incident:
    """When a fault was at work: moments of the monotonic clock, in nanoseconds."""

    fault: Fault
    phase: int
    began: int
    mended: int
    ended: int


@dataclass(frozen=True)
class Run:
    """What came of it."""

    options: Options
    library: Library
    tally: Tally
    incidents: Sequence[Incident]
    convergence: Convergence | None
    began: int
    ended: int
    log: str  # What the servers had to say.


def run(options: Options, faults: Sequence[Fault] = ()) -> Run:
    """Start servers as the options say, and put them to the test."""
    with ExitStack() as stack:
        server = stack.enter_context(_server(options, faults, stack))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="readpath-oracle-")))
        writer = stack.enter_context(Writer(server))
        library = libraries.fill(writer, posts=options.posts, is_relayed=not options.target)
        return Harness(options, server, library, directory).run(faults)


@contextmanager
def _server(options: Options, faults: Sequence[Fault], stack: ExitStack) -> Iterator[Server]:
    environment = {"READPATH_WRITE_RATE": "1000000/s", **options.environment}
    application = options.application
    if options.target:
        environment.update(alternatives.environment(options.target))
        application = alternatives.APPLICATION
    for fault in faults:
        environment.update(fault.environment(stack))
    if not options.workers:
        with running_server(application=application, **environment) as server:
            yield server
        return
    is_wired = any(fault.is_wired for fault in faults)
    with running_fleet(
        workers=options.workers, wired=is_wired, application=application, **environment
    ) as fleet:
        yield fleet


class Harness:
    """Clients in front of one server that is running and filled."""

    def __init__(self, options: Options, server: Server, library: Library, directory: Path) -> None:
        self._options = options
        self._server = server
        self._library = library
        self._directory = directory
        library.write(directory / "library")
        self._board = Board(directory / "board", registers=len(library.registers()), raw=library.raw)
        self._connecting = (
            server.cluster.connecting if isinstance(server, Fleet) else {"path": str(server.database)}
        )
        self._clients: list[subprocess.Popen[bytes]] = []
        self._incidents: list[Incident] = []

    def run(self, faults: Sequence[Fault]) -> Run:
        """Let the clients loose, cause the faults, and return what came of it."""
        plans = self._plans()
        try:
            for plan in plans:
                self._start(plan)
            self._wait(lambda: self._board.are_ready(self._options.processes), WARMS_WITHIN)
            self._board.stage = Stage.WRITING
            began = time.monotonic_ns()
            self._load(faults)
            ended = time.monotonic_ns()
            convergence = self._calm()
        finally:
            self._board.stage = Stage.OVER
            for client in self._clients:
                try:
                    client.wait(20)
                except subprocess.TimeoutExpired:
                    client.kill()
                    client.wait()
        total = Tally()
        for plan in plans:
            total.add(tallies.read(Path(plan.results)))
        log = self._server.log.read_text(errors="replace")
        return Run(self._options, self._library, total, self._incidents, convergence, began, ended, log)

    def _plans(self) -> list[Plan]:
        assert self._server.process is not None
        options, processes = self._options, self._options.processes
        common = {
            "port": self._server.port,
            "arbiter": self._server.process.pid,
            "processes": processes,
            "seed": options.seed,
            "readers": options.readers // processes,
            "slow": options.slow // processes,
            "writers": options.writers // processes,
            "reads_per_second": options.reads_per_second / processes,
            "board": str(self._directory / "board"),
            "library": str(self._directory / "library"),
            "database": self._connecting,
        }
        rates = dict.fromkeys(range(processes), options.writes_per_second / processes)
        if options.raw_per_second:
            rates[-1] = options.raw_per_second
        return [
            Plan(
                process=number,
                writes_per_second=rate,
                results=str(self._directory / f"results{number}"),
                **common,
            )
            for number, rate in rates.items()
        ]

    def _start(self, plan: Plan) -> None:
        path = self._directory / f"plan{plan.process}"
        plan.write(path)
        self._clients.append(
            subprocess.Popen([sys.executable, "-m", "tests.oracle.client", str(path)], cwd=ROOT)
        )

    def _load(self, faults: Sequence[Fault]) -> None:
        """Let time pass; the faults come one after the other, evenly spread."""
        until = time.monotonic() + self._options.seconds
        for number, fault in enumerate(faults, start=1):
            # What is left, shared by this fault, those that follow, and the quiet before each.
            share = (until - time.monotonic()) / (len(faults) - number + 1)
            if not self._pass(max(share - 2 * RECOVERS_WITHIN, 2.0)):
                return
            self._cause(fault, number)
        self._pass(until - time.monotonic())

    def _cause(self, fault: Fault, phase: int) -> None:
        assert isinstance(self._server, Fleet), "faults need a fleet"
        self._board.phase = phase
        began = time.monotonic_ns()
        fault.during(self._server)
        mended = time.monotonic_ns()
        self._pass(RECOVERS_WITHIN)
        self._board.phase = 0
        self._incidents.append(Incident(fault, phase, began, mended, time.monotonic_ns()))

    def _pass(self, seconds: float) -> bool:
        """Let so many seconds pass; return whether to go on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for client in self._clients:
                assert not client.poll(), f"a client of the oracle ended with {client.returncode}"
            if self._options.stops_at_violation and self._board.violations:
                return False
            time.sleep(0.05)
        return True

    def _calm(self) -> Convergence | None:
        """End the writing, and see whether all workers show the same."""
        if self._options.stops_at_violation and self._board.violations:
            return None
        self._board.stage = Stage.READING
        self._wait(lambda: self._board.are_ready(self._options.processes, done=True), ENDS_WITHIN)
        with closing(Database(self._connecting)) as database:
            return converge(self._server, self._library, database)

    def _wait(self, holds: object, within: float) -> None:
        deadline = time.monotonic() + within
        assert callable(holds)
        while not holds():
            self._pass(0.02)
            if time.monotonic() > deadline:
                log = self._server.log.read_text(errors="replace")[-3000:]
                raise AssertionError(f"the clients did not come to where they should be:\n{log}")
