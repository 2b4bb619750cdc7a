"""What does gunicorn's `asgi` worker leave for us to say on the wire?

Five things, none of which an application can say for itself:

* what cannot be understood gets the same answer as every other error, a problem document
  that nobody stores (a 414 may be kept by default, RFC 9110 §15.1), and so does a request
  without `Host` (RFC 9112 §3.2);
* a target in absolute form names the same thing as its path (RFC 9112 §3.2.2);
* a connection that has nothing to say for `keepalive` seconds is closed before its first
  request as well as between two, and at once when the worker stops: whoever keeps idle
  connections to us in a pool would else hold up every restart;
* what a client sends while its last request is being answered stays in the socket. The
  parser keeps 64 kB of it, and gunicorn closes the connection over more: of large bodies
  that followed an answer closely, one in four was lost;
* header blocks that are sent again and again are checked and written once (`head.py`).

All of it overrides what gunicorn calls private, so gunicorn is pinned and each point has a
test on the wire (`tests/http/`). Nothing here is about what is answered.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from weakref import WeakSet

from gunicorn.asgi import protocol
from gunicorn.asgi.parser import ParseError
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi
from gunicorn_h1c import H1CProtocol

from caching.answer import refusal
from caching.validators import http_date
from settings.head import lines_of, scan

_SCHEMES: Final = (b"http://", b"https://")


class Protocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn has no annotations
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.worker.connections.add(self)
        # Until a request's head is complete; between requests gunicorn does the same.
        self._arm_keepalive_timer()

    def data_received(self, data: bytes) -> None:
        """Take what has come, and no more of it while the request before is being answered."""
        super().data_received(data)
        parser = self._callback_parser
        if parser is not None and parser.is_complete and parser.remaining():
            self._pause_reading()  # Until the answer is sent; what has come is kept.

    def close_if_idle(self) -> None:
        """Close the connection unless a request is being answered on it."""
        if self._awaiting_request:
            self._keepalive_timeout()

    def _on_headers_complete(self) -> Any:
        parser = self._callback_parser
        if parser.http_version >= (1, 1) and parser.get_header(b"host") is None:
            raise ParseError("a request needs a Host field")
        skips_body = super()._on_headers_complete()
        request = self._current_request
        if not request.raw_path.startswith(b"/"):
            _to_origin_form(request)
        return skips_body

    def _send_response_start(self, status: int, headers: Any, request: Any, close: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature.
        lines = None if close else lines_of(headers)
        if lines is None:
            super()._send_response_start(status, headers, request, close)
            return
        first = protocol._get_cached_status_line(request.version, status)
        # Held back by gunicorn until the body comes, and sent with it.
        self._response_buffer = b"".join((first, lines, protocol._get_cached_date_header(), b"\r\n"))

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        reply = refusal(status, message)
        fields = [
            *reply.fields,
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in extra_headers),
            (b"date", http_date(int(time.time()))),
            (b"connection", b"close"),
        ]
        lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode("ascii"))]
        lines += [b"%s: %s" % field for field in fields]
        self._safe_write(b"\r\n".join([*lines, b"", reply.body]))


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """The `asgi` worker with our protocol."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connections: WeakSet[Protocol] = WeakSet()
        # The worker makes its protocols by this name, and offers no other way to choose them.
        gasgi.ASGIProtocol = Protocol
        protocol._scan_response_headers = scan
        # Else it would look for the fast parser later, and note on our class what it reads from its own.
        ASGIProtocol._check_h1c_protocol_available()
        ASGIProtocol._h1c_protocol_class = partial(H1CProtocol, limit_remaining=0)

    def handle_exit_signal(self) -> None:
        """Stop: take no more requests, and finish those that have begun."""
        super().handle_exit_signal()
        for connection in list(self.connections):
            connection.close_if_idle()


def _to_origin_form(request: Any) -> None:
    """Take scheme and authority off a target; one that is in no such form stays as it is."""
    if request.raw_path.lower().startswith(_SCHEMES):
        _, _, after_scheme = request.raw_path.partition(b"//")
        request.raw_path = b"/" + after_scheme.partition(b"/")[2]
        request.path = unquote_to_bytes(request.raw_path).decode("utf-8", "replace")
