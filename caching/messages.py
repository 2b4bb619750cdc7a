"""What do an ASGI server and an application say to each other, and how is an answer said?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from caching.answer import Answer

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


async def send_answer(send: Send, method: str, reply: Answer) -> None:
    """Send an answer, to HEAD without its body."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.fields})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})
