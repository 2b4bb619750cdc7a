"""How does a test tell an edge? As it is configured: by an address and tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from caching.edges.configuration import configured
from caching.edges.edge import Backend
from tests.edges.doubles.cloudflare import CloudflareDouble
from tests.edges.doubles.fastly import FastlyDouble
from tests.edges.doubles.server import PATIENCE, Call, Reply, Server

TOKEN = "the-token-that-nobody-sees"


class Plain(Server):
    """A cache that takes PURGE from whoever has the token."""

    def reply(self, call: Call) -> Reply:
        """Say that it was done."""
        is_known = call.fields.get("Authorization") == f"Bearer {TOKEN}"
        return Reply(200, {"purged": 1}) if is_known else Reply(401)


@contextmanager
def backend(url: str, **tokens: str) -> Iterator[Backend]:
    """Yield the backend of the edge at this address, which gets the time it needs if no other is named."""
    if "timeout=" not in url:
        url += f"{'&' if '?' in url else '?'}timeout={PATIENCE}"
    given = dict.fromkeys(("PURGE_TOKEN", "FASTLY_TOKEN", "CLOUDFLARE_TOKEN"), TOKEN) | tokens
    (edge,) = configured({"EDGES": [f"edge={url}"], **given})
    try:
        yield edge.backend
    finally:
        edge.backend.close()


def address(double: Server) -> str:
    """Return how a double is configured."""
    if isinstance(double, FastlyDouble):
        return f"fastly://{double.service}?api={double.url}"
    if isinstance(double, CloudflareDouble):
        return f"cloudflare://{double.zone}?api={double.url}"
    return f"purge://127.0.0.1:{double.port}/labels"
