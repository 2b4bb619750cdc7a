"""What the ladder compares is the same, what it counts is there, and what it divides belongs together."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.ladder import counting, rungs, showing
from benchmarks.ladder.answers import comparable, require_same, require_unchanged
from benchmarks.ladder.asking import Asked, Go, ask
from benchmarks.ladder.counting import queries_in
from benchmarks.ladder.proxies import NGINX_HIT, Nginx
from benchmarks.ladder.rebuilds import Rebuilt
from benchmarks.ladder.rung import Rung
from benchmarks.load import CONNECTIONS
from tests import postgres, redis

POST = {"id": 7, "url": "/api/v1/posts/7/", "author": {"url": "/api/v1/authors/1/"}}
LOG = """\
readpath[ours] LOG:  statement: BEGIN READ ONLY
readpath[ours] LOG:  execute _pg3_1: SELECT 1
readpath[ours] DETAIL:  parameters: $1 = 'SELECT 2'
readpath[ours] LOG:  statement:
\tSELECT 3
readpath[ours] LOG:  statement: (SELECT "id" FROM a) UNION (SELECT "id" FROM b)
readpath[ours] LOG:  execute <unnamed>: WITH found AS (SELECT 4) SELECT * FROM found
readpath[theirs] LOG:  statement: SELECT 5
readpath[ours] LOG:  statement: COMMIT
"""


class _Answering:
    def __init__(self, *answers: Any, status: int = 200) -> None:
        self._answers = [json.dumps(answer).encode() if answer is not None else b"" for answer in answers]
        self._status = status

    def ask(self, path: str, **_: Any) -> tuple[Any, bytes]:
        del path
        body = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return SimpleNamespace(status=self._status), body


def test_a_page_may_differ_in_how_links_are_spelled_and_pages_named() -> None:
    absolute = {"url": "http://host:1/api/v1/posts/7/", "author": {"url": "http://host:1/api/v1/authors/1/"}}
    ours = json.dumps({"next": "a", "results": [POST]}).encode()
    theirs = json.dumps({"count": 1, "next": "b", "results": [{**POST, **absolute}]}).encode()
    assert comparable(ours) == comparable(theirs) == [POST]


@pytest.mark.parametrize(
    "other",
    [{**POST, "id": 8}, {**POST, "url": "/api/v1/posts/8/"}, {"id": 7}, {**POST, "more": 1}],
)
def test_a_rung_that_answers_something_else_is_not_measured(other: Any) -> None:
    with pytest.raises(RuntimeError, match="nothing measured: it answers 200 to /page"):
        require_same("it", _Answering(other), ["/page"], [json.dumps(POST).encode()])


def test_a_rung_whose_cache_answers_something_else_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="nothing measured"):
        require_same("it", _Answering(POST, {**POST, "id": 8}), ["/page"], [json.dumps(POST).encode()])


def test_a_rung_that_fails_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="500"):
        require_same("it", _Answering(POST, status=500), ["/page"], [json.dumps(POST).encode()])


@pytest.mark.parametrize(("status", "body"), [(200, None), (304, {})])
def test_a_304_has_to_be_one_and_empty(status: int, body: Any) -> None:
    with pytest.raises(RuntimeError, match="need an empty 304"):
        require_unchanged(_Answering(body, status=status), "/page", '"etag"')


def test_queries_are_counted_for_one_server_and_without_transactions() -> None:
    assert queries_in(LOG, "ours") == 4
    assert queries_in(LOG, "theirs") == 1


def _rung(name: str, *rates: float) -> Rung:
    rung = Rung(name, None, Asked(["/"]))
    rung.goes = [Go(round(rate), 1.0, 0.001, 0.002, round(rate) * 1000, 0.5) for rate in rates]
    return rung


def test_ratios_are_taken_within_a_round() -> None:
    # The machine was ten times slower in the second round, for both.
    assert showing.ratios(_rung("a", 1000, 100), _rung("b", 500, 50)) == [2.0, 2.0]


def test_details_are_judged_by_the_rung_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing.plots, "bars", lambda *_, **__: Path("plot"))
    section = showing.of_details([
        _rung(rungs.NAIVE_DETAIL, 100, 90),
        _rung(rungs.OPTIMIZED_DETAIL, 300, 200),
        _rung(rungs.DETAIL, 900, 600),
        _rung(rungs.DETAIL_ALONE, 330, 220),
    ])  # fmt: skip
    assert [(aim.what, aim.value, aim.is_reached) for aim in section.aims] == [
        (f"{rungs.DETAIL} / {rungs.OPTIMIZED_DETAIL}", 3.0, True),
        (f"{rungs.DETAIL_ALONE} / {rungs.OPTIMIZED_DETAIL}", pytest.approx(1.1), False),
    ]
    cells = dict(zip(section.columns, section.rows[2], strict=True))
    assert (cells["answers/s"], cells["bytes"], cells["Redis calls"]) == ("750", "1,000", "0.0")
    assert cells[f"/ {rungs.OPTIMIZED_DETAIL}"] == "3"


def test_a_rebuild_is_judged_by_the_cpu_time_of_an_uncached_page() -> None:
    rebuilt = Rebuilt("ours, rebuild", [0.001, 0.009, 0.001], [0.0005], [0.006, 0.007, 0.007])
    (aim,) = showing.of_rebuilds([rebuilt]).aims
    assert aim.value == pytest.approx(7.0)
    assert aim.is_reached


class _Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # An answer in one piece: else the kernel waits between head and body.
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Cache-Control", "max-age=0")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that have gone."""


@contextmanager
def _counting() -> Iterator[tuple[int, list[str]]]:
    """Run a server that remembers what it was asked; yield its port, and that."""
    asked: list[str] = []
    with _Server(("127.0.0.1", 0), type("Handler", (_Counting,), {"asked": asked})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_walk_asks_for_each_url_once_and_knows_how_long_it_took(tmp_path: Path) -> None:
    paths = [f"/pages/{number}" for number in range(60)]
    with _counting() as (port, asked):
        server = SimpleNamespace(worker=os.getpid(), url=lambda path: f"http://127.0.0.1:{port}{path}")
        go = ask(server, Asked(paths, once=True), seconds=1, core=None, directory=tmp_path)
    walked = set(asked)
    assert walked <= set(paths)
    # When it is told to stop, wrk still serves the connections that it has looked at already.
    assert len(asked) - len(walked) < CONNECTIONS
    # Who comes to the end is timed until there, though wrk ends when its second is over.
    assert (go.seconds < 1) == (walked == set(paths))


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_answers_from_its_cache_whatever_browsers_are_told(tmp_path: Path) -> None:
    with _counting() as (port, asked):
        nginx = Nginx(tmp_path / "nginx", core=None, configuration="nginx_cache.conf", upstream=port)
        with nginx:
            nginx.wait_for_hits("/page", NGINX_HIT)
            before = len(asked)
            response, body = nginx.ask("/page")
            assert (response.headers["cache-status"], body) == (NGINX_HIT, b"{}")
            assert len(asked) == before


@pytest.mark.skipif(not redis.is_installed(), reason="Redis is not installed")
def test_redis_calls_are_those_that_a_server_sends_and_not_those_of_its_scripts() -> None:
    with redis.running_redis() as store, store.client() as server:

        def call() -> None:
            server.set("a", "1")
            server.eval("redis.call('GET', 'a') return redis.call('GET', 'a')", 0)
            server.ping()

        assert counting.redis_calls(store)(call) == 2
        assert counting.redis_calls(store)(lambda: None) == 0


@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed")
def test_queries_are_counted_by_postgresql_itself() -> None:
    with postgres.running_postgres(log_line_prefix=counting.LINE_PREFIX) as cluster:
        connecting = {**cluster.connecting, "application_name": "ours"}
        with counting.statements_told(cluster), postgres.psycopg.connect(**connecting) as server:

            def call() -> None:
                for number in range(7):  # The sixth is prepared.
                    server.execute("SELECT %s::int", [number])
                server.commit()

            assert counting.queries(cluster, "ours")(call) == 7
            assert counting.queries(cluster, "theirs")(call) == 0
        # Told no more: else the goes that are timed would pay for it.
        with postgres.psycopg.connect(**connecting) as server:
            assert counting.queries(cluster, "ours")(lambda: server.execute("SELECT 1") and None) == 0


def test_what_an_idle_server_does_is_taken_off() -> None:
    counts = iter([10, 45])  # In two idle seconds, and while four requests took three.
    moments = iter([100.0, 103.0])

    def counted(act: counting.Act) -> int:
        act()
        return next(counts)

    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting.time, "sleep", lambda _: None)
        patched.setattr(counting.time, "monotonic", lambda: next(moments))
        assert counting.per_call(counted, asked.append, ["a", "b", "a", "b"]) == (45 - 5 * 3) / 4
    assert asked == ["a", "b", "a", "b"]
