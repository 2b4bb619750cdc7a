"""How long does it take to build a representation? As the server does it, but for the codings."""

from __future__ import annotations

import time
from typing import Any

import orjson
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.builds import PublicReads
from api.routes import PUBLIC_ROUTES
from api.urls import READS
from caching.coherence import Coherence, Start
from caching.django_builds import DjangoBuilds
from caching.entry import Entry, Reply
from caching.l1 import L1
from caching.routes import RouteTable, Target

_MIB = 1024 * 1024


def _store_nothing(entry: Entry, start: Start, *, is_composed: bool) -> bool:
    del entry, start, is_composed
    return False


class Builds:
    """Builds replies in this process, in a snapshot transaction, through all of Django."""

    def __init__(self) -> None:
        self._routes = RouteTable(PUBLIC_ROUTES)
        coherence = Coherence(L1(_MIB))
        self._builds = DjangoBuilds(PublicReads(READS), coherence, _store_nothing)

    def seconds(self, url: str) -> float:
        """Build once; return the time it took."""
        target = self._target(url)
        before = time.perf_counter()
        self._builds.reply(target)
        return time.perf_counter() - before

    def document(self, url: str) -> dict[str, Any]:
        """Build once; return what it shows."""
        reply = self._built(url)
        document: dict[str, Any] = orjson.loads(reply.body)
        return document

    def queries(self, url: str) -> int:
        """Build once; return the number of queries that read rows."""
        with CaptureQueriesContext(connection) as captured:
            self._built(url)
        return sum(
            1 for query in captured if query["sql"].lstrip("( ").upper().startswith(("SELECT", "WITH"))
        )

    def _built(self, url: str) -> Reply:
        reply = self._builds.reply(self._target(url))
        if reply.status != 200:
            raise RuntimeError(f"need a page, got {reply.status} for {url}: {reply.body[:300]!r}")
        return reply

    def _target(self, url: str) -> Target:
        path, _, query = url.encode().partition(b"?")
        target = self._routes.find(path, query)
        if not isinstance(target, Target) or target.key != url.encode():
            raise RuntimeError(f"need the canonical URL of a public read, got {url}")
        return target
