"""When nothing waits any more: is any answer at any edge another than it should be?

Every URL that was ever read through an edge, in the coding in which it was read, is asked for
there once more, and compared with what the same code says with no cache at all, over the same
database. Nobody writes meanwhile.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse

import orjson

from tests.edges.chaos.reading import Representation, Stale, ask, decoded

_PATIENCE = 60.0  # Seconds.
_PAUSE = 0.05  # Seconds between two attempts.
_MOST_TOLD = 60
_LABELS = ("xkey", "surrogate-key", "cache-tag")


class Truth:
    """What every URL should show; asked for once."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        self._known: dict[str, Representation] = {}

    def of(self, url: str) -> Representation:
        """Return what an origin without any cache answers."""
        if url not in self._known:
            response, body = answered(self._connection, url, "identity")
            self._known[url] = Representation(response.status, decoded(response, body))
        return self._known[url]

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def stale_answers(
    read: Iterable[tuple[str, str, str]], ports: Mapping[str, int], truth: Truth
) -> list[Stale]:
    """Read everything once more; return the answers that are wrong."""
    wrong = []
    connections = {edge: HTTPConnection("127.0.0.1", port, timeout=_PATIENCE) for edge, port in ports.items()}
    try:
        for edge, url, coding in sorted(read):
            response, sent = answered(connections[edge], url, coding)
            body = decoded(response, sent)
            expected = truth.of(url)
            if _same(response.status, body, expected):
                continue
            age, status = (response.headers.get(name, "-") for name in ("age", "cache-status"))
            what = _difference(body, expected.body)
            wrong.append(Stale(edge, url, coding, what, response.status, age, status))
    finally:
        for connection in connections.values():
            connection.close()
    return wrong


def answered(connection: HTTPConnection, url: str, coding: str) -> tuple[HTTPResponse, bytes]:
    """Ask until there is an answer: on a machine that is busy, an origin may be late, and an edge say so."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            response, body = ask(connection, url, coding)
        except (OSError, HTTPException) as error:
            # One that nobody has asked anything on for a while is closed at the other end.
            connection.close()
            why = repr(error)
        else:
            if response.status in (200, 404):
                return response, body
            why = f"{response.status}: {body[:300]!r}"
        assert time.monotonic() < deadline, f"{url}: {why}"
        time.sleep(_PAUSE)


def evidence(wrong: Sequence[Stale], origin: int) -> list[str]:
    """Tell of each wrong answer what the origin says and how it is labelled."""
    told = []
    connection = HTTPConnection("127.0.0.1", origin, timeout=_PATIENCE)
    for stale in wrong[:_MOST_TOLD]:
        response, _ = answered(connection, stale.url, stale.coding)
        labels = next((response.headers[name] for name in _LABELS if name in response.headers), "none")
        told.append(f"{stale}; the origin says {response.headers.get('cache-status')}; labels: {labels}")
    connection.close()
    return told


def _same(status: int, body: bytes, expected: Representation) -> bool:
    if status != expected.status:
        return False
    # What a 404 says of itself may name the moment or the path; that it is one is what counts.
    return status == 404 or body == expected.body or orjson.loads(body) == orjson.loads(expected.body)


def _difference(body: bytes, expected: bytes) -> str:
    """Return the first words in which two bodies differ."""
    ours, theirs = (re.findall(rb"[^,{}]+", one) for one in (body, expected))
    for our, their in zip(ours, theirs, strict=False):
        if our != their:
            return f"{our.decode(errors='replace')[:80]} instead of {their.decode(errors='replace')[:80]}"
    return f"{len(body)} bytes instead of {len(expected)}"
