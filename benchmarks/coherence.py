"""How soon has every worker heard of a commit, and what does a writer pay for waiting until then?

Two measurements on the same fleets of workers, over one Redis and one PostgreSQL:

* drops: somebody commits by SQL, on a connection of his own. How long until the last worker has
  dropped the post's page from its L1? Before each commit every worker holds that page, and after
  it none may show the old title, or nothing is reported.
* writes: a client changes a post through the API and waits for the answer. The same change, in
  turns, on the same code without caching: no triggers, no relay, nobody waited for
  (`uncached.py`).

Nothing is pinned to a core: several workers share the machine here, as they would.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from itertools import chain
from typing import Final, Self

import psycopg

from benchmarks import content
from benchmarks.asking import ask
from benchmarks.fleet import Fleet, Services, kept_connection, services
from benchmarks.monitor import Monitor
from benchmarks.report import Aim, Section, middle, percentile, progress
from benchmarks.servers import HIT

SIZES: Final = (4, 2, 1)  # Workers.
LAST_DROP: Final = 5.0  # Milliseconds, at p99, over the greatest fleet.
DEARER: Final = 5.0  # Milliseconds that a write may take longer than without caching, at p50.
_PER_ROUND: Final = 60  # Commits, and writes.
_WARM_UP: Final = 20
_SETTLES_WITHIN: Final = 10.0  # Seconds.


@dataclass(slots=True)
class _Found:
    """What was found for one size of fleet, in milliseconds, by round."""

    logged: list[list[float]] = field(default_factory=list)
    applied: list[list[float]] = field(default_factory=list)
    cached: list[list[float]] = field(default_factory=list)
    uncached: list[list[float]] = field(default_factory=list)


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    found: dict[int, _Found] = {}
    with services() as behind:
        unreported = behind.unreported_copy()
        posts = behind.posts()
        for size in SIZES:
            progress(f"coherence: {size} workers")
            with _fleets(size, behind, unreported) as (fleet, uncached):
                found[size] = _measured(fleet, uncached, behind, posts, rounds)
            behind.forget()
    return [_reported_drops(found), _reported_writes(found)]


@contextmanager
def _fleets(size: int, behind: Services, unreported: str) -> Iterator[tuple[Fleet, Fleet]]:
    """Start so many workers, and as many without caching."""
    application = "benchmarks.uncached:application"
    environment = content.environment(unreported, DJANGO_SETTINGS_MODULE="benchmarks.uncached_settings")
    # Several workers are for those who have a Redis; the name alone does, it is not talked to.
    environment["REDIS_URL"] = behind.redis.url
    log = behind.directory
    with (
        Fleet(size, environment=behind.environment(), log=log / f"fleet-{size}.log") as fleet,
        Fleet(size, application, environment=environment, log=log / f"uncached-{size}.log") as uncached,
    ):
        yield fleet, uncached


def _measured(fleet: Fleet, uncached: Fleet, behind: Services, posts: list[int], rounds: int) -> _Found:
    found = _Found()
    drops = _Drops(fleet, behind, posts)
    writes = _Writes(fleet, uncached, behind, posts)
    with drops:
        drops.round(_WARM_UP)
        writes.round(_WARM_UP)
        for number in range(1, rounds + 1):
            progress(f"coherence: {fleet.size} workers, round {number} of {rounds}")
            logged, applied = drops.round(_PER_ROUND)
            cached, plain = writes.round(_PER_ROUND)
            found.logged.append(logged)
            found.applied.append(applied)
            found.cached.append(cached)
            found.uncached.append(plain)
    return found


class _Drops:
    """Commits by SQL, and watches until all workers have dropped the page."""

    def __init__(self, fleet: Fleet, behind: Services, posts: list[int]) -> None:
        self._size, self._behind, self._posts = fleet.size, behind, posts
        self._workers = fleet.kept_connections()
        self._number = 0

    def __enter__(self) -> Self:
        self._monitor = Monitor(self._behind.redis.path).__enter__()
        self._database = psycopg.connect(**self._behind.cluster.connecting)
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._monitor.__exit__(None, None, None)
        for connection in self._workers:
            connection.close()

    def round(self, commits: int) -> tuple[list[float], list[float]]:
        """Return the milliseconds from each commit to its record, and to the last worker's drop."""
        logged, applied = [], []
        for _ in range(commits):
            self._number += 1
            post = self._posts[self._number % len(self._posts)]
            title = f"Title {self._size}.{self._number}"
            for worker in self._workers:
                _ask_until_hit(worker, post)
            self._monitor.look_away()
            self._database.execute("UPDATE api_post SET title = %s WHERE id = %s", [title, post])
            self._database.commit()
            committed_at = time.monotonic()
            heard = self._monitor.heard(f"post:{post}", workers=self._size)
            logged.append((heard.logged_at - committed_at) * 1000)
            applied.append((heard.applied_at - committed_at) * 1000)
            for worker in self._workers:
                shown = ask(worker, "GET", _path(post))[1]["title"]
                if shown != title:
                    raise RuntimeError(f"nothing measured: a worker shows {shown!r} after {title!r}")
        return logged, applied


class _Writes:
    """Changes posts through the API, with caching and without, in turns."""

    def __init__(self, fleet: Fleet, uncached: Fleet, behind: Services, posts: list[int]) -> None:
        self._fields = {"Authorization": f"Token {behind.token}", "Content-Type": "application/json"}
        self._servers = kept_connection(fleet.port), kept_connection(uncached.port)
        self._size, self._posts = fleet.size, posts
        self._number = 0

    def round(self, writes: int) -> tuple[list[float], list[float]]:
        """Return how many milliseconds each write took, with caching and without."""
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(writes):
            self._number += 1
            # Who comes first takes turns, too.
            for which in (0, 1) if self._number % 2 else (1, 0):
                took[which].append(self._write(self._servers[which]))
        return took

    def _write(self, server: HTTPConnection) -> float:
        post = self._posts[-1 - self._number % len(self._posts)]
        title = f"Written {self._size}.{self._number}"
        began = time.perf_counter()
        _, shown = ask(server, "PATCH", _path(post), json.dumps({"title": title}), self._fields)
        took = (time.perf_counter() - began) * 1000
        if shown["title"] != title:
            raise RuntimeError(f"nothing measured, for {title!r} was not written: {shown}")
        return took


def _path(post: int) -> str:
    return f"/api/v1/posts/{post}/"


def _ask_until_hit(worker: HTTPConnection, post: int) -> None:
    """Let one worker hold the page of a post."""
    deadline = time.monotonic() + _SETTLES_WITHIN
    while (found := ask(worker, "GET", _path(post))[0]) != HIT:
        if time.monotonic() > deadline:
            raise RuntimeError(f"need a hit of {_path(post)}, got {found} for {_SETTLES_WITHIN:.0f} s")


def _reported_drops(found: dict[int, _Found]) -> Section:
    section = Section(
        "From a commit by SQL to the last worker's drop, in ms",
        ("workers", "commits", "p50", "p99", "longest", "p50 by round", "to the log p50", "p99"),
    )
    for size, one in found.items():
        applied, logged = _all(one.applied), _all(one.logged)
        section.rows.append((
            str(size),
            str(len(applied)),
            *(f"{percentile(applied, share):.2f}" for share in (50, 99, 100)),
            _spread(one.applied),
            *(f"{percentile(logged, share):.2f}" for share in (50, 99)),
        ))  # fmt: skip
    greatest = max(found)
    p99 = percentile(_all(found[greatest].applied), 99)
    section.aims.append(
        Aim(f"commit to the last drop over {greatest} workers, p99 ms", p99, LAST_DROP, at_least=False)
    )
    section.notes.append("each worker held the post's page before, and showed the new title right after")
    section.raw = {str(size): asdict(one) for size, one in found.items()}
    return section


def _reported_writes(found: dict[int, _Found]) -> Section:
    section = Section(
        "A write by PATCH, answered, in ms",
        ("workers", "writes", "p50", "p99", "uncached p50", "p99", "p50 dearer by", "by round", "p99 by"),
    )
    for size, one in found.items():
        cached, uncached = _all(one.cached), _all(one.uncached)
        dearer = [percentile(cached, share) - percentile(uncached, share) for share in (50, 99)]
        by_round = [
            percentile(sorted(with_), 50) - percentile(sorted(without), 50)
            for with_, without in zip(one.cached, one.uncached, strict=True)
        ]
        section.rows.append((
            str(size),
            str(len(cached)),
            *(f"{percentile(times, share):.2f}" for times in (cached, uncached) for share in (50, 99)),
            f"{dearer[0]:.2f}",
            f"{min(by_round):.2f} to {max(by_round):.2f}",
            f"{dearer[1]:.2f}",
        ))  # fmt: skip
        section.aims.append(
            Aim(f"a write with {size} workers, dearer by ms at p50", dearer[0], DEARER, at_least=False)
        )
    section.notes.append("uncached: the same code and PostgreSQL; no triggers, nothing relayed or waited for")
    return section


def _all(rounds: list[list[float]]) -> list[float]:
    return sorted(chain.from_iterable(rounds))


def _spread(rounds: list[list[float]]) -> str:
    _, least, greatest = middle([percentile(sorted(times), 50) for times in rounds])
    return f"{least:.2f} to {greatest:.2f}"
