"""Build what a URL of the API is answered with as the read path does, and tell what that depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from api.builds import PublicReads
from api.routes import PUBLIC_ROUTES
from api.surrogate_keys import collecting_rows
from api.urls import READS
from caching.building import collecting
from caching.entry import Reply
from caching.routes import RouteTable, Target
from caching.surrogate_keys import carried_keys

_ROUTES = RouteTable(PUBLIC_ROUTES)


@dataclass(frozen=True)
class Built:
    """What was built, and all that it depends on."""

    reply: Reply
    keys: frozenset[str]
    changes_at: float | None

    @property
    def document(self) -> Any:
        """The body as it is read."""
        return orjson.loads(self.reply.body)

    def falls_with(self, keys: set[str]) -> bool:
        """Tell whether an invalidation of these keys would drop it."""
        return not carried_keys(self.keys).isdisjoint(keys)


def target_of(url: str) -> Target:
    """Return the public read at a URL."""
    path, _, query = url.partition("?")
    target = _ROUTES.find(path.encode(), query.encode())
    assert isinstance(target, Target), url
    return target


def build(url: str) -> Built:
    """Build a URL without anything that is kept."""
    with collecting() as dependencies, collecting_rows():
        reply = PublicReads(READS)(target_of(url))
    return Built(reply, frozenset(dependencies.keys), dependencies.changes_at)


def every_page(first: str) -> dict[str, Built]:
    """Build all pages of a list: those that lead forwards to its end, and those that lead back from each."""
    pages: dict[str, Built] = {}
    following: str | None = first
    while following is not None:
        page = pages[following] = build(following)
        back = page.document["previous"]
        if back is not None and back not in pages:
            pages[back] = build(back)
        following = page.document["next"]
    return pages
