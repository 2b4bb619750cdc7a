"""Bytes out, bytes in: requests that no HTTP library would send, and answers as they came."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Self

from tests.server import Server

ANSWERS_WITHIN = 30.0  # Seconds.


@dataclass(frozen=True)
class Answer:
    """One response: its fields in the order in which they came, names in lower case."""

    status: int
    fields: tuple[tuple[str, str], ...]
    content: bytes

    def values(self, name: str) -> list[str]:
        """Return the value of each line of a field."""
        return [value for known, value in self.fields if known == name]

    def get(self, name: str) -> str | None:
        """Return the only line of a field, None if it is absent."""
        values = self.values(name)
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


def request(
    target: str | bytes,
    *fields: str | bytes,
    method: str = "GET",
    body: bytes = b"",
    keep: bool = False,
) -> bytes:
    """Return the bytes of a request with exactly these field lines, a Host, and `Connection: close`."""
    lines = [b"%s %s HTTP/1.1" % (method.encode(), _bytes(target)), b"Host: localhost"]
    lines += [_bytes(line) for line in fields]
    if not keep:
        lines.append(b"Connection: close")
    return b"\r\n".join([*lines, b"", body])


class Connection:
    """A connection to the server, driven by hand."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=ANSWERS_WITHIN)
        self._received = _Kept(self._socket)

    def send(self, data: bytes) -> None:
        """Send the bytes as they are."""
        self._socket.sendall(data)

    def finish(self) -> None:
        """Say that nothing more will come, and keep listening."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self, method: str = "GET") -> Answer:
        """Read one response to a request of this method."""
        response = HTTPResponse(self._received, method=method)  # type: ignore[arg-type]
        response.begin()
        content = response.read()
        fields = tuple((name.lower(), value) for name, value in response.getheaders())
        return Answer(response.status, fields, content)

    def rest(self) -> bytes:
        """Read until the server closes the connection; fail if it does not."""
        return self._received.read()

    def is_closed(self) -> bool:
        """Wait until the server has closed the connection, at most for as long as an answer may take."""
        try:
            return self._received.read(1) == b""
        except ConnectionResetError:
            return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._received.really_close()
        self._socket.close()


class _Kept(io.BufferedReader):
    """What a connection received; survives the responses that are read from it."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection.makefile("rb", buffering=0))  # type: ignore[arg-type]

    def makefile(self, *_: object) -> Self:
        return self

    def close(self) -> None:
        """Stay open: the next response follows on the same connection."""

    def really_close(self) -> None:
        super().close()


def ask(
    server: Server, target: str | bytes, *fields: str | bytes, method: str = "GET", body: bytes = b""
) -> Answer:
    """Send one request with exactly these field lines on a connection of its own; return the answer."""
    return exchange(server, request(target, *fields, method=method, body=body), [method])[0]


def exchange(server: Server, data: bytes, methods: Sequence[str] = ("GET",)) -> list[Answer]:
    """Send the bytes, read one answer for each method, and fail unless the server then closes."""
    with Connection(server) as connection:
        connection.send(data)
        answers = [connection.answer(method) for method in methods]
        rest = connection.rest()
        assert rest == b"", f"after {len(answers)} answers came {rest!r}"
        return answers


def sent_in_pieces(server: Server, pieces: Iterable[bytes]) -> Answer:
    """Send a request in pieces, each in a segment of its own; return the answer."""
    with Connection(server) as connection:
        connection._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.send(piece)
        return connection.answer()


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text
