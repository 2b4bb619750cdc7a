"""How does everything that is no public read reach Django?

Through WSGI, in a bounded pool of threads that keep their database connections. Two things
the gateway in between does not do are done here: a query that is no ASCII is refused before
it can break the gateway, and the body of an answer to HEAD is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware

from caching.answer import refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class PassingOn:
    """An ASGI application that runs a WSGI application in `threads` threads."""

    def __init__(self, application: Callable[..., Any], *, threads: int) -> None:
        self._gateway: Any = WSGIMiddleware(application, workers=threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by the WSGI application."""
        if scope["type"] == "http" and not scope["query_string"].isascii():
            refused = refusal(400, "the query is not ASCII; percent-encode it")
            await send({"type": "http.response.start", "status": refused.status, "headers": refused.fields})
            await send(
                {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else refused.body}
            )
            return
        await self._gateway(scope, receive, _without_body(send) if scope.get("method") == "HEAD" else send)


def _without_body(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            message = {**message, "body": b""}
        await send(message)

    return sending
