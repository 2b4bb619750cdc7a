"""What are the steps measured on? The first page of the posts, and what a server makes of it.

All of it comes about as it does in the service, by its public functions, from the database
that is measured. Nothing here is timed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Any, Final

import orjson
from django.test import Client

from api.policies import FIRST_PAGE
from api.routes import POST_LIST, PUBLIC_ROUTES
from caching.asgi import Lifespan, ReadPath
from caching.build_rate import BuildRate
from caching.building import Dependencies
from caching.codings import CODINGS
from caching.coherence import Coherence
from caching.entry import Entry, Reply, add_coding, make_entry
from caching.flights import Flights, Landing
from caching.headers import Field
from caching.l1 import L1
from caching.messages import Application, Scope
from caching.routes import RouteTable, Target

KEY: Final = POST_LIST.template.encode()
_DAY: Final = 86_400.0
PLENTY: Final = 2**30  # Bytes for an L1 that evicts nothing.
CURL: Final[list[Field]] = [(b"host", b"localhost"), (b"accept", b"*/*")]
BROWSER: Final[list[Field]] = [
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
CLIENTS: Final = {"curl": CURL, "a browser": BROWSER}


def body() -> bytes:
    """Return the page as Django answers it."""
    response = Client().get(POST_LIST.template, secure=True, headers={"host": "localhost"})
    if response.status_code != 200:
        raise RuntimeError(f"need a page, got {response.status_code}: {response.content[:300]!r}")
    return bytes(response.content)


def reply(body: bytes) -> Reply:
    """Return what a build of the page comes to, with the surrogate keys of all that it shows."""
    keys = {"posts"}
    for post in orjson.loads(body)["results"]:
        keys |= {f"post:{post['id']}", f"category:{post['category']['id']}"}
        keys |= {f"tag:{tag['id']}" for tag in post["tags"]}
        if post["author"] is not None:
            keys.add(f"author:{post['author']['id']}")
    return Reply(200, body, dependencies=Dependencies(keys))


def entry(body: bytes) -> Entry:
    """Return the entry of the page, made a minute ago, with all codings, and fresh for a day."""
    policy = replace(FIRST_PAGE, soft_ttl=_DAY, hard_ttl=_DAY, error_ttl=_DAY)
    made = make_entry(KEY, reply(body), policy, now=time.time() - 60)
    for coding in CODINGS:
        if coding not in made.variants:
            made.bytes += add_coding(made, coding)
    return made


def front(entry: Entry) -> ReadPath:
    """Return a front that holds the entry, and behind which there is nothing."""
    coherence = Coherence(L1(PLENTY))
    coherence.trust()
    if not coherence.store(entry, start=coherence.position()):
        raise RuntimeError("need a front that holds the entry")

    async def nobody(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError("need a hit, got a request that goes to Django")

    async def nothing() -> None:
        pass

    def no_build(target: Target, _start: object) -> Landing:
        raise RuntimeError(f"need a hit, got a build of {target.key!r}")

    return ReadPath(
        routes=RouteTable(PUBLIC_ROUTES),
        coherence=coherence,
        flights=Flights(no_build, coherence, threads=1, queue=0),
        build_rate=BuildRate(0.0, math.inf),
        django=nobody,
        lifespan=Lifespan(nothing, nothing),
    )


def scope(headers: list[Field], *, method: str = "GET", query: bytes = b"") -> Scope:
    """Return an HTTP request for the page, as a server hands it on."""
    return {
        "type": "http",
        "method": method,
        "path": KEY.decode(),
        "raw_path": KEY,
        "query_string": query,
        "headers": headers,
    }


def call(application: Application, request: Scope) -> None:
    """Have a request answered that waits for nothing: no event loop is needed, nor in the figures."""
    try:
        application(request, _receive, _send).send(None)
    except StopIteration:
        return
    raise RuntimeError("need an answer at once, got one that waits")


def answered(application: Application, request: Scope) -> tuple[int, Mapping[bytes, bytes], bytes]:
    """Return status, fields and body of an answer."""
    sent: list[MutableMapping[str, Any]] = []

    async def witness(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    try:
        application(request, _receive, witness).send(None)
    except StopIteration:
        start, rest = sent
        return start["status"], dict(start["headers"]), rest["body"]
    raise RuntimeError("need an answer at once, got one that waits")


async def _receive() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


async def _send(_message: MutableMapping[str, Any]) -> None:
    pass
