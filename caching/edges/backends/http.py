"""How is something said to an edge over HTTP?

By one request at a time on one connection that is kept. It is made anew, once, if it turns out to
have died meanwhile: every call may be repeated. Redirects are not followed, certificates are
verified, an answer has as long and as many bytes as it needs and no more, and it is not unpacked.

The secret goes into its field at the last moment, and is in no failure and in no representation of
an object.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final, TypeVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.response import BaseHTTPResponse

from caching.edges.backends.answers import Answer, printable
from caching.edges.edge import Failed

MOST_BYTES: Final = 256 * 1024  # Of an answer: Fastly names each of 256 keys.
_Kind = TypeVar("_Kind", bound=BaseException)
# Whatever can go wrong on the way, in the words of three libraries.
_TROUBLE: Final = (HTTPError, HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an interface is; `path` stands before each path of its own, and does not end in a slash."""

    host: str
    port: int
    is_tls: bool
    path: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A field of the request that nobody may see."""

    field: str
    value: str
    token: str  # The part of the value that is secret.


class Peer:
    """The other end of one kept connection. Used by one thread at a time."""

    def __init__(self, address: Address, *, timeout: float, secret: Secret | None = None) -> None:
        self._address: Final = address
        self._timeout: Final = timeout
        self._secret: Final = secret
        self._connection: HTTPConnection | None = None

    def call(self, method: str, path: str, *, fields: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send one request and return what was answered, whatever it is; raise `Failed` if nothing was."""
        fields = {"User-Agent": "readpath", "Accept-Encoding": "identity", **fields}
        if self._secret is not None:
            fields[self._secret.field] = self._secret.value
        is_kept = self._connection is not None and self._connection.sock is not None
        try:
            return self._attempt(method, path, fields, body)
        except Failed:
            self.close()
            raise
        except _TROUBLE as trouble:
            self.close()
            # The other end gives up a connection that was idle for long just when we take it up again.
            if not (is_kept and _has_died(trouble)):
                raise self._failed(trouble) from None
        try:
            return self._attempt(method, path, fields, body)
        except _TROUBLE as trouble:
            self.close()
            raise self._failed(trouble) from None

    def close(self) -> None:
        """Give up the connection, if one is kept; the next call makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _attempt(self, method: str, path: str, fields: Mapping[str, str], body: bytes | None) -> Answer:
        if self._connection is None:
            self._connection = self._connected()
        connection = self._connection
        if connection.sock is None:
            connection.connect()
        # The timeout of a socket begins anew with every byte; this one does not.
        too_late = threading.Event()
        watch = threading.Timer(self._timeout, _cut, (connection.sock, too_late))
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, self._address.path + path, body, fields, preload_content=False)
            answer = self._answer(connection.getresponse())
        except _TROUBLE:
            if too_late.is_set():
                raise TimeoutError from None
            raise
        finally:
            watch.cancel()
        if too_late.is_set():
            # A head that ends too early looks like a whole one.
            raise TimeoutError
        return answer

    def _answer(self, response: BaseHTTPResponse) -> Answer:
        body = bytearray()
        while piece := response.read(MOST_BYTES + 1 - len(body), decode_content=False):
            body += piece
            if len(body) > MOST_BYTES:
                raise Failed(f"its answer is longer than {MOST_BYTES} bytes")
        secret = self._secret.token if self._secret is not None else ""
        return Answer(response.status, response.headers, bytes(body), secret)

    def _connected(self) -> HTTPConnection:
        host, port, timeout = self._address.host, self._address.port, self._timeout
        if not self._address.is_tls:
            return HTTPConnection(host, port, timeout=timeout)
        return HTTPSConnection(host, port, timeout=timeout, ssl_context=ssl.create_default_context())

    def _failed(self, trouble: Exception) -> Failed:
        """Return the failure that some trouble means, in words that no library has put a secret into."""
        causes = [trouble, trouble.__cause__, trouble.__context__]
        if isinstance(trouble, NameResolutionError):
            reason = "its name is not known"
        elif any(isinstance(cause, TimeoutError) for cause in causes):
            reason = f"it did not answer within {self._timeout:g} s"
        elif refused := _first(causes, ssl.SSLCertVerificationError):
            reason = f"its certificate is not accepted: {printable(refused.verify_message)}"
        elif found := _first(causes, OSError):
            reason = f"it is out of reach: {printable(found.strerror or type(found).__name__)}"
        else:
            reason = f"it does not speak HTTP as it should: {type(trouble).__name__}"
        return Failed(reason)


def _has_died(trouble: Exception) -> bool:
    """Tell whether this is how a connection looks that the other end had closed before we spoke."""
    return isinstance(trouble, (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError))


def _first(causes: Sequence[BaseException | None], kind: type[_Kind]) -> _Kind | None:
    return next((cause for cause in causes if isinstance(cause, kind)), None)


def _cut(end: socket.socket, too_late: threading.Event) -> None:
    too_late.set()
    with suppress(OSError):
        # Past TLS, which another thread is in the middle of.
        socket.socket.shutdown(end, socket.SHUT_RDWR)
