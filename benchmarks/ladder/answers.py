"""Do all rungs answer the same? The same documents, but for how links are spelled and pages named.

What a link leads to is compared, without the host that some frameworks put in front. Of a page its
results are compared, since `next` and `count` are each framework's own. Caches are asked twice: what
they have kept has to be right as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

_TIMES = 3  # A miss, a hit, and one more for tiers that promote.


class Answering(Protocol):
    """A server that can be asked."""

    def ask(self, path: str, *, method: str = "GET", **fields: str) -> tuple[Any, bytes]:
        """Send one request; return the response and its body."""


def comparable(body: bytes) -> Any:
    """Return the part of an answer that all rungs have in common.

    >>> comparable(b'{"count": 1, "results": [{"id": 7, "url": "http://host/posts/7/"}]}')
    [{'id': 7, 'url': '/posts/7/'}]
    """
    document = _with_relative_links(json.loads(body))
    return document.get("results", document)


def require_same(name: str, server: Answering, paths: Sequence[str], expected: Sequence[bytes]) -> None:
    """Check that a server answers what is expected, each time it is asked; raise `RuntimeError` if not."""
    for path, body in zip(paths, expected, strict=True):
        for _ in range(_TIMES):
            response, sent = server.ask(path)
            if response.status != 200 or comparable(sent) != comparable(body):
                raise RuntimeError(
                    f"nothing measured: {name} answers {response.status} to {path}, or shows something else:"
                    f" {sent[:300]!r}"
                )


def require_unchanged(server: Answering, path: str, etag: str) -> None:
    """Check that a known ETag is answered by an empty 304."""
    response, sent = server.ask(path, if_none_match=etag)
    if response.status != 304 or sent:
        raise RuntimeError(
            f"nothing measured: need an empty 304 to {path}, got {response.status} {sent[:300]!r}"
        )


def _with_relative_links(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_relative_links(one) for one in value]
    if isinstance(value, dict):
        return {
            name: urlsplit(one).path if name == "url" else _with_relative_links(one)
            for name, one in value.items()
        }
    return value
