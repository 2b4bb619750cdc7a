"""How soon does a read through Varnish show what was written?

The service with two workers over PostgreSQL and Redis, and Varnish in front, which has kept the page
before each write. A client changes a title; from the moment on at which it has its answer, a reader asks
Varnish for the page over and over, until that shows the new title. With a condition, the reader holds
the old page's ETag, and 304 means that it is still shown. The write does not go through this Varnish,
as with several edges it would not: Varnish drops what stands under the URL of a write that it passes
on, before any purge, which is a row of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import Final, Self

import psycopg

from benchmarks import plots
from benchmarks.edge.heard import Heard
from benchmarks.edge.recipe import HIT, Varnish
from benchmarks.fleet import Fleet, Services, kept_connection, services
from benchmarks.report import Aim, Section, percentile, progress
from benchmarks.servers import LIST
from tests.redis import free_port

WORKERS: Final = 2
LONGEST: Final = 50.0  # Milliseconds, at p99.
_PER_ROUND: Final = 25  # Writes, for each row of the table.
_WARM_UP: Final = 10
_ON_A_PAGE: Final = 20
_SETTLES_WITHIN: Final = 10.0  # Seconds.
_PAUSE: Final = 0.0005  # Seconds between two reads.
_CLOCK: Final = 0.05  # Seconds before a write in which no purge is of an earlier one.
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class _Way:
    """One row: what is read, how, and how it is written."""

    name: str
    path: str | None  # None: the post's own page.
    is_conditional: bool = False
    is_by_sql: bool = False
    is_written_through: bool = False


_WAYS: Final = (
    _Way("a post", None),
    _Way("a post, conditional", None, is_conditional=True),
    _Way("a list with it", f"{LIST}?limit={_ON_A_PAGE}"),
    _Way("a list, conditional", f"{LIST}?limit={_ON_A_PAGE}", is_conditional=True),
    _Way("a post, written through it", None, is_written_through=True),
    _Way("a post, written by SQL", None, is_by_sql=True),
)


@dataclass(slots=True)
class _Found:
    """Milliseconds from each acknowledgement: to the purge, and to the first read that showed it."""

    purged: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    stale_reads: int = 0


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    found = {way: _Found() for way in _WAYS}
    with _scene() as scene:
        for way in _WAYS * _WARM_UP:
            scene.measured(way)
        for number in range(1, rounds + 1):
            progress(f"purging: round {number} of {rounds}")
            # In turns: what is repeated for earlier writes two seconds later disturbs all alike.
            for way in _WAYS * _PER_ROUND:
                shown, purged, stale_reads = scene.measured(way)
                found[way].shown.append(shown)
                found[way].purged.append(purged)
                found[way].stale_reads += stale_reads
    return [_reported(found)]


@contextmanager
def _scene() -> Iterator[_Scene]:
    with ExitStack() as stack:
        behind = stack.enter_context(services())
        port = free_port()
        environment = behind.environment(
            READPATH_EDGES=f"edge=varnish://127.0.0.1:{port}", READPATH_WRITE_RATE="1000000/s"
        )
        fleet = stack.enter_context(
            Fleet(WORKERS, environment=environment, log=behind.directory / "fleet.log")
        )
        varnish = stack.enter_context(Varnish(behind.directory / "varnish", fleet.port, port=port))
        heard = stack.enter_context(Heard(varnish.work))
        fleet.wait_for_workers()
        yield stack.enter_context(_Scene(behind, fleet, varnish, heard))


class _Scene:
    """Writers and a reader, each on a connection of its own."""

    def __init__(self, behind: Services, fleet: Fleet, varnish: Varnish, heard: Heard) -> None:
        self._heard = heard
        self._token = behind.token
        self._writer, self._reader = kept_connection(fleet.port), kept_connection(varnish.port)
        self._writer_through = kept_connection(varnish.port)
        self._database = psycopg.connect(**behind.cluster.connecting, autocommit=True)
        newest = json.loads(_read(self._reader, f"{LIST}?limit={_ON_A_PAGE}")[1])
        self._posts = [row["id"] for row in newest["results"]]
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._writer, self._writer_through, self._reader, self._database):
            connection.close()

    def measured(self, way: _Way) -> tuple[float, float, int]:
        """Write once; return milliseconds until it showed, and until the purge, and the old reads before."""
        self._number += 1
        post = self._posts[self._number % len(self._posts)]
        path = way.path or f"/api/v1/posts/{post}/"
        etag = self._kept(path)
        title = f"Written {self._number:06}"
        before = time.time() - _CLOCK
        self._write(way, post, title)
        acknowledged_at, began = time.time(), time.perf_counter()
        stale_reads = 0
        while not self._shows(title, path, etag if way.is_conditional else ""):
            stale_reads += 1
            # Else the reader would have one of two cores for himself.
            time.sleep(_PAUSE)
            if time.perf_counter() - began > _SETTLES_WITHIN:
                raise RuntimeError(f"need {title!r} at {path}, which Varnish does not show")
        shown = (time.perf_counter() - began) * 1000
        purged_at = self._heard.purged_at(f"post:{post}", after=before)
        return shown, (purged_at - acknowledged_at) * 1000, stale_reads

    def _kept(self, path: str) -> str:
        """Return the ETag of a page that Varnish has kept for good, not just until the second purge."""
        deadline = time.monotonic() + _SETTLES_WITHIN
        while True:
            response, _ = _read(self._reader, path)
            if HIT.search(response.headers["cache-status"] or ""):
                etag: str = response.headers["etag"]
                return etag
            if time.monotonic() > deadline:
                raise RuntimeError(f"need a hit of {path}, got {response.headers['cache-status']}")

    def _write(self, way: _Way, post: int, title: str) -> None:
        if way.is_by_sql:
            self._database.execute("UPDATE api_post SET title = %s WHERE id = %s", [title, post])
            return
        writer = self._writer_through if way.is_written_through else self._writer
        fields = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        writer.request("PATCH", f"/api/v1/posts/{post}/", json.dumps({"title": title}), fields)
        response = writer.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"need a write, got {response.status}: {body[:300]!r}")

    def _shows(self, title: str, path: str, etag: str) -> bool:
        return title.encode() in _read(self._reader, path, etag)[1]


def _read(connection: HTTPConnection, path: str, etag: str = "") -> tuple[HTTPResponse, bytes]:
    connection.request("GET", path, headers={"If-None-Match": etag} if etag else {})
    response = connection.getresponse()
    body = response.read()
    if response.status not in (200, 304):
        raise RuntimeError(f"need an answer to {path}, got {response.status}: {body[:300]!r}")
    return response, body


def _reported(found: dict[_Way, _Found]) -> Section:
    section = Section(
        "From the acknowledgement of a write to the first read through Varnish that shows it, in ms",
        ("read", "writes", "p50", "p99", "longest", "to the purge p50", "p99", "old reads each"),
    )
    for way, one in found.items():
        section.rows.append((
            way.name,
            str(len(one.shown)),
            *(f"{percentile(sorted(one.shown), share):.2f}" for share in (50, 99, 100)),
            *(f"{percentile(sorted(one.purged), share):.2f}" for share in (50, 99)),
            f"{one.stale_reads / len(one.shown):.1f}",
        ))  # fmt: skip
        section.raw[way.name] = asdict(one)
    apart = {way: way.is_by_sql or way.is_written_through for way in found}
    by_api = sorted(ms for way, one in found.items() if not apart[way] for ms in one.shown)
    by_sql = sorted(ms for way, one in found.items() if way.is_by_sql for ms in one.shown)
    for name, times in (("a write by PATCH", by_api), ("a write by SQL", by_sql)):
        section.aims.append(
            Aim(
                f"{name} to the first read that shows it, p99 ms",
                percentile(times, 99),
                LONGEST,
                at_least=False,
            )
        )
    section.notes.append(
        f"{WORKERS} workers, PostgreSQL, Redis, Varnish, writer, reader share the machine; nothing is pinned"
    )
    section.notes.append("to the purge: until Varnish hears of it; less than 0 if that was before the answer")
    section.plots.append(_plot(found))
    return section


def _plot(found: dict[_Way, _Found]) -> object:
    shares: Sequence[float] = (*range(1, 100), 99.5, 100)
    return plots.lines(
        "edge-purging",
        "From the acknowledgement of a write to the first read through Varnish that shows it",
        {
            way.name: [(share, percentile(sorted(one.shown), share)) for share in shares]
            for way, one in found.items()
        },
        "percent of the writes",
        "ms",
        log_y=True,
        bound=(LONGEST, f"aim: p99 below {LONGEST:.0f} ms"),
    )
