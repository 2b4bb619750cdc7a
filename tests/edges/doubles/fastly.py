"""Fastly's purge interface, as its reference describes it.

    POST /service/{id}/purge          {"surrogate_keys": […]} or a Surrogate-Key field; at most 256
    POST /service/{id}/purge/{key}    one
    POST /service/{id}/purge_all      everything, never softly

`Fastly-Key` holds the token; it is known (401) and has the scope of what is asked (403). With
`Fastly-Soft-Purge` what carries a key becomes stale. A customer has 100,000 purges in an hour;
past them, 429 with the moment at which the next hour begins.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from tests.edges.doubles.objects import Objects
from tests.edges.doubles.server import Call, Refused, Reply, Server

MOST_KEYS = 256
LONGEST_KEY = 1024  # Bytes.
LONGEST_FIELD = 16_384  # Bytes.
HOUR = 3600.0
TOKEN = "fastly-token"


class FastlyDouble(Server):
    """One service, and the tokens that may purge it."""

    def __init__(
        self,
        *,
        service: str = "SU1Z0isxPaozGVKXdv0eY",
        token: str = TOKEN,
        scopes: Iterable[str] = ("purge_select",),
        purges_per_hour: int = 100_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.service = service
        self.token = token
        self.objects = Objects()
        self._scopes = frozenset(scopes)
        self._purges_per_hour = purges_per_hour
        self._clock = clock
        self._hour_began_at = clock()
        self._purges = 0
        self._counting = threading.Lock()

    def keep(self, url: str, surrogate_key: str) -> None:
        """Keep an answer with the field that it came with; what is too long is no key."""
        # What stands past the limit of the field is lost, the key that is cut in two as well.
        within = surrogate_key[:LONGEST_FIELD]
        if len(surrogate_key) > LONGEST_FIELD and surrogate_key[LONGEST_FIELD] != " ":
            within = within.rpartition(" ")[0]
        self.objects.put(url, {key for key in within.split() if len(key) <= LONGEST_KEY})

    def reply(self, call: Call) -> Reply:
        """Answer as Fastly does."""
        action, key = self._authorised(call)
        self._count()
        if action == "purge_all":
            self.objects.forget_all()
            return Reply(200, {"status": "ok"})
        if key:
            self._purge([unquote(key)], call)
            return Reply(200, {"status": "ok", "id": self._id(0)})
        keys = _batch(call)
        self._purge(keys, call)
        return Reply(200, {one: self._id(number) for number, one in enumerate(keys)})

    def _authorised(self, call: Call) -> tuple[str, str]:
        """Return what is asked for, if there is such a thing and the token may ask for it."""
        first, service, action, key, *_ = [*call.path.strip("/").split("/"), "", "", "", ""]
        if first != "service" or action not in {"purge", "purge_all"}:
            raise _refused(404, "Record not found", "Cannot find the resource")
        if call.method != "POST":
            raise _refused(405, "Method not allowed")
        if call.fields.get("Fastly-Key") != self.token:
            raise _refused(401, "Provided credentials are missing or invalid")
        if service != self.service:
            raise _refused(404, "Record not found", "Cannot find service")
        if not self._scopes & {"purge_all" if action == "purge_all" else "purge_select", "global"}:
            raise _refused(403, "You are not authorized to perform this action")
        return action, key

    def _purge(self, keys: list[str], call: Call) -> None:
        # Whatever the value of the field: that it is there makes the purge soft.
        if "Fastly-Soft-Purge" in call.fields:
            self.objects.expire(keys)
        else:
            self.objects.forget(keys)

    def _count(self) -> None:
        with self._counting:
            now = self._clock()
            if now - self._hour_began_at >= HOUR:
                self._hour_began_at, self._purges = now, 0
            if self._purges < self._purges_per_hour:
                self._purges += 1
                return
        fields = {
            "Fastly-RateLimit-Remaining": "0",
            "Fastly-RateLimit-Reset": str(int(self._hour_began_at + HOUR)),
        }
        raise Refused(Reply(429, {"msg": "Too many requests"}, fields))

    def _id(self, number: int) -> str:
        return f"108-{int(self._clock())}-{len(self.calls) * MOST_KEYS + number}"


def _batch(call: Call) -> list[str]:
    """Return the keys of a batch, from the field and from the body."""
    keys = call.fields.get("Surrogate-Key", "").split()
    if call.body:
        try:
            keys += json.loads(call.body)["surrogate_keys"]
        except (ValueError, KeyError, TypeError):
            raise _refused(400, "Bad request", "The body is no object with surrogate_keys") from None
    if not keys or not all(isinstance(key, str) and 0 < len(key) <= LONGEST_KEY for key in keys):
        raise _refused(400, "Bad request", "No surrogate keys, or one that is none")
    if len(keys) > MOST_KEYS:
        raise _refused(400, "Bad request", f"At most {MOST_KEYS} surrogate keys can be purged at once")
    return keys


def _refused(status: int, msg: str, detail: str = "") -> Refused:
    return Refused(Reply(status, {"msg": msg, "detail": detail} if detail else {"msg": msg}))
