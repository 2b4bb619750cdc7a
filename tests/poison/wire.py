"""A wire between a proxy and its origin that plays a trick on the answers for one URL, and on no other.

It forwards bytes in both directions. While a mischief is set for a target, whoever asks for that
target through this wire gets what the mischief makes of the origin's answer (`mischief.py`).
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Final, Self

from tests.poison.mischief import MISCHIEFS, End, Mischief

_PAUSE: Final = 0.1  # Seconds between two pieces.
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: do not wait for what is unsent, say RST.


class Wire:
    """Listens on a port of its own, and forwards to a port of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._set: dict[bytes, Mischief] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]

    def set(self, url: str, mischief: str) -> None:
        """Play this trick on all answers for the URL, until it is lifted."""
        self._set[url.encode()] = MISCHIEFS[mischief]

    def lift(self, url: str) -> None:
        """Play no trick on this URL any more."""
        self._set.pop(url.encode(), None)

    def mischief_for(self, request: bytes) -> Mischief | None:
        """Return the trick for the request that begins with these bytes."""
        return self._set.get(request.split(b" ", 2)[1]) if self._set and request.count(b" ") > 1 else None

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client:
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with server, suppress(OSError):
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _Connection(self, client, server).run()


class _Connection:
    """A connection of the proxy's, and ours to the origin for it."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._mischief: Mischief | None = None
        self._is_head = False
        self._held = b""

    def run(self) -> None:
        """Forward until one of the ends is closed."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._client, selectors.EVENT_READ)
            selector.register(self._server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if not self._forward(key.fileobj is self._client):
                        return

    def _forward(self, is_request: bool) -> bool:  # noqa: FBT001 - one of two directions.
        source, sink = (self._client, self._server) if is_request else (self._server, self._client)
        data = source.recv(65536)
        if not data:
            return False
        if is_request:
            self._mischief = self._mischief or self._wire.mischief_for(data)
            self._is_head = data.startswith(b"HEAD ")
        elif self._mischief is not None:
            self._held += data
            if not _is_whole(self._held, is_head=self._is_head):
                return True
            mischief, answer, self._mischief, self._held = self._mischief, self._held, None, b""
            return self._play(mischief, answer)
        sink.sendall(data)
        return True

    def _play(self, mischief: Mischief, answer: bytes) -> bool:
        pieces, end = mischief(answer)
        for turn, piece in enumerate(pieces):
            if turn:
                time.sleep(_PAUSE)
            self._client.sendall(piece)
        if end is End.RESET:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return end is End.KEPT


def _is_whole(answer: bytes, *, is_head: bool) -> bool:
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank or is_head:
        return bool(blank)
    length = _LENGTH.search(head)
    # Without a length there is no body here: a 304, or one that ends with the connection.
    return length is None or len(body) >= int(length[1]) or head[9:12] == b"304"
