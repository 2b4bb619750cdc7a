"""How does a client talk to its worker? One kept connection: a request, then its answer.

As little HTTP as our own service needs, so that the machine's time goes to the servers and to
the checks: answers have a Content-Length, or no content by their status, or are errors.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ncontent-encoding: *([^\r]+)", re.IGNORECASE)
_OUTCOME = re.compile(rb"\r\ncache-status: *[^;\r]+; *([^\r]+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_WITHOUT_CONTENT = frozenset({204, 304})
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_AT_ONCE = 1 << 18


class Lost(Exception):
    """The other end has closed the connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int
    head: bytes
    body: bytes

    def field(self, pattern: re.Pattern[bytes]) -> bytes:
        """Return the value of a field, nothing if it is absent."""
        found = pattern.search(self.head)
        return found[1] if found else b""

    @property
    def etag(self) -> bytes:
        """The validator."""
        return self.field(_ETAG)

    @property
    def coding(self) -> bytes:
        """The content coding."""
        return self.field(_CODING)

    @property
    def outcome(self) -> str:
        """How it was come by, in the words of Cache-Status."""
        return self.field(_OUTCOME).decode() or "unsaid"

    @property
    def is_last(self) -> bool:
        """Whether the server closes the connection now."""
        return _CLOSE.search(self.head) is not None


class Wire:
    """A connection to one worker."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._received = b""
        self.port: int = self._socket.getsockname()[1]

    def fileno(self) -> int:
        """Return what `poll` wants to know."""
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        """Send a request; it is small, so the kernel takes it whole."""
        try:
            if self._socket.send(request) != len(request):
                raise Lost("the kernel took half a request")
        except OSError as error:
            raise Lost(type(error).__name__) from None

    def receive(self) -> Answer | None:
        """Return the answer if all of it is here."""
        try:
            data = self._socket.recv(_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Lost(type(error).__name__) from None
        if not data:
            raise Lost("closed within an answer" if self._received else "closed")
        self._received = received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        status, head = int(received[9:12]), received[:end]
        size = end + 4
        if status not in _WITHOUT_CONTENT:
            found = _LENGTH.search(head)
            # Only an answer that was made in haste is chunked; what it says does not matter.
            size += int(found[1]) if found else received.find(_LAST_CHUNK, end) + len(_LAST_CHUNK) - size
        if len(received) < size or size <= end:
            return None
        self._received = received[size:]
        return Answer(status, head, received[end + 4 : size])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
