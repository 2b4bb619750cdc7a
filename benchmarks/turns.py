"""How much of many URLs does a server answer, if they are asked for in turn?

For what one URL cannot show: an answer that this worker's memory does not hold. More URLs than
connections, so that no two clients ever wait for the same one. wrk where there is one, our
own client else.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final

from benchmarks.client import exchange, request
from benchmarks.load import CONNECTIONS, Rate
from benchmarks.machine import ROOT, on_core
from benchmarks.processes import cpu_seconds, wait_until_idle
from benchmarks.servers import Gunicorn

_SCRIPT: Final = "benchmarks/turns.lua"


@dataclass(frozen=True, slots=True)
class Turns:
    """URLs that are asked for in turn, each with the ETag that the client holds, if it holds one."""

    urls: Sequence[tuple[str, str]]
    status: int = 200

    def measure(self, server: Gunicorn, *, seconds: float, core: int | None, directory: Path) -> Rate:
        """Put load on a server with one worker from a core, and count."""
        before = cpu_seconds(server.worker)
        with on_core(core):
            if shutil.which("wrk") is None:
                counted = self._by_own_client(server, seconds)
            else:
                counted = self._by_wrk(server, seconds, directory)
        rate = counted(cpu_seconds=cpu_seconds(server.worker) - before)
        wait_until_idle(server.worker)
        return rate

    def _by_wrk(self, server: Gunicorn, seconds: float, directory: Path) -> partial[Rate]:
        file = directory / "turns.txt"
        file.write_text("".join(f"{path}\t{etag}\n" for path, etag in self.urls))
        load = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", _SCRIPT]
        done = subprocess.run(
            ["wrk", *load, server.url("/"), "--", str(file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        said = json.loads(done.stdout.splitlines()[-1])
        if said["failures"]:
            raise RuntimeError(f"{said['failures']} of {said['requests']} requests failed")
        microseconds = (said[name] / 1e6 for name in ("microseconds", "p50", "p99"))
        return partial(Rate, said["requests"], *microseconds)

    def _by_own_client(self, server: Gunicorn, seconds: float) -> partial[Rate]:
        latencies: list[float] = []

        def witness(status: int, head: bytes, latency: float) -> None:
            if status != self.status:
                raise RuntimeError(f"need {self.status}, got {head!r}")
            latencies.append(latency)

        requests = [
            request("GET", path, **({"if_none_match": etag} if etag else {})) for path, etag in self.urls
        ]
        exchange(server.port, cycle(requests), connections=CONNECTIONS, witness=witness, seconds=seconds)
        took = sum(latencies) / CONNECTIONS  # In a closed loop each connection waits all the time.
        latencies.sort()
        middle, last = len(latencies) // 2, len(latencies) * 99 // 100
        return partial(Rate, len(latencies), took, latencies[middle], latencies[last])
