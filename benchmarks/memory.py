"""Does the process stay as large as it was told, however many URLs it is asked for?

A client walks over distinct URLs as fast as it is answered. Each of them is built and put
into an L1 that is far too small for all. What the kernel says that the process occupies is
split into what L1 counts, what SQLite has allocated, what the allocator keeps for later,
and the rest: code, threads, and whatever L1 may have forgotten to count. The same server
with next to no L1 tells how much of the rest is not L1's.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Any, Final

from benchmarks import content, walk
from benchmarks.client import exchange
from benchmarks.processes import HELD, resident_bytes
from benchmarks.report import Aim, Section, progress
from benchmarks.servers import LIST, Gunicorn

URLS: Final = 200_000
BUDGET: Final = 64 * 1024 * 1024  # Bytes.
SMALL_BUDGET: Final = 1024 * 1024
_MIB: Final = 1024 * 1024
_CONNECTIONS: Final = 8
_SAMPLES: Final = 40
_ROWS: Final = 10
_SMALL_SHARE: Final = 10  # Every how many-th part of the URLs the server with next to no L1 is asked for.


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held after so many URLs; in bytes."""

    urls: int
    seconds: float
    resident: int
    mapped: int
    l1: int
    entries: int
    evicted: int
    sqlite: int
    kept_free: int

    @property
    def rest(self) -> int:
        """What nobody gives account of."""
        return self.resident - self.l1 - self.sqlite - self.kept_free


def run(*, posts: int, urls: int = URLS) -> Section:
    """Measure."""
    database_url = content.database_url(posts)
    paths = walk.urls(urls, posts=posts)
    small, _ = _walked(database_url, paths[: max(_SAMPLES, urls // _SMALL_SHARE)], budget=SMALL_BUDGET)
    samples, statuses = _walked(database_url, paths, budget=BUDGET)
    return _reported(samples, statuses, small[-1])


def _walked(database_url: str, paths: list[str], *, budget: int) -> tuple[list[Sample], Counter[int]]:
    environment = content.environment(database_url, READPATH_L1_BYTES=str(budget))
    arguments = ("-c", "settings/gunicorn.py", "benchmarks.inspected:application")
    with (
        tempfile.TemporaryDirectory(prefix="readpath-bench-") as directory,
        Gunicorn(arguments, environment, log=Path(directory) / "gunicorn.log") as server,
    ):
        server.wait_for_hits(LIST)
        return _walk(server, paths, budget=budget)


def _walk(server: Gunicorn, paths: list[str], *, budget: int) -> tuple[list[Sample], Counter[int]]:
    samples: list[Sample] = []
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    every = max(1, len(paths) // _SAMPLES)

    def witness(status: int, head: bytes, _seconds: float) -> None:
        if status not in {200, 404}:
            raise RuntimeError(f"need an entry of every URL, got {head!r}")
        statuses[status] += 1
        answered = statuses.total()
        if answered % every == 0:
            samples.append(sampled(server, answered, time.perf_counter() - began, budget=budget))
            if len(samples) % (_SAMPLES // _ROWS) == 0:
                progress(
                    f"memory: {answered:,} of {len(paths):,} URLs, {answered / samples[-1].seconds:,.0f}/s"
                )

    progress(f"memory: walking over {len(paths):,} URLs, with an L1 of {budget // _MIB} MiB")
    exchange(server.port, walk.requests(paths), connections=_CONNECTIONS, witness=witness)
    return samples, statuses


def sampled(server: Gunicorn, urls: int, seconds: float, *, budget: int) -> Sample:
    """Ask a server what it holds after so many URLs; its L1 has to have this budget."""
    _, body = server.ask(HELD)
    held: dict[str, Any] = json.loads(body)
    if held["budget"] != budget:
        raise RuntimeError(f"need an L1 of {budget} bytes, got {held['budget']}")
    resident, mapped = resident_bytes(server.worker)
    return Sample(
        urls=urls,
        seconds=seconds,
        resident=resident,
        mapped=mapped,
        l1=held["bytes"],
        entries=held["entries"],
        evicted=held["evicted"],
        sqlite=held["sqlite_bytes"],
        kept_free=held.get("kept_free_bytes", 0),
    )


def _reported(samples: list[Sample], statuses: Counter[int], small: Sample) -> Section:
    section = Section(
        f"Memory in MiB, with an L1 of {BUDGET // _MIB}, while a client walks over distinct URLs",
        ("URLs", "resident", "of it L1", "SQLite", "kept free", "rest", "mapped files", "entries"),
    )
    last = samples[-1]
    for sample in samples[-1 :: -len(samples) // _ROWS][::-1]:
        parts = (sample.resident, sample.l1, sample.sqlite, sample.kept_free, sample.rest)
        in_mib = [f"{part / _MIB:.1f}" for part in (*parts, sample.mapped)]
        section.rows.append((f"{sample.urls:,}", *in_mib, f"{sample.entries:,}"))
    section.aims += _aims(samples, small)
    answered = ", ".join(f"{number:,} times {status}" for status, number in sorted(statuses.items()))
    section.notes += [
        f"answered {answered}, {last.urls / last.seconds:,.0f} per second; {last.evicted:,} entries evicted",
        f"with an L1 of {SMALL_BUDGET // _MIB} the rest is {small.rest / _MIB:.1f} after {small.urls:,} URLs",
        "mapped files: the kernel's cache of the database, counted once per connection, no part of resident",
    ]
    section.raw = {"samples": [asdict(sample) for sample in samples], "with_small_l1": asdict(small)}
    return section


def _aims(samples: list[Sample], small: Sample) -> list[Aim]:
    last = samples[-1]
    # Warm by then: every cache of the process has been filled, L1 several times.
    warm = [sample for sample in samples if sample.urls >= last.urls / 2]
    greatest, least = max(sample.l1 for sample in samples), min(sample.l1 for sample in warm)
    beyond = last.l1 + last.rest - small.l1 - small.rest
    return [
        Aim("L1's own count / budget, greatest", greatest / BUDGET, 1.0, at_least=False),
        Aim("L1's own count / budget, least when warm", least / BUDGET, 0.9),
        Aim(
            f"what L1 occupies beyond one of {SMALL_BUDGET // _MIB} MiB / difference of the budgets",
            beyond / (BUDGET - SMALL_BUDGET),
            1.1,
            at_least=False,
        ),
        Aim("growth of the resident size over the second half / mean", growth(warm), 0.05, at_least=False),
    ]


def growth(samples: list[Sample]) -> float:
    """Return by which part of its mean the resident size grew, along the line that fits best."""
    urls = [sample.urls for sample in samples]
    resident = [sample.resident for sample in samples]
    slope, _ = linear_regression(urls, resident)
    return slope * (urls[-1] - urls[0]) / (sum(resident) / len(resident))
