"""What does a hit cost? From the look into L1 to the last message handed to the server."""

from __future__ import annotations

import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.inprocess.material import BROWSER, CLIENTS, CURL, KEY, PLENTY, answered, call, front, scope
from caching.answer import hit
from caching.conditional import Preconditions, Verdict, evaluate
from caching.entry import Entry
from caching.l1 import L1
from caching.messages import Receive, Scope, Send
from caching.negotiation import IDENTITY

pytestmark = pytest.mark.benchmark(group="a hit")


def test_nothing(benchmark: BenchmarkFixture) -> None:
    """Call a function that does nothing."""
    benchmark(lambda: None)


def test_l1_lookup(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Look into L1."""
    l1 = L1(PLENTY)
    l1.put(entry)
    assert l1.get(KEY) is entry
    benchmark(l1.get, KEY)


def test_if_none_match(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Evaluate If-None-Match."""
    tag = entry.variants[IDENTITY].etag
    sent, now = Preconditions(if_none_match=tag), time.time()

    def evaluated() -> Verdict:
        return evaluate(sent, method="GET", etag=tag, last_modified=None, now=now)

    assert evaluated() is Verdict.NOT_MODIFIED
    benchmark(evaluated)


def test_answer(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Answer a browser's hit, without the front."""
    now = time.time()
    status, _, body = hit(entry, BROWSER, method="GET", now=now)
    assert (status, body) == (200, entry.variants["br"].body)
    benchmark(hit, entry, BROWSER, method="GET", now=now)


def test_not_modified(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Answer a browser's 304, without the front."""
    now, headers = time.time(), [*BROWSER, (b"if-none-match", entry.variants["br"].etag)]
    status, _, body = hit(entry, headers, method="GET", now=now)
    assert (status, body) == (304, b"")
    benchmark(hit, entry, headers, method="GET", now=now)


def test_constant(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """A constant in place of the front."""
    variant = entry.variants[IDENTITY]
    start = {"type": "http.response.start", "status": 200, "headers": variant.full_dated}
    body = {"type": "http.response.body", "body": variant.body}

    async def constant(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start)
        await send(body)

    request = scope(CURL)
    assert answered(constant, request)[2] == variant.body
    benchmark(call, constant, request)


@pytest.mark.parametrize("client", CLIENTS)
def test_whole_hit(benchmark: BenchmarkFixture, entry: Entry, client: str) -> None:
    """A whole hit, from {client}."""
    application, request = front(entry), scope(CLIENTS[client])
    status, fields, body = answered(application, request)
    assert (status, fields[b"cache-status"]) == (200, b"readpath; hit")
    assert body == entry.variants["br" if client == "a browser" else IDENTITY].body
    benchmark(call, application, request)


def test_whole_304(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """A whole 304, from a browser."""
    request = scope([*BROWSER, (b"if-none-match", entry.variants["br"].etag)])
    application = front(entry)
    status, _, body = answered(application, request)
    assert (status, body) == (304, b"")
    benchmark(call, application, request)


def test_whole_head(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """A whole HEAD, from curl."""
    application, request = front(entry), scope(CURL, method="HEAD")
    status, fields, body = answered(application, request)
    assert (status, int(fields[b"content-length"]), body) == (200, len(entry.variants[IDENTITY].body), b"")
    benchmark(call, application, request)


def test_uncanonical_hit(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """A whole hit, by an uncanonical URL."""
    application, request = front(entry), scope(CURL, query=b"limit=20")
    status, _, body = answered(application, request)
    assert (status, body) == (200, entry.variants[IDENTITY].body)
    benchmark(call, application, request)
