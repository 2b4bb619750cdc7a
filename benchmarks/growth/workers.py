"""What do 1, 2, 3 and 4 workers answer, and how long does a write wait for all of them?

Each number of workers over one Redis and one PostgreSQL with 2,000 posts: hits per second of
one page that every worker holds, and PATCH requests one after the other, each answered once every
worker has heard of it. Nothing is pinned to a core: workers, wrk, Redis and PostgreSQL share
the machine, so more workers than cores cannot answer more.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from typing import Final

from benchmarks import load, plots
from benchmarks.asking import ask
from benchmarks.fleet import Fleet, Services, kept_connection, services
from benchmarks.processes import cpu_seconds
from benchmarks.report import Section, middle, percentile, progress
from benchmarks.servers import HIT, LIST, STARTS_WITHIN

SIZES: Final = (1, 2, 3, 4)
_SECONDS: Final = 3
_WRITES: Final = 40  # Per round.
_WARM_UP: Final = 10


@dataclass(slots=True)
class Found:
    """What so many workers did: hits per second and their cost by round, milliseconds of each write."""

    per_second: list[float] = field(default_factory=list)
    cpu_microseconds: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    if shutil.which("wrk") is None:
        raise RuntimeError("need wrk, which is not installed here")
    found: dict[int, Found] = {}
    with services() as behind:
        posts = behind.posts()
        for size in SIZES:
            progress(f"growth: {size} workers")
            environment, log = behind.environment(), behind.directory / f"workers-{size}.log"
            with Fleet(size, environment=environment, log=log) as fleet:
                found[size] = _measured(fleet, behind, posts, rounds)
            behind.forget()
    return [_reported(found)]


def _measured(fleet: Fleet, behind: Services, posts: list[int], rounds: int) -> Found:
    found = Found()
    kept = fleet.kept_connections()
    writer = kept_connection(fleet.port)
    _write(writer, behind, posts[:_WARM_UP])
    for turn in range(rounds):
        for worker in kept:
            _until_hit(worker)
        before = _cpu(fleet)
        rate = load._by_wrk(fleet, load.Load(LIST), _SECONDS)(cpu_seconds=0.0)
        found.per_second.append(rate.per_second)
        found.cpu_microseconds.append((_cpu(fleet) - before) / rate.requests * 1e6)
        found.written += _write(
            writer, behind, [posts[-1 - turn * _WRITES - place] for place in range(_WRITES)]
        )
    for connection in (*kept, writer):
        connection.close()
    return found


def _cpu(fleet: Fleet) -> float:
    return sum(cpu_seconds(worker) for worker in fleet.workers)


def _until_hit(worker: HTTPConnection) -> None:
    """Let one worker hold the page."""
    deadline = time.monotonic() + STARTS_WITHIN
    while (status := ask(worker, "GET", LIST)[0]) != HIT:
        if time.monotonic() > deadline:
            raise RuntimeError(f"need a hit of {LIST}, got {status} for {STARTS_WITHIN:.0f} s")


def _write(writer: HTTPConnection, behind: Services, posts: list[int]) -> list[float]:
    """Change the titles of posts; return how many milliseconds each took to be answered."""
    fields = {"Authorization": f"Token {behind.token}", "Content-Type": "application/json"}
    took = []
    for post in posts:
        title = f"Written at {time.monotonic_ns()}"
        began = time.perf_counter()
        _, shown = ask(writer, "PATCH", f"{LIST}{post}/", json.dumps({"title": title}), fields)
        took.append((time.perf_counter() - began) * 1000)
        if shown["title"] != title:
            raise RuntimeError(f"nothing measured, for {title!r} was not written: {shown}")
    return took


def _reported(found: dict[int, Found]) -> Section:
    section = Section(
        f"By the number of workers, on {len(os.sched_getaffinity(0))} cores",
        ("workers", "hits/s", "least", "greatest", "CPU µs each", "write ms p50", "p99", "longest"),
    )
    hits, spread, writes = [], [], {"p50": [], "p99": []}
    for size, one in found.items():
        rate, least, greatest = middle(one.per_second)
        written = sorted(one.written)
        p50, p99, longest = (percentile(written, share) for share in (50, 99, 100))
        cpu, _, _ = middle(one.cpu_microseconds)
        rates = (f"{value:,.0f}" for value in (rate, least, greatest))
        section.rows.append((
            str(size), *rates, f"{cpu:.1f}", *(f"{value:.2f}" for value in (p50, p99, longest))
        ))  # fmt: skip
        hits.append((size, rate))
        spread.append((least, greatest))
        writes["p50"].append((size, p50))
        writes["p99"].append((size, p99))
    section.notes.append("workers, wrk, Redis and PostgreSQL share the cores; a write waits for every worker")
    section.raw = {str(size): asdict(one) for size, one in found.items()}
    section.plots += [
        plots.lines(
            "growth-workers-hits",
            "Hits per second, by the number of workers",
            {"hits": hits},
            "workers",
            "answers/s",
            spread={"hits": spread},
        ),
        plots.lines(
            "growth-workers-writes",
            "Until a write is acknowledged, by the number of workers",
            writes,
            "workers",
            "ms",
        ),
    ]
    return section
