"""What does a build cost, and what is stored, as the posts become more? From 1,000 to 1,000,000.

In process, as the server builds but for the codings; a process for each database, asked in
turns. The lists are those of the author with the most posts, so that they grow with the
database. Beside them the page in the middle of such a list by OFFSET, the query alone.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final

from django.utils import timezone

from benchmarks import plots
from benchmarks.growth.alone import process
from benchmarks.growth.databases import Databases
from benchmarks.processes import resident_bytes
from benchmarks.report import Aim, Section, progress

LIMIT: Final = 10
GREATEST_RATIO: Final = 1.3
_LEAST: Final = 1_000
_MIB: Final = 1024 * 1024
_TIMES: Final = 10  # Builds of each, per round.
_FIRST: Final = "first page"
_BY_OFFSET: Final = "middle, by OFFSET"

# What is built -> the milliseconds of each time.
Times = dict[str, list[float]]


def run(kept: Databases, *, posts: int, rounds: int) -> list[Section]:
    """Measure."""
    sizes = [_LEAST]
    while sizes[-1] * 10 <= posts:
        sizes.append(sizes[-1] * 10)
    times: dict[int, Times] = {size: {} for size in sizes}
    with ExitStack() as stack:
        processes = {size: stack.enter_context(process(kept.url(size))) for size in sizes}
        for turn in range(-1, rounds):  # The first one only warms up.
            progress(
                f"growth: builds in {_LEAST:,} to {sizes[-1]:,} posts, round {max(turn, 0) + 1} of {rounds}"
            )
            for size, own in processes.items():
                for what, found in own.submit(_built).result().items():
                    if turn >= 0:
                        times[size].setdefault(what, []).extend(found)
        resident = {size: own.submit(_resident).result() for size, own in processes.items()}
    stored = {size: kept.bytes(size) for size in sizes}
    return [_reported_times(times), _reported_sizes(stored, resident)]


def _built() -> Times:
    """Build each of what is measured some times, in turns."""
    found: Times = {}
    urls, builds, middle = _asked()
    for _ in range(_TIMES):
        for what, url in urls.items():
            found.setdefault(what, []).append(builds.seconds(url) * 1000)
    for _ in range(2):
        began = time.perf_counter()
        list(middle())
        found.setdefault(_BY_OFFSET, []).append((time.perf_counter() - began) * 1000)
    return found


@cache
def _asked() -> tuple[dict[str, str], Any, Any]:
    """Return the URLs to build, what builds them, and what asks for a page by OFFSET."""
    # After Django's set-up.
    from benchmarks.builds import Builds  # noqa: PLC0415
    from benchmarks.lists import post_lists, urls_of_every_list  # noqa: PLC0415

    now = timezone.now()
    listed = next(one for one in post_lists(now, limit=LIMIT) if one.filter == "author")
    last = listed.deepest(10**9)
    middle = max(1, last // 2)
    (shown, *_) = listed.ids(middle)
    urls = {
        _FIRST: listed.url(),
        "page in the middle": listed.url(middle),
        "last page": listed.url(last),
        "a post": f"/api/v1/posts/{shown}/",
        "comments of a post": urls_of_every_list()["comments of a post"],
    }
    return urls, Builds(), lambda: listed.by_offset(middle)


def _resident() -> int:
    return resident_bytes(os.getpid())[0]


def _reported_times(times: dict[int, Times]) -> Section:
    sizes = list(times)
    section = Section(
        "A build by the number of posts; ms, median", ("built", *(f"{size:,} posts" for size in sizes))
    )
    shown: dict[str, list[tuple[float, float]]] = {}
    for what in times[sizes[0]]:
        medians = [median(times[size][what]) for size in sizes]
        section.rows.append((what, *(f"{milliseconds:.2f}" for milliseconds in medians)))
        shown[what] = list(zip(sizes, medians, strict=True))
        if what != _BY_OFFSET:
            section.aims.append(
                Aim(
                    f"{what}: {sizes[-1]:,} posts / {sizes[0]:,}",
                    medians[-1] / medians[0],
                    GREATEST_RATIO,
                    at_least=False,
                )
            )
    section.notes.append(
        f"pages of {LIMIT} of the author with the most posts; by OFFSET it is the query alone"
    )
    section.raw = {str(size): found for size, found in times.items()}
    title = "Building a representation, by the number of posts"
    section.plots.append(plots.lines("growth-posts", title, shown, "posts", "ms", log_x=True, log_y=True))
    return section


def _reported_sizes(stored: dict[int, int], resident: dict[int, int]) -> Section:
    section = Section(
        "What is held, by the number of posts; MiB", ("posts", "database on disk", "process that builds")
    )
    shown: dict[str, list[tuple[float, float]]] = {"database on disk": [], "process that builds": []}
    for size, on_disk in stored.items():
        section.rows.append((f"{size:,}", f"{on_disk / _MIB:,.0f}", f"{resident[size] / _MIB:.1f}"))
        shown["database on disk"].append((size, on_disk / _MIB))
        shown["process that builds"].append((size, resident[size] / _MIB))
    least, most = min(resident), max(resident)
    section.aims.append(
        Aim(
            f"the process with {most:,} posts / with {least:,}",
            resident[most] / resident[least],
            1.1,
            at_least=False,
        )
    )
    section.raw = {"database": stored, "process": resident}
    section.plots.append(_sizes(shown))
    return section


def _sizes(shown: dict[str, list[tuple[float, float]]]) -> Path:
    title = "What is held, by the number of posts"
    return plots.lines("growth-posts-memory", title, shown, "posts", "MiB", log_x=True, log_y=True)
