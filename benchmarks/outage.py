"""What do requests cost while Redis is gone, and who notices that it went?

Twice, with a Redis that is killed and with one that hangs (`SIGSTOP`), the same three things:

* the moment: a few clients ask at a steady pace, for what is warm and for what is cold, from before
  the fault until well after the lease has run out. The longest request since the fault, beside
  the longest of the same clients at a server that never had a Redis: the aim is a time-out more;
* a writer: how long is a change not answered, in the first second of the outage and later on?
* the steady outage: answers from L1 that a look at the outbox has confirmed, as many as one worker
  gives, and what PostgreSQL has to bear meanwhile.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from threading import Event, Thread
from typing import Any, Final

from benchmarks.fleet import Services, kept_connection
from benchmarks.load import Load, Rate, measure
from benchmarks.machine import cores
from benchmarks.report import Aim, Section, percentile, progress
from benchmarks.servers import CONFIGURATION, LIST, Gunicorn

TIMEOUT: Final = 50.0  # Milliseconds: what one request may take longer.
_CONFIRMED: Final = "readpath; hit; detail=confirmed"
_WARM: Final = 20  # Posts whose pages are asked for again and again.
_PACE: Final = {"warm": 0.004, "cold": 0.015}  # Seconds between two requests of a client.
_BEFORE: Final = 1.0  # Seconds.
_AFTER: Final = 4.0  # A lease runs out after two.
_STEADY: Final = 3.0
_FLUSHED_AFTER: Final = 1.2  # Seconds after which PostgreSQL's sessions say what they have counted.
_COUNTED: Final = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'"


@dataclass(slots=True)
class _Asked:
    """What clients at a steady pace have seen: when each request was sent, and how long it took."""

    requests: list[tuple[float, float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def since(self, moment: float) -> list[float]:
        """Return how many milliseconds each took that was under way at the moment or later, ascending."""
        return sorted(took * 1000 for sent_at, took, _ in self.requests if sent_at + took >= moment)


@dataclass(slots=True)
class _Outage:
    """What one way of losing Redis came to; times in milliseconds."""

    requests: int
    p99: float
    longest: float
    failures: list[str]
    first_write: float
    later_write: float
    confirmed: Rate
    looks_per_second: float


def run(behind: Services) -> Section:
    """Measure."""
    posts = behind.posts()
    random.Random(1).shuffle(posts)
    with _server(behind, "readpath without Redis", with_redis=False) as server:
        progress("outage: the same clients, without Redis")
        asked, moment = _asked_through(server, posts, lambda: None)
        alone = asked.since(moment)
        write = _write(server, behind, posts[0], "without Redis")
    found = {}
    for name, lose, find in (
        ("killed", behind.redis.kill, behind.redis.start),
        ("hung", behind.redis.pause, behind.redis.resume),
    ):
        behind.forget()
        with _server(behind, f"readpath, Redis {name}") as server:
            try:
                found[name] = _outage(server, behind, posts, name, lose)
            finally:
                find()
    return _reported(found, alone, write)


@contextmanager
def _server(behind: Services, name: str, *, with_redis: bool = True) -> Iterator[Gunicorn]:
    server_core, _ = cores()
    environment = behind.environment(with_redis=with_redis)
    log = behind.directory / f"{name}.log"
    with Gunicorn(CONFIGURATION, environment, log=log, core=server_core) as server:
        server.wait_for_hits(LIST)
        yield server


def _outage(server: Gunicorn, behind: Services, posts: list[int], name: str, lose: Any) -> _Outage:
    progress(f"outage: Redis is {name} under way")
    written: list[float] = []

    def lose_and_write() -> None:
        lose()
        written.append(_write(server, behind, posts[1], f"{name}, first"))

    asked, moment = _asked_through(server, posts, lose_and_write)
    times = asked.since(moment)
    written.append(_write(server, behind, posts[2], f"{name}, later"))
    progress(f"outage: Redis has been {name} for a while")
    path = _detail(posts[3])
    server.wait_for_hits(path, _CONFIRMED)
    _, core = cores()
    before, began = _transactions(server, behind, path), time.perf_counter()
    rate = measure(server, Load(path), seconds=_STEADY, core=core)
    seconds = time.perf_counter() - began
    looks = _transactions(server, behind, path) - before
    return _Outage(
        requests=len(times),
        p99=percentile(times, 99),
        longest=times[-1],
        failures=asked.failures,
        first_write=written[0],
        later_write=written[1],
        confirmed=rate,
        looks_per_second=looks / seconds,
    )


def _asked_through(server: Gunicorn, posts: list[int], fault: Any) -> tuple[_Asked, float]:
    """Let clients ask before and after a fault; return what they saw, and when it was."""
    warm = [_detail(post) for post in posts[:_WARM]]
    for path in warm:
        server.wait_for_hits(path)
    asked, ended = _Asked(), Event()
    clients = [
        Thread(target=_ask_steadily, args=(server, asked, ended, "warm", _again_and_again(warm))),
        Thread(target=_ask_steadily, args=(server, asked, ended, "cold", map(_detail, posts[_WARM:]))),
    ]
    for client in clients:
        client.start()
    try:
        ended.wait(_BEFORE)
        moment = time.perf_counter()
        fault()
        ended.wait(max(0.0, moment + _AFTER - time.perf_counter()))
    finally:
        ended.set()
        for client in clients:
            client.join()
    if not asked.requests:
        raise RuntimeError("nothing was asked")
    return asked, moment


def _ask_steadily(server: Gunicorn, asked: _Asked, ended: Event, kind: str, paths: Iterator[str]) -> None:
    connection = kept_connection(server.port)
    for path in paths:
        if ended.wait(_PACE[kind]):
            break
        sent_at = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        asked.requests.append((sent_at, time.perf_counter() - sent_at, kind))
        if response.status != 200:
            asked.failures.append(f"{response.status} for {path}")
    connection.close()


def _again_and_again(paths: list[str]) -> Iterator[str]:
    while True:
        yield from paths


def _detail(post: int) -> str:
    return f"/api/v1/posts/{post}/"


def _write(server: Gunicorn, behind: Services, post: int, title: str) -> float:
    """Return how many milliseconds it takes until a change is answered, and by then seen."""
    connection = kept_connection(server.port)
    fields = {"Authorization": f"Token {behind.token}", "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("PATCH", _detail(post), json.dumps({"title": title}), fields)
    response = connection.getresponse()
    body = response.read()
    took = (time.perf_counter() - began) * 1000
    connection.close()
    shown = json.loads(server.ask(_detail(post))[1]).get("title")
    if response.status != 200 or shown != title:
        raise RuntimeError(
            f"need {title!r} written and shown, got {response.status}, {shown!r}: {body[:300]!r}"
        )
    return took


def _transactions(server: Gunicorn, behind: Services, path: str) -> int:
    """Return how many transactions PostgreSQL has ended so far, once its sessions have told."""
    # A session that has counted for more than a second tells with its next transaction.
    time.sleep(_FLUSHED_AFTER)
    server.ask(path)
    with behind.cluster.connect() as connection:
        return int(connection.execute(_COUNTED).fetchone()[0])


def _reported(found: dict[str, _Outage], alone: list[float], write: float) -> Section:
    section = Section(
        "With Redis gone, one worker",
        (
            "Redis",
            "longest ms",
            "p99 ms",
            "of",
            "first write ms",
            "later ms",
            "confirmed hits/s",
            "p50 ms",
            "p99 ms",
            "looks/s",
        ),
    )
    longest = alone[-1]
    section.rows.append(
        (
            "not configured",
            f"{longest:.1f}",
            f"{percentile(alone, 99):.1f}",
            str(len(alone)),
            f"{write:.0f}",
            *"-----",
        )
    )
    for name, one in found.items():
        section.rows.append(
            (
                name,
                f"{one.longest:.1f}",
                f"{one.p99:.1f}",
                str(one.requests),
                f"{one.first_write:.0f}",
                f"{one.later_write:.0f}",
                f"{one.confirmed.per_second:,.0f}",
                f"{one.confirmed.p50 * 1000:.2f}",
                f"{one.confirmed.p99 * 1000:.2f}",
                f"{one.looks_per_second:,.0f}",
            )
        )
        section.aims += [
            Aim(f"{name}: the longest read, longer by ms", one.longest - longest, TIMEOUT, at_least=False),
            Aim(f"{name}: reads that failed", len(one.failures), 0, at_least=False),
        ]
        section.notes += [f"{name}: {failure}" for failure in one.failures[:3]]
    section.notes += [
        "first write: sent in the moment of the fault; it waits for a lease and a tenth, 2.2 s",
        "looks/s: transactions per second that PostgreSQL ended meanwhile, the relay's own among them",
    ]
    section.raw = {
        "outages": {name: asdict(one) for name, one in found.items()},
        "not_configured": {"milliseconds": alone, "write": write},
    }
    return section
