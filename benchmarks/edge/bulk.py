"""One statement changes 10,000 rows: what do the edges hear of it, and who waits for them?

The service with two workers and three edges: Varnish with the recipe, and servers that behave as Fastly
and Cloudflare do, limits and all; Cloudflare in its smallest plan, which has the narrowest. For each
statement: the calls that each edge was made, the keys in them, and when nothing waited any more. A
writer changes other posts through the API all the while; the same is done without any edge, in turns.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import content
from benchmarks.edge.vendors import NAMES, Edges
from benchmarks.fleet import Fleet, kept_connection
from benchmarks.report import Aim, Section, percentile, progress
from benchmarks.servers import manage
from tests import postgres, redis

ROWS: Final = 10_000
POSTS: Final = 12_000
MOST_CALLS: Final = 20  # For one statement, at any edge.
DEARER: Final = 20.0  # Milliseconds at p99 that a writer may wait longer than without edges.
_MOST_ROUNDS: Final = 3
_WORKERS: Final = 2
# Of Cloudflare: 25 calls, and then 5 in a minute; and 5 in a second, so that a run comes to an end.
_NARROWEST, _WIDER = "free", "pro"
_EVERY: Final = 0.05  # Seconds from one write of the writer to the next, if he is answered by then.
_BEFORE, _AFTER = 1.0, 5.0  # Seconds for which he writes before the statement, and after it.
_EMPTY_WITHIN: Final = 300.0
_FLUSHED_AFTER: Final = 0.5  # Until Varnish's log has been told of what happened.
_COUNTS: Final = ("calls", "keys")
_BOTH: Final = ("with_edges", "without")
# What is changed by one statement; `n` makes each value new.
_STATEMENTS: Final = {
    "10,000 posts": "UPDATE api_post SET title = 'Bulk ' || %(n)s || ' ' || id WHERE id IN"
    " (SELECT id FROM api_post ORDER BY id LIMIT %(rows)s)",
    "10,000 comments": "UPDATE api_comment SET body = '<p>Bulk ' || %(n)s || ' ' || id || '</p>' WHERE id IN"
    " (SELECT id FROM api_comment ORDER BY id LIMIT %(rows)s)",
    "a tag on 10,000 posts": "INSERT INTO api_posttag (post_id, tag_id)"
    " SELECT p.id, t.id FROM (SELECT id FROM api_post ORDER BY id LIMIT %(rows)s) p,"
    " (SELECT id FROM api_tag ORDER BY post_count, id LIMIT 1 OFFSET %(n)s) t ON CONFLICT DO NOTHING",
}
_WAITING: Final = "SELECT (SELECT count(*) FROM caching_purge), (SELECT count(*) FROM caching_outbox)"
_OTHERS: Final = "SELECT id FROM api_post WHERE listed = 1 ORDER BY id DESC LIMIT 500"
_MAKE_WRITER: Final = """
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
user = User.objects.create(username="benchmark", is_staff=True)
print(Token.objects.create(user=user).key)
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the edges heard of one statement that nobody wrote beside."""

    calls: Mapping[str, int]
    keys: Mapping[str, int]
    refused: int
    empty_after: float  # Seconds from its commit.


@dataclass(slots=True)
class _Found:
    """One statement, in all rounds: what was told of it, and the milliseconds of each write beside it."""

    told: list[_Told] = field(default_factory=list)
    with_edges: list[float] = field(default_factory=list)
    without: list[float] = field(default_factory=list)


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    found = {name: _Found() for name in _STATEMENTS}
    with _scene() as scene:
        for number in range(1, min(rounds, _MOST_ROUNDS) + 1):
            scene.count(found)
            # Who comes first takes turns.
            for with_edges in (True, False) if number % 2 else (False, True):
                scene.measure(found, with_edges=with_edges)
    return [_told_section(found), _waited_section(found)]


@contextmanager
def _scene() -> Iterator[_Scene]:
    if postgres.programs() is None or not redis.is_installed():
        raise RuntimeError("need PostgreSQL and redis-server, which are not installed here")
    with (
        postgres.running_postgres() as cluster,
        redis.running_redis() as store,
        tempfile.TemporaryDirectory(prefix="readpath-bulk-") as directory,
    ):
        progress(f"bulk: filling PostgreSQL with {POSTS:,} posts")
        content.fill_if_empty(cluster.url, POSTS)
        environment = content.environment(cluster.url)
        token = manage(environment, "shell", "-v", "0", "-c", _MAKE_WRITER).strip()
        yield _Scene(cluster, store, Path(directory), token)


class _Scene:
    """A database, and the service in front of it: now with edges, now without."""

    def __init__(
        self, cluster: postgres.Cluster, store: redis.RedisServer, directory: Path, token: str
    ) -> None:
        self._cluster, self._redis, self._directory, self._token = cluster, store, directory, token
        self._number = 0
        with cluster.connect() as connection:
            connection.execute("TRUNCATE caching_outbox")
            connection.execute("VACUUM ANALYZE")
            self._posts = [row[0] for row in connection.execute(_OTHERS)]

    def count(self, found: Mapping[str, _Found]) -> None:
        """Let each statement run alone, and count the calls."""
        with self._served(_NARROWEST) as (_, edges):
            for name, statement in _STATEMENTS.items():
                progress(f"bulk: {name}, alone")
                found[name].told.append(self._alone(statement, edges))

    def measure(self, found: Mapping[str, _Found], *, with_edges: bool) -> None:
        """Let each statement run beside a writer."""
        with self._served(_WIDER if with_edges else "") as (port, _):
            for name, statement in _STATEMENTS.items():
                progress(f"bulk: {name}, beside a writer, {'with edges' if with_edges else 'without'}")
                took = self._beside_a_writer(statement, port)
                (found[name].with_edges if with_edges else found[name].without).extend(took)
                self._until_empty()

    @contextmanager
    def _served(self, plan: str) -> Iterator[tuple[int, Any]]:
        """Start the service anew, with edges if there is a plan for one of them."""
        with self._cluster.connect() as connection:
            connection.execute("DELETE FROM caching_edgestanding")
            connection.execute("DELETE FROM caching_purge")
        with self._redis.client() as client:
            client.flushall()
        self._number += 1
        directory = self._directory / str(self._number)
        directory.mkdir()
        with ExitStack() as stack:
            edges = Edges(stack, plan) if plan else None
            environment = content.environment(
                self._cluster.url,
                REDIS_URL=self._redis.url,
                READPATH_WRITE_RATE="1000000/s",
                **(edges.configuration if edges else {}),
            )
            fleet = Fleet(_WORKERS, environment=environment, log=directory / "fleet.log")
            if edges:
                edges.stand_before(fleet.port, directory)
            stack.enter_context(fleet)
            fleet.wait_for_workers()
            self._until_empty()
            yield fleet.port, edges

    def _alone(self, statement: str, edges: Edges) -> _Told:
        """Run a statement, and count what is told of it until nothing waits."""
        calls, keys, refused = edges.heard()
        self._execute(statement)
        empty_after = self._until_empty()
        time.sleep(_FLUSHED_AFTER)
        calls_by_now, keys_by_now, refused_by_now = edges.heard()
        new_calls, new_keys = dict(calls_by_now - calls), dict(keys_by_now - keys)
        return _Told(new_calls, new_keys, refused_by_now - refused, empty_after)

    def _beside_a_writer(self, statement: str, port: int) -> list[float]:
        """Run a statement while somebody writes; return how many milliseconds each of his writes took."""
        took: list[float] = []
        failures: list[BaseException] = []
        ended = threading.Event()
        writer = threading.Thread(target=self._write, args=(port, took, failures, ended))
        writer.start()
        try:
            ended.wait(_BEFORE)
            self._execute(statement)
            ended.wait(_AFTER)
        finally:
            ended.set()
            writer.join()
        for failure in failures:
            raise failure
        return took

    def _write(
        self, port: int, took: list[float], failures: list[BaseException], ended: threading.Event
    ) -> None:
        """Write at a steady pace, as far as answers come."""
        fields = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        connection = kept_connection(port)
        began = -_EVERY
        try:
            while not ended.wait(max(0.0, began + _EVERY - time.perf_counter())):
                began = time.perf_counter()
                self._number += 1
                path = f"/api/v1/posts/{self._posts[self._number % len(self._posts)]}/"
                body = json.dumps({"title": f"Beside {self._number}"})
                connection.request("PATCH", path, body, fields)
                response = connection.getresponse()
                said = response.read()
                took.append((time.perf_counter() - began) * 1000)
                assert response.status == 200, f"need a write, got {response.status}: {said[:300]!r}"
        except BaseException as failure:  # noqa: BLE001 - raised by whoever waits for this thread.
            failures.append(failure)
        finally:
            connection.close()

    def _execute(self, statement: str) -> None:
        self._number += 1
        with self._cluster.connect() as connection:
            changed = connection.execute(statement, {"n": self._number % 100, "rows": ROWS}).rowcount
        if changed < ROWS * 0.9:
            raise RuntimeError(f"need {ROWS:,} rows changed by one statement, got {changed:,}")

    def _until_empty(self) -> float:
        """Return once nothing waits, and how many seconds that took."""
        began = time.monotonic()
        with self._cluster.connect() as connection:
            while (waiting := connection.execute(_WAITING).fetchone()) != (0, 0):
                if time.monotonic() - began > _EMPTY_WITHIN:
                    raise RuntimeError(f"{waiting} rows still wait after {_EMPTY_WITHIN:.0f} s")
                time.sleep(0.01)
        return time.monotonic() - began


def _told_section(found: Mapping[str, _Found]) -> Section:
    section = Section(
        "One statement, 10,000 rows: what each edge was told, both times, and when nothing waited any more",
        ("changed", *(f"{edge} {what}" for edge in NAMES for what in ("calls", "keys")), "empty after s"),
    )
    most = 0
    for name, one in found.items():
        cells = [
            max(getattr(told, what).get(edge, 0) for told in one.told) for edge in NAMES for what in _COUNTS
        ]
        most = max(most, *cells[::2])
        empty = median(told.empty_after for told in one.told)
        section.rows.append((name, *(f"{cell:,}" for cell in cells), f"{empty:.1f}"))
        section.raw[name] = [asdict(told) for told in one.told]
    refused = sum(told.refused for one in found.values() for told in one.told)
    section.aims.append(Aim("calls at any edge for one statement, at most", most, MOST_CALLS, at_least=False))
    section.aims.append(Aim("calls that were refused as too many", refused, 0, at_least=False))
    section.notes.append(f"Cloudflare's plan is `{_NARROWEST}`: 25 calls, and then 5 in a minute")
    section.notes.append("the queue is empty when every edge was told, and told again after 2 s")
    return section


def _waited_section(found: Mapping[str, _Found]) -> Section:
    section = Section(
        "Writes by PATCH beside such a statement, in ms",
        ("changed", "writes", "p50", "p99", "longest", "without edges p50", "p99", "longest"),
    )
    for name, one in found.items():
        ascending = sorted(one.with_edges), sorted(one.without)
        section.rows.append((
            name,
            str(len(one.with_edges)),
            *(f"{percentile(times, share):.1f}" for times in ascending for share in (50, 99, 100)),
        ))  # fmt: skip
        section.raw[name] = {"with_edges": one.with_edges, "without": one.without}
    both = [sorted(ms for one in found.values() for ms in getattr(one, how)) for how in _BOTH]
    dearer = percentile(both[0], 99) - percentile(both[1], 99)
    section.aims.append(
        Aim("a write beside a statement, dearer by ms at p99 with edges", dearer, DEARER, at_least=False)
    )
    section.notes.append(
        "a write every 50 ms by one writer, from a second before the statement until five after it;"
        " with no edge, nothing is queued or told"
    )
    return section
