"""Cloudflare's purge interface, as its reference describes it.

    POST /client/v4/zones/{id}/purge_cache         {"tags": […]} or {"purge_everything": true}
    POST /client/v4/zones/{id}/invalidate_cache    the same, and what is kept becomes stale

`Authorization: Bearer` holds the token; one that is not known, or has no permission to purge, gets
10000. At most 100 tags a call. A plan has a bucket of calls that fills at its rate; when it is empty,
429 with 1134 and `Retry-After`. Tags are compared without case.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import ceil
from typing import Any

from tests.edges.doubles.objects import Objects
from tests.edges.doubles.server import Call, Refused, Reply, Server

MOST_TAGS = 100
LONGEST_FIELD = 16 * 1024  # Bytes.
TOKEN = "cloudflare-token"
# Calls a second, and how many the bucket holds.
PLANS = {"free": (5 / 60, 25), "pro": (5.0, 25), "business": (10.0, 50), "enterprise": (50.0, 500)}
_SELECTORS = {"tags", "hosts", "prefixes", "files"}


class CloudflareDouble(Server):
    """One zone, and the token that may purge it."""

    def __init__(
        self,
        *,
        zone: str = "023e105f4ecef8ad9ca31a8372d0c353",
        token: str = TOKEN,
        may_purge: bool = True,
        plan: str = "enterprise",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.zone = zone
        self.token = token
        self.objects = Objects()
        self.refused = 0  # How many calls were too many.
        self._may_purge = may_purge
        self._rate, self._size = PLANS[plan]
        self._clock = clock
        self._bucket = float(self._size)
        self._filled_at = clock()
        self._counting = threading.Lock()

    def keep(self, url: str, cache_tag: str) -> None:
        """Keep an answer with the field that it came with."""
        tags = (tag.strip().lower() for tag in cache_tag[:LONGEST_FIELD].split(","))
        self.objects.put(url, {tag for tag in tags if tag})

    def reply(self, call: Call) -> Reply:
        """Answer as Cloudflare does."""
        actions = {
            f"/client/v4/zones/{self.zone}/purge_cache": self.objects.forget,
            f"/client/v4/zones/{self.zone}/invalidate_cache": self.objects.expire,
        }
        self._authenticate(call)
        if call.path not in actions:
            message = f"Could not route to {call.path}, perhaps your object identifier is invalid?"
            raise _refused(404, 7003, message)
        if call.method != "POST":
            raise _refused(405, 10405, "Method not allowed for this authentication scheme")
        if not self._may_purge:
            raise _refused(403, 10000, "Authentication error")
        self._count()
        tags = _tags(call.json)
        if tags is None:
            self.objects.forget_all()
        else:
            actions[call.path]([tag.strip().lower() for tag in tags])
        return _said(200, success=True, result={"id": self.zone})

    def _authenticate(self, call: Call) -> None:
        scheme, _, token = call.fields.get("Authorization", "").partition(" ")
        if not scheme:
            raise _refused(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if scheme != "Bearer" or not token or " " in token:
            raise _refused(400, 6003, "Invalid request headers")
        if token != self.token:
            raise _refused(401, 10000, "Authentication error")

    def _count(self) -> None:
        with self._counting:
            now = self._clock()
            self._bucket = min(self._size, self._bucket + (now - self._filled_at) * self._rate)
            self._filled_at = now
            if self._bucket >= 1:
                self._bucket -= 1
                return
            self.refused += 1
            wait = ceil((1 - self._bucket) / self._rate)
        message = (
            "Unable to purge, rate limit reached. Please wait and consider throttling your request speed"
        )
        raise _refused(429, 1134, message, {"Retry-After": str(wait)})


def _tags(body: Any) -> list[str] | None:
    """Return the tags that are asked for, None for everything. Of the other selectors we use none."""
    named = _SELECTORS & set(body) if isinstance(body, dict) else set()
    if isinstance(body, dict) and body.get("purge_everything") is True:
        if named:
            message = (
                'Request cannot contain "purge_everything" and any of "files", "tags", "hosts" or "prefixes"'
            )
            raise _refused(400, 1092, message)
        return None
    tags = body["tags"] if named == {"tags"} else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.strip() for tag in tags):
        message = 'Request must contain one of "purge_everything", "files", "tags", "hosts" or "prefixes"'
        raise _refused(400, 1012, message)
    if not 0 < len(tags) <= MOST_TAGS:
        # The reference names the limit, and no number for it.
        raise _refused(400, 1000, f"Request must contain between 1 and {MOST_TAGS} tags")
    return tags


def _refused(status: int, code: int, message: str, fields: dict[str, str] | None = None) -> Refused:
    return Refused(_said(status, success=False, errors=[{"code": code, "message": message}], fields=fields))


def _said(
    status: int,
    *,
    success: bool,
    result: Any = None,
    errors: list[dict[str, Any]] | None = None,
    fields: dict[str, str] | None = None,
) -> Reply:
    said = {"success": success, "errors": errors or [], "messages": [], "result": result}
    return Reply(status, said, fields or {})
