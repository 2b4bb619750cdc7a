"""Which ways of answering are compared? Six, each of which is the one before and one idea more.

    0  naive      all rows' columns; pages by offset, with a count; what else is shown, when it is shown
    1  optimized  `optimized_for_list`: what is shown, joined or prefetched; still by offset
    2  keyset     the same rows and serializers, entered by an index: no offset, no count
    3  build      what the service does on a miss: plain rows, a snapshot, surrogate keys, the codings
    4  rebuild    the same after one row has changed: a list's other rows are kept as fragments
    5  hit        what it does ever after: L1

The first three run through the whole of Django: middleware, URLs, view. The last runs through the
front alone, with nothing behind it: a hit that would wait for anything, or ask Django, fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.core.wsgi import get_wsgi_application
from django.db.models import Model
from django.test import RequestFactory

from api.builds import PublicReads
from api.routes import PUBLIC_ROUTES
from api.surrogate_keys import collecting_rows
from api.urls import READS
from benchmarks.profile import keyset
from benchmarks.profile.endpoints import Endpoint
from caching.asgi import Lifespan, ReadPath
from caching.build_rate import BuildRate
from caching.coherence import Coherence, Start
from caching.django_builds import DjangoBuilds
from caching.entry import Entry
from caching.flights import Flights, Landing
from caching.l1 import L1
from caching.messages import Receive, Scope, Send
from caching.negotiation import IDENTITY
from caching.routes import RouteTable, Target

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Level:
    """One way of answering. Of one that is `ours` nothing is forgiven."""

    number: int
    name: str
    is_ours: bool
    has_cursors: bool
    # Called with an endpoint, it prepares; what it returns, called, answers with the body.
    prepare: Callable[[Endpoint], Callable[[], bytes]]

    @property
    def title(self) -> str:
        """How tables and Silk name it."""
        return f"{self.number} {self.name}"


def levels() -> tuple[Level, ...]:
    """Return all of them, in this process."""
    handler, requests = get_wsgi_application(), RequestFactory(SERVER_NAME="localhost")
    front = _Front()

    def through_django(url: str) -> Callable[[], bytes]:
        request = requests.get(url)

        def answered() -> bytes:
            response = handler.get_response(request)
            if response.status_code != 200:
                raise RuntimeError(
                    f"need 200, got {response.status_code} for {url}: {response.content[:300]!r}"
                )
            return bytes(response.content)

        return answered

    return (
        Level(0, "naive", False, False, lambda asked: through_django(f"/naive{asked.url_by_offset}")),
        Level(1, "optimized", True, False, lambda asked: through_django(f"/optimized{asked.url_by_offset}")),
        Level(2, "keyset", True, True, lambda asked: through_django(f"{keyset.PREFIX}{asked.url}")),
        Level(3, "build", True, True, lambda asked: front.emptied(asked.url)),
        Level(4, "rebuild", True, True, lambda asked: front.changed(asked.url, asked.model)),
        Level(5, "hit", True, True, lambda asked: front.warmed(asked.url)),
    )


class _Front:
    """The service in this process: its builds, and its front once an entry is there."""

    def __init__(self) -> None:
        self._coherence = Coherence(L1(64 * _MIB))
        self._coherence.trust()
        self._built: Entry | None = None
        self._routes = RouteTable(PUBLIC_ROUTES)
        self._builds = DjangoBuilds(
            PublicReads(READS), self._coherence, self._keep, observing=collecting_rows
        )
        self._read_path = ReadPath(
            routes=self._routes,
            coherence=self._coherence,
            flights=Flights(_no_build, self._coherence, threads=1, queue=0),
            build_rate=BuildRate(0.0, math.inf),
            django=_nobody,
            lifespan=Lifespan(_nothing, _nothing),
        )

    def build(self, url: str) -> bytes:
        """Build the entry anew; return its body."""
        path, _, query = url.encode("ascii").partition(b"?")
        target = self._routes.find(path, query)
        if not isinstance(target, Target) or target.key != url.encode("ascii"):
            raise RuntimeError(f"need the canonical URL of a public read, got {url}")
        self._built = None
        self._builds(target, self._coherence.begin())
        if self._built is None or self._built.status != 200:
            raise RuntimeError(f"need an entry that may be stored, got none for {url}")
        return bytes(self._built.variants[IDENTITY].body)

    def emptied(self, url: str) -> Callable[[], bytes]:
        """Forget everything that was kept; return what builds the entry."""
        self._coherence.l1.clear()
        return lambda: self.build(url)

    def changed(self, url: str, model: type[Model]) -> Callable[[], bytes]:
        """Keep all that a build makes, but what shows one of its rows; return what builds the entry."""
        document = orjson.loads(self.emptied(url)())
        rows = document.get("results", [document])
        if rows:
            self._coherence.invalidate([f"{model._meta.model_name}:{rows[0]['id']}"])
        return lambda: self.build(url)

    def warmed(self, url: str) -> Callable[[], bytes]:
        """Put the entry into L1; return what asks for it like a client."""
        self.emptied(url)()
        path, _, query = url.encode("ascii").partition(b"?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": path.decode("ascii"),
            "raw_path": path,
            "query_string": query,
            "headers": [(b"host", b"localhost")],
        }
        sent: list[Mapping[str, Any]] = []

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        def answered() -> bytes:
            sent.clear()
            _run_without_waiting(self._read_path(scope, _no_request, send))
            if sent[0]["status"] != 200:
                raise RuntimeError(f"need a hit, got {sent[0]} for {url}")
            body: bytes = sent[1]["body"]
            return body

        return answered

    def _keep(self, entry: Entry, start: Start, *, is_composed: bool) -> bool:
        del is_composed
        self._built = entry
        return self._coherence.store(entry, start=start.position)


def _run_without_waiting(answering: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that has nothing to wait for, without an event loop around it."""
    try:
        answering.send(None)
    except StopIteration:
        return
    answering.close()
    raise RuntimeError("need an answer from memory, got one that waits for something")


def _no_build(target: Target, _start: Start) -> Landing:
    raise RuntimeError(f"need a hit, got a build of {target.key!r}")


async def _nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("need a hit, got a request that goes to Django")


async def _no_request() -> Any:
    raise RuntimeError("need an answer that reads no body")


async def _nothing() -> None:
    pass
