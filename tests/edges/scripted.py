"""An origin that says exactly what a test wants: which bytes, when, and with which fields.

    with Scripted() as origin:
        origin["/a"] = Reply(b"one", ttl=60, keys="post:1")
        ...
        assert origin.asked("/a")[-1].fields["if-none-match"] == ...

It answers conditional requests as the service does, and remembers every request.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Reply:
    """What the origin says: kept for `ttl` seconds by edges, unless `cache_control` says otherwise."""

    body: bytes = b"{}"
    status: int = 200
    ttl: int = 86_400
    revalidate: int = 0
    on_error: int = 0
    keys: str = "all"
    fields: Mapping[str, str] = field(default_factory=dict)
    # Seconds before the first byte; how many bytes of the body are left out before the connection is closed.
    delay: float = 0.0
    missing: int = 0
    # What has to happen before the first byte, and between head and body.
    gate: threading.Event | None = None
    gate_of_body: threading.Event | None = None

    @property
    def etag(self) -> str:
        """A strong entity tag."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:12]}"'

    def head(self) -> dict[str, str]:
        """Return the fields of a 200 and of a 304."""
        lifetimes = (
            f"max-age={self.ttl}, stale-while-revalidate={self.revalidate}, stale-if-error={self.on_error}"
        )
        told = {
            "ETag": self.etag,
            "Vary": "Accept-Encoding",
            "Cache-Control": "max-age=5, stale-while-revalidate=590, stale-if-error=86390",
            "CDN-Cache-Control": lifetimes,
            "Surrogate-Control": lifetimes,
            "Cache-Status": "readpath; hit",
            "xkey": self.keys,
            "Surrogate-Key": self.keys,
            "Cache-Tag": self.keys.replace(" ", ","),
            "Cache-Groups": ", ".join(f'"{key}"' for key in self.keys.split()),
        }
        return {name: value for name, value in {**told, **self.fields}.items() if value}


@dataclass
class Asked:
    """One request that reached the origin."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes


ALIVE = Reply(
    b'{"status":"live"}',
    fields={"Cache-Control": "no-store", "Surrogate-Control": "", "CDN-Cache-Control": ""},
)


class Scripted(ThreadingHTTPServer):
    """An origin on a port of its own; what it has no reply for is a 404 that nobody keeps."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.port: int = self.server_address[1]
        self.replies: dict[str, Reply] = {}
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self.at_once = 0
        self.lock = threading.Lock()
        self.connections: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, for it may stay open for long."""
        self.connections.append(request)
        super().process_request(request, client_address)

    def vanish(self) -> None:
        """Be away from now on, on open connections too."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __setitem__(self, target: str, reply: Reply) -> None:
        self.replies[target] = reply

    def asked(self, target: str) -> list[Asked]:
        """Return the requests for a target, the oldest first."""
        with self.lock:
            return [asked for asked in self.requests if asked.target == target]

    def reply(self, target: str) -> Reply:
        """Return what to say."""
        return self.replies.get(
            target, ALIVE if target == "/healthz/live" else Reply(status=404, fields=ALIVE.fields)
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients who have gone."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.vanish()


class _Handler(BaseHTTPRequestHandler):
    server: Scripted
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if self.parse_request():
            self._answer()

    def _answer(self) -> None:
        server = self.server
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        fields = {name.lower(): value for name, value in self.headers.items()}
        with server.lock:
            server.requests.append(Asked(self.command, self.path, fields, body))
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            reply = server.reply(self.path)
            if reply.gate is not None:
                reply.gate.wait(10)
            if reply.delay:
                time.sleep(reply.delay)
            self._send(reply, fields)
        finally:
            with server.lock:
                server.at_once -= 1

    def _send(self, reply: Reply, fields: Mapping[str, str]) -> None:
        is_same = reply.status == 200 and reply.etag in fields.get("if-none-match", "")
        self.send_response(304 if is_same else reply.status)
        for name, value in reply.head().items():
            self.send_header(name, value)
        if is_same:
            self.end_headers()
            return
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.gate_of_body is not None:
            self.wfile.flush()
            reply.gate_of_body.wait(10)
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) - reply.missing])
            if reply.missing:
                self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
