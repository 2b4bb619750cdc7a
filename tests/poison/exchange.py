"""How is an attack sent, and how does somebody else ask afterwards?

The attacker writes bytes to a socket; whatever comes back is read so that what he wanted to happen
has happened before the others come. The others are ordinary clients, each way of asking a line
of data: they keep their connection, and repeat a request once if its answer was cut, or was a gateway's
that got none. That is nothing that a cache has kept (a reader may have joined a fetch that failed, or his
was sent where a connection was just being given up); what it keeps comes again.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Self

from tests.http.wire import ANSWERS_WITHIN, Answer, request

# The attacker is not where we are: an edge that takes purges from 127.0.0.1 takes none from him.
_ELSEWHERE: Final = ("127.0.0.2", 0)
# Seconds for which he waits. What comes later changes nothing about what must hold.
_FIRST_BYTE: Final = 0.2
_ONE_ANSWER: Final = 2.0
_QUIET: Final = 0.05
_BETWEEN_PIECES: Final = 0.03
_AT_ONCE: Final = 262_144  # Bytes.
_GATEWAY_ERRORS: Final = frozenset({502, 503, 504})
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})[ \r]")


class Ask(NamedTuple):
    """One ordinary way to ask for a URL."""

    method: str
    fields: tuple[str, ...] = ()
    is_conditional: bool = False


ASKED: Final[Mapping[str, Ask]] = {
    "GET": Ask("GET"),
    "GET, gzip": Ask("GET", ("Accept-Encoding: gzip",)),
    "GET, br": Ask("GET", ("Accept-Encoding: br",)),
    "HEAD": Ask("HEAD"),
    "GET, its ETag known": Ask("GET", is_conditional=True),
}


class BadAnswer(Exception):
    """What came is no whole answer."""


class Client:
    """Somebody who does nothing but read."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._incoming: _Incoming | None = None

    def ask(self, url: str, way: Ask, *fields: str) -> Answer | str:
        """Return the answer, or why there was none."""
        sent = request(url, *way.fields, *fields, method=way.method, keep=True)
        with suppress(BadAnswer, OSError):
            answer = self._ask(sent, way.method)
            if answer.status not in _GATEWAY_ERRORS:
                return answer
        self.close()
        try:
            return self._ask(sent, way.method)
        except (BadAnswer, OSError) as error:
            self.close()
            return f"no answer: {error!r}"

    def _ask(self, sent: bytes, method: str) -> Answer:
        if self._incoming is None:
            self._incoming = _Incoming(socket.create_connection(("127.0.0.1", self._port), ANSWERS_WITHIN))
        self._incoming.connection.sendall(sent)
        answer = self._incoming.answer(method)
        if "close" in answer.values("connection"):
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._incoming is not None:
            self._incoming.connection.close()
            self._incoming = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Incoming:
    """What comes on a connection, answer by answer; read as a strict client would."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._held = b""

    def answer(self, method: str) -> Answer:
        """Read one final answer."""
        while True:
            head = self._until(b"\r\n\r\n")
            status_line, *lines = head.split(b"\r\n")
            found = _STATUS_LINE.match(status_line + b"\r")
            if found is None:
                raise BadAnswer(f"no status line: {status_line[:100]!r}")
            status = int(found[1])
            if status >= 200:
                break
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        fields = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        return Answer(status, fields, self._content(method, status, dict(fields)))

    def _content(self, method: str, status: int, fields: Mapping[str, str]) -> bytes:
        if method == "HEAD" or status in {204, 304}:
            return b""
        if "chunked" in fields.get("transfer-encoding", ""):
            content = b""
            while size := int(self._until(b"\r\n").partition(b";")[0], 16):
                content += self._exactly(size + 2)[:-2]
            self._until(b"\r\n")
            return content
        if "content-length" in fields:
            return self._exactly(int(fields["content-length"]))
        while self._more():
            pass
        content, self._held = self._held, b""
        return content

    def _until(self, end: bytes) -> bytes:
        while end not in self._held:
            if not self._more():
                raise BadAnswer(f"cut: {self._held[:200]!r}")
        found, _, self._held = self._held.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            if not self._more():
                raise BadAnswer(f"cut after {len(self._held)} of {size} bytes")
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _more(self) -> bool:
        data = self.connection.recv(_AT_ONCE)
        self._held += data
        return bool(data)


def attack(
    port: int, pieces: Sequence[bytes], *, method: str = "GET", is_one: bool, leaves: bool
) -> list[int]:
    """Send the pieces; return the status codes of what came back."""
    with socket.create_connection(("127.0.0.1", port), ANSWERS_WITHIN, _ELSEWHERE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):  # Whoever refuses closes at once.
            for turn, piece in enumerate(pieces):
                if turn:
                    time.sleep(_BETWEEN_PIECES)
                connection.sendall(piece)
        if leaves:
            return []
        return _one_answer(connection, method) if is_one else _answers(connection)


def _one_answer(connection: socket.socket, method: str) -> list[int]:
    connection.settimeout(_ONE_ANSWER)
    try:
        return [_Incoming(connection).answer(method).status]
    except (OSError, BadAnswer, ValueError):
        return []


def _answers(connection: socket.socket) -> list[int]:
    received = b""
    connection.settimeout(_FIRST_BYTE)
    with suppress(OSError):
        while data := connection.recv(_AT_ONCE):
            received += data
            connection.settimeout(_QUIET)
    return [int(status) for status in _STATUS_LINE.findall(received)]
