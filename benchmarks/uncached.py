"""The service without its read path: the same Django, threads and worker, and nothing in front."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from caching.messages import Receive, Scope, Send
from caching.passing_on import PassingOn

_django: Final = PassingOn(
    get_wsgi_application(),
    threads=settings.READPATH["DJANGO_THREADS"],
    longest_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Let Django answer everything."""
    if scope["type"] == "http":
        await _django(scope, receive, send)
    else:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
