"""How is a representation built? By ordinary Django code, from the cache key alone.

The request that Django sees is made here, from the canonical path and query: it has one
constant host, no cookies, no credentials and none of the client's header fields. So no
client can put anything into a representation that others will get (P9, P10), whatever a
view or a middleware looks at.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import Any, Final

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_started
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from caching.answer import Answer, refusal, unstored
from caching.building import collecting
from caching.coherence import Start
from caching.entry import Entry, Reply, make_entry
from caching.flights import Landing
from caching.routes import Target
from caching.rows.bypass import bypassed
from caching.snapshot import snapshot

logger = logging.getLogger(__name__)

RETRY_AFTER: Final = b"5"  # Seconds; what a client is told when the database is away.

_STORED_STATUSES: Final = frozenset({200, 404})
_KEPT_FIELDS: Final = ("Link", "Retry-After", "Strict-Transport-Security")


class DjangoBuilds:
    """Builds entries; each call runs in a thread of its own.

    `store` keeps an entry, unless a write has overtaken the build that began at the start, and
    tells whether it did. `observing` is entered around each build; in it, rows that are read
    become dependencies.
    """

    def __init__(
        self,
        handler: WSGIHandler,
        store: Callable[[Entry, Start], bool],
        *,
        observing: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._handler = handler
        self._store = store
        self._observing = observing
        self._clock = clock
        self._host = _allowed_host()

    def __call__(self, target: Target, start: Start) -> Landing:
        """Build the target and store the entry, if what it is may be stored."""
        try:
            reply = self._reply(target)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("building %s: the database is away: %s", target.key.decode(), error)
            connection.close()
            return Landing(unavailable("the database cannot be reached", target))
        except Exception:
            # Views' own mistakes are turned into answers by Django; this one is ours.
            logger.exception("building %s failed", target.key.decode())
            return Landing(refusal(500, "the representation could not be built", instance=target.path))
        if reply.status not in _STORED_STATUSES:
            return Landing(unstored(reply))
        policy = target.route.policy_for(reply.status, target.values)
        entry = make_entry(target.key, reply, policy, now=self._clock())
        return Landing(entry, self._store(entry, start))

    def _reply(self, target: Target) -> Reply:
        environ = self._environ(target)
        # Gives back connections that have died since this thread's last build.
        request_started.send(sender=type(self._handler), environ=environ)
        with collecting() as dependencies, self._observing(), bypassed(), snapshot():
            response = self._handler.get_response(WSGIRequest(environ))
        try:
            return Reply(
                status=response.status_code,
                body=_body(response),
                content_type=response.get("Content-Type", "application/octet-stream"),
                fields=tuple(
                    (name.lower().encode("ascii"), response[name].encode("latin-1"))
                    for name in _KEPT_FIELDS
                    if response.has_header(name)
                ),
                dependencies=dependencies,
            )
        finally:
            response.close()

    def _environ(self, target: Target) -> dict[str, Any]:
        path, _, query = target.key.decode("ascii").partition("?")
        return {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": self._host,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            # As behind TLS, so that no middleware answers with a redirect to it.
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(),
            "wsgi.errors": BytesIO(),
        }


def unavailable(reason: str, target: Target) -> Answer:
    """Return the 503 for a representation that can be neither served nor built now."""
    detail = f"{reason}; try again in a few seconds"
    return refusal(503, detail, fields=[(b"retry-after", RETRY_AFTER)], instance=target.path)


def _body(response: HttpResponseBase) -> bytes:
    if not isinstance(response, HttpResponse):
        raise TypeError(f"need a response with a body in memory, got {type(response).__name__}")
    return bytes(response.content)


def _allowed_host() -> str:
    """Return a host name that Django's own check accepts."""
    for host in settings.ALLOWED_HOSTS:
        name = str(host).lstrip(".")
        if name and name != "*":
            return name
    return "localhost"
