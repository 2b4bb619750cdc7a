"""How much of one request does a server answer? wrk where there is one, our own client else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Final

from benchmarks.client import exchange, request
from benchmarks.machine import on_core
from benchmarks.processes import cpu_seconds, wait_until_idle
from benchmarks.servers import Gunicorn

CONNECTIONS: Final = 32
_SCRIPT: Final = Path(__file__).with_name("report.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """One request, sent over and over."""

    path: str
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    # Set where answers to two methods are compared, one of which wrk does not know.
    by_own_client: bool = False

    @property
    def needs_own_client(self) -> bool:
        """Whether wrk cannot send this, or is not there."""
        return self.by_own_client or self.method == "HEAD" or shutil.which("wrk") is None


@dataclass(frozen=True, slots=True)
class Rate:
    """What a server answered in one go."""

    requests: int
    seconds: float
    p50: float  # Seconds.
    p99: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """What one answer costs the server's process; less disturbed by neighbours than rates are."""
        return self.cpu_seconds / self.requests * 1e6


def measure(server: Gunicorn, load: Load, *, seconds: float, core: int | None) -> Rate:
    """Put load on a server from another core, and count."""
    worker = server.worker
    before = cpu_seconds(worker)
    with on_core(core):
        send = _by_own_client if load.needs_own_client else _by_wrk
        counted = send(server, load, seconds)
    rate = counted(cpu_seconds=cpu_seconds(worker) - before)
    # A slow server still works on what was asked last, on the core that the next one is to have for itself.
    wait_until_idle(worker)
    return rate


def _by_wrk(server: Gunicorn, load: Load, seconds: float) -> partial[Rate]:
    fields = [part for name, value in load.fields for part in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds:.0f}s",
            "-s",
            str(_SCRIPT),
            *fields,
            server.url(load.path),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    if said["failures"]:
        raise RuntimeError(f"{said['failures']} of {said['requests']} requests failed: {load}")
    return partial(
        Rate,
        said["requests"],
        said["microseconds"] / 1e6,
        said["p50"] / 1e6,
        said["p99"] / 1e6,
    )


def _by_own_client(server: Gunicorn, load: Load, seconds: float) -> partial[Rate]:
    latencies: list[float] = []

    def witness(status: int, head: bytes, latency: float) -> None:
        if status >= 400:
            raise RuntimeError(f"need an answer to {load}, got {head!r}")
        latencies.append(latency)

    content = request(load.method, load.path, **dict(load.fields))
    requests: Iterator[bytes] = repeat(content)
    exchange(server.port, requests, connections=CONNECTIONS, witness=witness, seconds=seconds)
    took = sum(latencies) / CONNECTIONS  # In a closed loop each connection waits all the time.
    latencies.sort()
    return partial(
        Rate, len(latencies), took, latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    )
