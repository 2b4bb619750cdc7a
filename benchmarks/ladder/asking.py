"""What is a rung asked, and how much of it does it answer? wrk, on a core of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from benchmarks.load import CONNECTIONS
from benchmarks.machine import on_core
from benchmarks.processes import cpu_seconds, wait_until_idle

_SCRIPT: Final = Path(__file__).with_name("asking.lua")
_LONGEST_WAIT: Final = 30  # Seconds for one answer; the slowest rungs have a queue of 32.


class Server(Protocol):
    """A server of which one process does the work."""

    @property
    def worker(self) -> int:
        """The process that answers."""

    def url(self, path: str) -> str:
        """Return the address of a path."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The URLs that a rung is asked for: one over and over, several in turn, or each once."""

    paths: Sequence[str]
    fields: tuple[tuple[str, str], ...] = ()
    once: bool = False

    def arguments(self, directory: Path) -> list[str]:
        """Return what wrk's script is told."""
        if len(self.paths) == 1 and not self.once:
            return []
        file = directory / "paths.txt"
        file.write_text("".join(f"{path}\n" for path in self.paths))
        return ["--", str(file), "once" if self.once else "again"]


@dataclass(frozen=True, slots=True)
class Go:
    """What a rung answered in one go."""

    requests: int
    seconds: float
    p50: float  # Seconds.
    p99: float
    bytes: int
    cpu_seconds: float
    redis_commands: int = 0  # Those inside of scripts too.

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """What one answer costs the server's process; less disturbed by neighbours than rates are."""
        return self.cpu_seconds / self.requests * 1e6


def ask(server: Server, asked: Asked, *, seconds: float, core: int | None, directory: Path) -> Go:
    """Put load on a server from a core, and count."""
    if shutil.which("wrk") is None:
        raise RuntimeError("need wrk, which is not installed here")
    worker = server.worker
    before = cpu_seconds(worker)
    # One URL stands in the address, so that wrk need not ask the script for each request.
    address = server.url(asked.paths[0])
    fields = [part for name, value in asked.fields for part in ("-H", f"{name}: {value}")]
    load = ["-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", f"--timeout={_LONGEST_WAIT}s"]
    with on_core(core):
        done = subprocess.run(
            ["wrk", *load, "-s", str(_SCRIPT), *fields, address, *asked.arguments(directory)],
            capture_output=True,
            text=True,
            check=True,
        )
    used = cpu_seconds(worker) - before
    said = json.loads(done.stdout.splitlines()[-1])
    if said["failures"] or not said["requests"]:
        raise RuntimeError(f"{said['failures']} requests failed, {said['requests']} answered: {address}")
    # A slow server still works on what was asked last, on the core that the next one is to have for itself.
    wait_until_idle(worker)
    microseconds = (said[name] / 1e6 for name in ("microseconds", "p50", "p99"))
    return Go(said["requests"], *microseconds, said["bytes"], used)
