"""All that a representation is built with, in this process: routes, views, L1 and the outbox.

To be imported once Django is set up. No server, no event loop: what is measured is the work.
"""

from __future__ import annotations

from typing import Any

import orjson

from api.builds import PublicReads
from api.routes import PUBLIC_ROUTES
from api.urls import READS
from caching.coherence import Coherence, Start
from caching.django_builds import DjangoBuilds
from caching.entry import Entry
from caching.l1 import L1
from caching.relaying import outbox
from caching.routes import RouteTable


class Kitchen:
    """Builds as a server does that shares nothing."""

    def __init__(self, l1_bytes: int) -> None:
        self.coherence = Coherence(L1(l1_bytes))
        self.coherence.trust()
        self._routes = RouteTable(PUBLIC_ROUTES)
        self._reads = PublicReads(READS)
        self._builds = DjangoBuilds(self._reads, self.coherence, self._store)

    def build(self, url: str) -> bytes:
        """Build as the server does; return the body."""
        landing = self._builds(self._target(url), self.coherence.begin())
        if not isinstance(landing.result, Entry) or not landing.is_stored:
            raise RuntimeError(f"need a build that may be kept, got {landing.result} for {url}")
        return landing.result.variants["identity"].body

    def cold(self, url: str) -> bytes:
        """Build with nothing kept."""
        self.coherence.l1.clear()
        return self.build(url)

    def view(self, url: str) -> bytes:
        """Return what the view answers."""
        return self._reads(self._target(url)).body

    def holds(self, url: str) -> bool:
        """Tell whether the URL's entry is in L1."""
        return self.coherence.l1.get(url.encode()) is not None

    def warm(self, urls: list[str]) -> None:
        """Let L1 have these pages."""
        for url in urls:
            if not self.holds(url):
                self.build(url)

    def relay(self) -> None:
        """Invalidate what has changed in the database."""
        with outbox.relaying() as taken:
            self.coherence.invalidate(taken.keys)

    def walk(self, first: str, most: int) -> list[str]:
        """Return the URLs of a list's first pages."""
        urls: list[str] = []
        url: str | None = first
        while url is not None and len(urls) < most:
            urls.append(url)
            url = orjson.loads(self.view(url))["next"]
        return urls

    def _store(self, entry: Entry, start: Start, *, is_composed: bool) -> bool:
        del is_composed
        return self.coherence.store(entry, start=start.position)

    def _target(self, url: str) -> Any:
        path, _, query = url.encode().partition(b"?")
        return self._routes.find(path, query)
