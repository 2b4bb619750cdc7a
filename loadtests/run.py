"""How is one scenario run? Locust in a process of its own, deploys from here, counts at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loadtests.findings import Figures, figures
from loadtests.options import TOKEN_VARIABLE
from loadtests.scenarios import Phase, Scenario
from loadtests.server import ROOT, Server
from loadtests.services import stop
from loadtests.tally import COMPARED_AT_REST, SERVER_ERRORS, STALE_AT_REST, STALE_READS, Tally

_LOOK: Final = 0.05  # Seconds.
_STOP_TIMEOUT: Final = 10


class FailedRunError(Exception):
    """Locust has ended without telling what it saw."""


@dataclass(slots=True)
class Run:
    """One variant of a scenario, and what was seen."""

    scenario: Scenario
    variant: str
    tally: Tally
    notes: list[str] = field(default_factory=list)
    began: float = 0.0  # Seconds since the epoch.

    def judged(self) -> Figures:
        """Return what all judged phases come to."""
        judged = [place for place, phase in enumerate(self.scenario.phases) if phase.is_judged]
        seconds = sum(self.scenario.phases[place].seconds for place in judged)
        return figures(self.tally, seconds, lambda cell: cell[0] in judged)

    def figures(self) -> Figures:
        """Return what is judged; but no phase may have a stale read or a 5xx."""
        found = self.judged()
        whole = figures(self.tally, self.scenario.seconds)
        for name in (STALE_READS, SERVER_ERRORS, COMPARED_AT_REST, STALE_AT_REST):
            found.counts[name] = whole.counts[name]
        return found

    def by_phase(self) -> list[tuple[Phase, Figures]]:
        """Return each phase with its figures."""
        return [
            (phase, figures(self.tally, phase.seconds, lambda cell, place=place: cell[0] == place))
            for place, phase in enumerate(self.scenario.phases)
        ]


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked, and how: a host, somebody who may write, the server if it is ours."""

    host: str
    token: str
    server: Server | None
    users: int
    processes: int
    catalogue: Path
    arguments: Sequence[str]
    out: Path
    rebound: float | None = None


def run_variant(scenario: Scenario, place: int, target: Target) -> Run:
    """Run one variant of a scenario against a target."""
    variant = scenario.variants[place]
    stem = f"{scenario.name}-{place}" if len(scenario.variants) > 1 else scenario.name
    results = target.out / f"{stem}.json"
    began = Path(f"{results}.began")
    for left in (results, began):
        left.unlink(missing_ok=True)
    log = target.out / f"{stem}.log"
    command = [
        *(sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "--only-summary"),
        *("--host", target.host, "--scenario", scenario.name, "--variant", str(place)),
        *("--users", str(target.users), "--stop-timeout", str(_STOP_TIMEOUT)),
        *("--catalogue", str(target.catalogue), "--results", str(results)),
        *("--html", str(target.out / f"{stem}-locust.html")),
        *(("--processes", str(target.processes)) if target.processes > 1 else ()),
        *target.arguments,
        *(("--edge", scenario.edge) if scenario.edge else ()),
    ]
    environment = {**os.environ, TOKEN_VARIABLE: target.token}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        with ThreadPoolExecutor(max_workers=1) as threads:
            notes = _accompany(process, scenario, began, target.server, threads)
        moment = float(began.read_text()) if began.exists() else 0.0
    finally:
        stop(process)
        began.unlink(missing_ok=True)
    if not results.is_file():
        raise FailedRunError(f"locust ended with status {process.returncode}:\n{log.read_text()[-2000:]}")
    tally = Tally.from_plain(json.loads(results.read_text()))
    if not tally.durations:
        raise FailedRunError(f"locust has asked for nothing:\n{log.read_text()[-2000:]}")
    return Run(scenario, variant.name, tally, notes, moment)


def _accompany(
    process: subprocess.Popen[bytes],
    scenario: Scenario,
    began: Path,
    server: Server | None,
    threads: ThreadPoolExecutor,
) -> list[str]:
    """Say which phase it is, and deploy when it is time, until Locust has ended."""
    due = _beginnings(scenario.phases)
    deploys: list[Future[str]] = []
    while process.poll() is None:
        if due and began.exists() and time.time() - began.stat().st_mtime >= due[0][0]:
            _, phase = due.pop(0)
            print(f"    {phase.name}, {phase.seconds:.3g} s", flush=True)
            if phase.deploys and server is not None:
                deploys.append(threads.submit(_deploy, server, phase))
        time.sleep(_LOOK)
    if server is not None and any(phase.deploys for _, phase in due):
        raise FailedRunError("locust ended before it was time to deploy")
    return [deploy.result() for deploy in deploys]


def _beginnings(phases: Sequence[Phase]) -> list[tuple[float, Phase]]:
    found = []
    at = 0.0
    for phase in phases:
        found.append((at, phase))
        at += phase.seconds
    return found


def _deploy(server: Server, phase: Phase) -> str:
    note = f"{phase.name}: {server.deploy()}"
    print(f"    {note}", flush=True)
    return note
