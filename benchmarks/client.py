"""How are answers fetched fast, whatever the method and the URLs? A closed loop over sockets.

For what wrk cannot do: HEAD (it waits for a body), and a walk over many URLs in which each
answer is looked at. A connection sends its next request when the answer to the last one is
complete; all connections share one thread. Only what our servers send is understood: an
answer has a Content-Length, or no body.
"""

from __future__ import annotations

import math
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

_CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_RECEIVED_AT_ONCE: Final = 262_144  # Bytes.
_LONGEST_SILENCE: Final = 60.0  # Seconds.

# Is told an answer's status and head, and the seconds that it took.
Witness = Callable[[int, bytes, float], None]


@dataclass(slots=True)
class _Connection:
    """A connection, and what has come of the answer that it waits for."""

    socket: socket.socket
    sent_at: float = 0.0
    is_head: bool = False
    received: bytearray = field(default_factory=bytearray)

    def send(self, content: bytes) -> None:
        """Send a request; its answer will be the next thing to come."""
        self.is_head = content.startswith(b"HEAD ")
        self.sent_at = time.perf_counter()
        self.socket.sendall(content)

    def receive(self) -> tuple[int, bytes] | None:
        """Return status and head of the answer, once all of it has come."""
        content = self.socket.recv(_RECEIVED_AT_ONCE)
        if not content:
            raise ConnectionError(f"the server closed a connection after {bytes(self.received[:200])!r}")
        self.received += content
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.received[:end])
        status = int(head[9:12])
        if len(self.received) < end + 4 + self._body_length(head, status):
            return None
        self.received.clear()
        return status, head

    def _body_length(self, head: bytes, status: int) -> int:
        if self.is_head or status in {204, 304}:
            return 0
        found = _CONTENT_LENGTH.search(head)
        if found is None:
            raise ConnectionError(f"need an answer with Content-Length, got {head!r}")
        return int(found[1])


def request(method: str, path: str, **fields: str) -> bytes:
    r"""Spell a request.

    >>> request("HEAD", "/", if_none_match="*")
    b'HEAD / HTTP/1.1\r\nhost: localhost\r\nif-none-match: *\r\n\r\n'
    """
    lines = [
        f"{name.replace('_', '-')}: {value}\r\n" for name, value in {"host": "localhost", **fields}.items()
    ]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


def exchange(
    port: int, requests: Iterator[bytes], *, connections: int, witness: Witness, seconds: float = math.inf
) -> None:
    """Send the requests, each connection one at a time, until there are no more or time is up."""
    until = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        for content in islice(requests, connections):
            connection = _Connection(socket.create_connection(("127.0.0.1", port)))
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(content)
        while selector.get_map():
            ready = selector.select(_LONGEST_SILENCE)
            if not ready:
                raise TimeoutError(f"no answer for {_LONGEST_SILENCE:.0f} s")
            for key, _ in ready:
                connection = key.data
                answer = connection.receive()
                if answer is None:
                    continue
                now = time.perf_counter()
                witness(*answer, now - connection.sent_at)
                content = next(requests, None) if now < until else None
                if content is None:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                else:
                    connection.send(content)
