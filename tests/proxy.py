"""A wire that a test can cut or freeze: forwards connections to a server until told otherwise.

Cut, it closes every connection, and each new one at once: the server's machine is there, the
server is not. Hung, it takes connections and bytes and gives nothing back: the network in
between is gone. What was on the wire when it hung arrives when it is mended, late, as TCP would
have it; `hang`, `cut`, `mend` loses it instead.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

# The path of a UNIX socket, or a host and a port.
Target = str | tuple[str, int]


class Proxy:
    """Listens on a port of its own and forwards to `target`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._is_cut = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._open) // 2

    def cut(self) -> None:
        """Close every connection, and every one that is made from now on at once."""
        with self._lock:
            self._is_cut = True
        self.disconnect()

    def disconnect(self) -> None:
        """Close every connection there is; new ones may be made."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _close(end)

    def hang(self) -> None:
        """Take what comes, from open connections and new ones, and deliver nothing either way."""
        self._flowing.clear()

    def mend(self) -> None:
        """Forward again, and first what was held back on connections that are still open."""
        self._is_cut = False
        self._flowing.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)
        self.cut()
        self._flowing.set()  # Lets the threads see that it is over.

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                server = None if self._is_cut else self._connected()
                if server is None:
                    _close(client)
                    continue
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _connected(self) -> socket.socket | None:
        """Return a connection to the target, None if nobody listens there."""
        family = socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET
        server = socket.socket(family)
        try:
            server.connect(self._target)
        except OSError:
            server.close()
            return None
        if family is socket.AF_INET:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        if sink.family is socket.AF_INET:
            with contextlib.suppress(OSError):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        self._flowing.wait()  # A hung wire does not tell that the other end has hung up, either.
        with self._lock:
            self._open -= {source, sink}
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
