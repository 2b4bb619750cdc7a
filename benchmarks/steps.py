"""Where does the time of a hit go, as far as it is ours? Each step alone, in process.

Nothing is sent and nothing is received, so this is what can be saved in our own code; what
the server and the kernel add is in `hits`. Caches of the processor are warm here and cold
there: the sum of the steps is less than they cost under load.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from benchmarks.report import Section, progress
from caching.answer import answer
from caching.asgi import Application, Lifespan, ReadPath
from caching.build_rate import BuildRate
from caching.building import Dependencies
from caching.codec import GENERATION_BYTES, decode, encode
from caching.coherence import Coherence
from caching.conditional import Preconditions, evaluate
from caching.entry import Entry, Reply, make_entry
from caching.flights import Flights, Landing
from caching.freshness import CachePolicy
from caching.headers import Field, read_request_fields
from caching.l1 import L1
from caching.negotiation import IDENTITY, negotiate
from caching.routes import RouteTable, Target

_PATH: Final = b"/api/v1/posts/"
_TIMES: Final = 20_000  # Calls in one go; one of them costs less than the clock can tell.
_DAY: Final = 86_400.0
_POLICY: Final = CachePolicy(soft_ttl=_DAY, hard_ttl=_DAY, error_ttl=_DAY, browser_ttl=5, edge_ttl=60)
_FEW: Final[list[Field]] = [(b"host", b"localhost")]
_BROWSER: Final[list[Field]] = [
    (b"host", b"localhost"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"application/json"),
    (b"accept-language", b"en-GB,en;q=0.7"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"referer", b"https://example.org/"),
    (b"origin", b"https://example.org"),
    (b"sec-fetch-mode", b"cors"),
    (b"connection", b"keep-alive"),
]


def run(*, rounds: int) -> Section:
    """Measure."""
    progress("steps: timing each step of a hit")
    section = Section("The steps of a hit, in process", ("step", "ns"))
    for name, function in (*_steps().items(), *_by_way_of_l2().items(), *_whole().items()):
        times = [function() for _ in range(1 + 3 * rounds)]
        # The least: whatever else the machine did can only have added to it.
        section.rows.append((name, f"{min(times):,.0f}"))
        section.raw[name] = times
    section.notes.append(
        "a page: 11 kB, four codings, 120 surrogate keys; on an L2 hit it is decoded once, for L1"
    )
    section.notes.append("the first rows are parts of the others; the constant is what any application pays")
    return section


def _entry() -> Entry:
    posts = [
        {"id": number, "title": f"The title of post {number}", "excerpt": "So it begins. " * 30}
        for number in range(22)
    ]
    keys = {f"post:{number}" for number in range(22)} | {"posts"}
    reply = Reply(200, json.dumps({"results": posts}).encode(), dependencies=Dependencies(keys))
    return make_entry(_PATH, reply, _POLICY, now=time.time() - 60)


def _page() -> Entry:
    """Make a list of about 11 kB that compresses as text does and shows very many rows."""
    choose = random.Random(1)
    letters = "etaoinshrdlu"
    words = ["".join(choose.choices(letters, k=choose.randint(2, 9))) for _ in range(600)]
    posts = [
        {
            "id": number,
            "title": " ".join(choose.choices(words, k=6)),
            "excerpt": " ".join(choose.choices(words, k=65)),
        }
        for number in range(22)
    ]
    keys = {f"post:{number}" for number in range(116)} | {"posts"}
    reply = Reply(200, json.dumps({"results": posts}).encode(), dependencies=Dependencies(keys))
    return make_entry(_PATH, reply, _POLICY, now=time.time() - 60)


def _steps() -> dict[str, Callable[[], float]]:
    entry = _entry()
    l1 = L1(2**30)
    l1.put(entry)
    plain, browser = read_request_fields(_FEW), read_request_fields(_BROWSER)
    now = time.time()
    etag = entry.variants[IDENTITY].etag
    unchanged = Preconditions(if_none_match=etag)
    accepted = dict(_BROWSER)[b"accept-encoding"]
    return {
        "look into L1": _timed(lambda: l1.get(_PATH)),
        "look at the clock": _timed(time.time),
        "read the request's fields": _timed(lambda: read_request_fields(_FEW)),
        "read a browser's fields": _timed(lambda: read_request_fields(_BROWSER)),
        "negotiate the coding": _timed(lambda: negotiate(accepted, entry.codings)),
        "evaluate If-None-Match": _timed(
            lambda: evaluate(unchanged, method="GET", etag=etag, last_modified=None, now=now)
        ),
        "answer": _timed(lambda: answer(entry, plain, method="GET", now=now)),
        "answer a browser": _timed(lambda: answer(entry, browser, method="GET", now=now)),
    }


def _by_way_of_l2() -> dict[str, Callable[[], float]]:
    entry = _page()
    generations = {key: random.randbytes(GENERATION_BYTES) for key in entry.surrogate_keys}
    data = encode(entry, generations)
    if decode(data, _PATH).entry != entry:
        raise RuntimeError("need what was encoded, got something else")
    return {
        "encode a page for L2": _timed(lambda: encode(entry, generations)),
        "decode a page from L2": _timed(lambda: decode(data, _PATH)),
    }


def _whole() -> dict[str, Callable[[], float]]:
    entry = _entry()
    service = _service(entry)
    etag = entry.variants[IDENTITY].etag
    start = {"type": "http.response.start", "status": 200, "headers": entry.variants[IDENTITY].full_dated}
    body = {"type": "http.response.body", "body": entry.variants[IDENTITY].body}

    async def constant(_scope: object, _receive: object, send: Callable[[Any], Any]) -> None:
        await send(start)
        await send(body)

    return {
        "constant": lambda: asyncio.run(_served(constant, _FEW, 200)),
        "hit": lambda: asyncio.run(_served(service, _FEW, 200)),
        "hit, a browser's": lambda: asyncio.run(_served(service, _BROWSER, 200)),
        "304": lambda: asyncio.run(_served(service, [*_FEW, (b"if-none-match", etag)], 304)),
        "HEAD": lambda: asyncio.run(_served(service, _FEW, 200, method="HEAD")),
    }


def _timed(function: Callable[[], object]) -> Callable[[], float]:
    """Return a function that returns the nanoseconds of a call, the loop's own taken off."""

    def nanoseconds() -> float:
        return _loop(function) - _loop(_nothing)

    return nanoseconds


def _loop(function: Callable[[], object]) -> float:
    before = time.perf_counter_ns()
    for _ in range(_TIMES):
        function()
    return (time.perf_counter_ns() - before) / _TIMES


def _nothing() -> None:
    pass


async def _served(
    application: Application, headers: list[Field], status: int, *, method: str = "GET"
) -> float:
    """Return the nanoseconds in which an application answers, once it has proved that it does."""
    sent: list[MutableMapping[str, Any]] = []
    scope = {
        "type": "http",
        "method": method,
        "path": _PATH.decode(),
        "raw_path": _PATH,
        "query_string": b"",
        "headers": headers,
    }

    async def witness(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def send(_message: MutableMapping[str, Any]) -> None:
        pass

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    await application(scope, receive, witness)
    if sent[0]["status"] != status:
        raise RuntimeError(f"need {status}, got {sent[0]}")
    before = time.perf_counter_ns()
    for _ in range(_TIMES):
        await application(scope, receive, send)
    return (time.perf_counter_ns() - before) / _TIMES


def _service(entry: Entry) -> ReadPath:
    """Return a front that holds the entry, and behind which there is nothing."""
    coherence = Coherence(L1(2**30))
    coherence.trust()
    if not coherence.store(entry, start=coherence.position()):
        raise RuntimeError("need a front that holds the entry")

    async def nobody(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError("need a hit, got a request that goes to Django")

    def no_build(target: Target, _start: int) -> Landing:
        raise RuntimeError(f"need a hit, got a build of {target.key!r}")

    return ReadPath(
        routes=RouteTable(()),
        coherence=coherence,
        flights=Flights(no_build, coherence, threads=1, queue=0),
        build_rate=BuildRate(0.0, math.inf),
        django=nobody,
        lifespan=Lifespan(_nothing, _nothing),
    )
