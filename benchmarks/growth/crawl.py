"""Does a crawler that follows `next` for 50,000 pages wait longer and longer? Does the server grow?

Over HTTP, in the largest database: a real server, and a client that knows nothing but the link
in the answer before. No page was ever asked for, so each is built, compressed and put into an
L1 that is far too small for all. What the server's process holds is asked on the way.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import content, plots
from benchmarks.growth.databases import Databases
from benchmarks.memory import Sample, growth, sampled
from benchmarks.report import Aim, Section, percentile, progress
from benchmarks.servers import LIST, Gunicorn

GREATEST_RATIO: Final = 1.3
GREATEST_GROWTH: Final = 0.05
_PAGES: Final = 10_000  # Per round.
_DEEPEST: Final = 50_000
_LIMIT: Final = 10
_MIB: Final = 1024 * 1024
_BUDGET: Final = 32 * _MIB
_WARM_UP: Final = 200
_WINDOWS: Final = 20  # Stretches of the way, of each of which the median is shown.
_APPLICATION: Final = ("-c", "settings/gunicorn.py", "benchmarks.inspected:application")


@dataclass(slots=True)
class Way:
    """How long the crawler waited for each page, in milliseconds, and what the server held after some."""

    waited: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def run(kept: Databases, *, posts: int, rounds: int) -> list[Section]:
    """Measure."""
    pages = min(_DEEPEST, _PAGES * rounds, posts // _LIMIT // 2)
    environment = content.environment(kept.url(posts), READPATH_L1_BYTES=str(_BUDGET))
    with (
        tempfile.TemporaryDirectory(prefix="readpath-bench-") as directory,
        Gunicorn(_APPLICATION, environment, log=Path(directory) / "gunicorn.log") as server,
    ):
        server.wait_for_hits(LIST)
        return [_reported(_walked(server, pages), posts)]


def _walked(server: Gunicorn, pages: int) -> Way:
    way = Way()
    began = time.monotonic()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    # Threads, connections and plans are there before the clock starts.
    _follow(connection, f"{LIST}?limit={_LIMIT - 1}", _WARM_UP)
    path: str | None = f"{LIST}?limit={_LIMIT}"
    every = max(1, pages // (2 * _WINDOWS))
    while path is not None and len(way.waited) < pages:
        waited, path = _page(connection, path)
        way.waited.append(waited * 1000)
        asked = len(way.waited)
        if asked % every == 0:
            way.samples.append(sampled(server, asked, time.monotonic() - began, budget=_BUDGET))
            if len(way.samples) % 8 == 0:
                progress(
                    f"growth: crawled {asked:,} of {pages:,} pages, {asked / way.samples[-1].seconds:,.0f}/s"
                )
    connection.close()
    if len(way.waited) < pages:
        raise RuntimeError(f"need {pages:,} pages, got {len(way.waited):,}")
    return way


def _follow(connection: HTTPConnection, path: str, pages: int) -> None:
    following: str | None = path
    for _ in range(pages):
        if following is not None:
            _, following = _page(connection, following)


def _page(connection: HTTPConnection, path: str) -> tuple[float, str | None]:
    """Ask for a page; return how many seconds that took, and the link to the next one."""
    began = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    seconds = time.perf_counter() - began
    if response.status != 200:
        raise RuntimeError(f"need a page, got {response.status} for {path}: {body[:300]!r}")
    following: str | None = json.loads(body)["next"]
    return seconds, following


def _reported(way: Way, posts: int) -> Section:
    section = Section(
        f"A crawler that follows `next` through {posts:,} posts, {_LIMIT} at a time",
        ("pages up to", "waited ms, p50", "p99", "resident MiB", "of it L1", "entries"),
    )
    size = len(way.waited) // _WINDOWS
    windows = [way.waited[first : first + size] for first in range(0, size * _WINDOWS, size)]
    points = []
    for place, window in enumerate(windows):
        sample = way.samples[2 * place + 1]
        p50, p99 = (percentile(sorted(window), share) for share in (50, 99))
        points.append((size * (place + 1), p50))
        section.rows.append((
            f"{size * (place + 1):,}",
            f"{p50:.2f}",
            f"{p99:.2f}",
            f"{sample.resident / _MIB:.1f}",
            f"{sample.l1 / _MIB:.1f}",
            f"{sample.entries:,}",
        ))  # fmt: skip
    half = len(way.waited) // 2
    later = median(way.waited[half:]) / median(way.waited[:half])
    warm = way.samples[len(way.samples) // 2 :]
    section.aims += [
        Aim(
            "waiting for a page, p50: second half of the way / first half",
            later,
            GREATEST_RATIO,
            at_least=False,
        ),
        Aim(
            "growth of the process over the second half / mean", growth(warm), GREATEST_GROWTH, at_least=False
        ),
    ]
    section.raw = {"waited_ms": way.waited, "samples": [asdict(sample) for sample in way.samples]}
    section.plots += [_waiting(windows, size), _holding(way.samples)]
    return section


def _waiting(windows: list[list[float]], size: int) -> Path:
    ends = [size * (place + 1) for place in range(len(windows))]
    shown = {
        name: [(end, percentile(sorted(window), share)) for end, window in zip(ends, windows, strict=True)]
        for name, share in (("p50", 50), ("p99", 99))
    }
    title = "How long a crawler waits for the next page, never asked for before"
    return plots.lines("growth-crawl", title, shown, "pages it has read", "ms")


def _holding(samples: list[Sample]) -> Path:
    shown = {
        "the whole process": [(sample.urls, sample.resident / _MIB) for sample in samples],
        "L1, as it counts": [(sample.urls, sample.l1 / _MIB) for sample in samples],
    }
    title = f"Memory of a server that is crawled, with an L1 of {_BUDGET // _MIB} MiB"
    return plots.lines("growth-crawl-memory", title, shown, "pages read", "MiB")
