"""How does everything that is no public read reach Django?

Through WSGI, in a bounded pool of threads that keep their database connections. What the
gateway in between does not do is done here: a query that is no ASCII is refused before it
can break the gateway, the body of an answer to HEAD is left out, and the body of a request
is there as a whole before a thread is taken:

    announced too long, or grown too long   413
    not there in time                       408
    cut off                                 nobody is left to answer, and nothing is done

So whoever sends slowly holds a connection, never a thread, and no view acts on half a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from a2wsgi import WSGIMiddleware

from caching.answer import Answer, refusal
from caching.messages import Message, Receive, Scope, Send, send_answer

READ_WITHIN: Final = 20.0  # Seconds that a client has for the whole of a body.


class _TooLong(Exception):
    """The body is longer than this service reads."""


class PassingOn:
    """An ASGI application that runs a WSGI application in `threads` threads."""

    def __init__(
        self,
        application: Callable[..., Any],
        *,
        threads: int,
        longest_body: int,
        read_within: float = READ_WITHIN,
    ) -> None:
        self._gateway: Any = WSGIMiddleware(application, workers=threads)
        self._longest_body: Final = longest_body
        self._read_within: Final = read_within

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by the WSGI application."""
        if scope["type"] != "http":
            await self._gateway(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        body = await self._body(scope, receive)
        if isinstance(body, Answer):
            await send_answer(send, scope["method"], body)
        elif body is not None:
            await self._gateway(scope, _replaying(body, receive), _without_body(send) if is_head else send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Answer | None:
        """Return the request's body, or the answer that refuses it, or None if the client is gone."""
        path = scope["path"]
        if not scope["query_string"].isascii():
            return refusal(400, "the query is not ASCII; percent-encode it", instance=path)
        if _announced(scope) > self._longest_body:
            return self._too_long(path)
        try:
            async with asyncio.timeout(self._read_within):
                return await _whole(receive, self._longest_body)
        except _TooLong:
            return self._too_long(path)
        except TimeoutError:
            return _unread(408, f"the body was not there within {self._read_within:.0f} s", path)

    def _too_long(self, path: str) -> Answer:
        return _unread(413, f"the body may have {self._longest_body:,} bytes", path)


def _unread(status: int, detail: str, path: str) -> Answer:
    """Refuse a request of which something is still on its way: nothing can follow on this connection."""
    return refusal(status, detail, fields=[(b"connection", b"close")], instance=path)


def _announced(scope: Scope) -> int:
    """Return the length that the client announced; the server has seen to it that it is a number."""
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)


async def _whole(receive: Receive, longest: int) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > longest:
            raise _TooLong
        if not message.get("more_body", False):
            return bytes(body)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives the body at once, and then whatever else comes."""
    given = False

    async def replaying() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying


def _without_body(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            message = {**message, "body": b""}
        await send(message)

    return sending
