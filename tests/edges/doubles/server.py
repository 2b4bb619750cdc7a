"""An HTTP server in a thread, for an interface of somebody else's that a test wants to talk to.

It keeps connections as the real ones do, writes down every call, can be told to answer otherwise
for a while, and can be stopped and started again on the same port, as an interface that is down.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self

PATIENCE = 30.0  # Seconds.


@dataclass(frozen=True)
class Call:
    """One request as it came. Fields are found in any case."""

    method: str
    path: str
    fields: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body parsed, None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """One answer: what is no bytes is sent as JSON."""

    status: int
    content: Any = b""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The bytes of the content."""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


class Refused(Exception):
    """Ends a call with an answer that says no."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Server:
    """Answers every call by `reply`, which the doubles define."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        self._instead: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def reply(self, call: Call) -> Reply:
        """Return the answer to a call, or raise `Refused`."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def instead(self, *replies: Reply) -> None:
        """Answer the next calls with these, whatever they say."""
        self._instead.extend(replies)

    def start(self) -> None:
        """Listen, on the port of last time if there was one."""
        self._http = _Http(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        # Asked often whether to stop: a test waits for it.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def secure(self, certificate: Path, key: Path) -> None:
        """Speak TLS on the connections that are made from now on."""
        assert self._http is not None, "it does not listen"
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        self._http.tls = context

    def stop(self) -> None:
        """Close the port and all connections."""
        assert self._http is not None, "it does not listen"
        self._http.shutdown()
        self._http.server_close()
        self.disconnect()
        assert self._thread is not None
        self._thread.join(PATIENCE)
        self._http = self._thread = None

    def disconnect(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self.stop()

    def opened(self, end: socket.socket) -> None:
        """Count a connection."""
        with self._lock:
            self.connections += 1
            self._open.add(end)

    def answer(self, call: Call) -> Reply:
        """Write a call down and return what to say."""
        with self._lock:
            self.calls.append(call)
            instead = self._instead.popleft() if self._instead else None
        if instead is not None:
            return instead
        try:
            return self.reply(call)
        except Refused as refused:
            return refused.reply


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], double: Server) -> None:
        self.double = double
        self.tls: ssl.SSLContext | None = None
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Whatever the method, the double decides.
    _methods: ClassVar[set[str]] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PURGE"}

    def setup(self) -> None:
        tls = self.server.tls  # type: ignore[attr-defined]
        if tls is not None:
            # Here, in the connection's own thread: whoever does not shake hands holds up nobody else.
            self.request = tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.double.opened(self.connection)

    @property
    def double(self) -> Server:
        return self.server.double  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_") and name[3:] in self._methods:
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.double.answer(Call(self.command, self.path, self.headers, body))
        self.send_response(reply.status)
        fields = {"Content-Type": "application/json", **reply.fields}
        if reply.status not in {204, 304}:
            fields["Content-Length"] = str(len(reply.body))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(reply.body)

    def finish(self) -> None:
        super().finish()
        if isinstance(self.request, ssl.SSLSocket):
            # The socket that the server closes is the one that TLS has taken over.
            self.request.close()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing: what came is in `calls`."""
