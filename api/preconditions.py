"""Does an unsafe request still want what it asks for?

The engine is `caching.conditional`; here it gets a Django request and what the thing looks
like now. A client that read any coding of it may name that coding's tag. Must be asked in the
transaction that writes, under the row's lock: between the answer and the write nobody else
can write.

A successful answer that carries a representation carries its ETag, so that the next write
can be conditional without another read.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from api.representations import Representation
from caching.conditional import Preconditions, Verdict, evaluate
from caching.entry import SCHEMA_VERSION, etags_of
from caching.validators import etag

_FIELDS: Final = {
    "if_match": "HTTP_IF_MATCH",
    "if_none_match": "HTTP_IF_NONE_MATCH",
    "if_modified_since": "HTTP_IF_MODIFIED_SINCE",
    "if_unmodified_since": "HTTP_IF_UNMODIFIED_SINCE",
}


class PreconditionFailed(APIException):
    """The thing is not, or no longer, what the client takes it for (RFC 9110 §15.5.13)."""

    status_code = 412
    default_detail = "the representation is not the one that the request's preconditions name"
    default_code = "precondition_failed"


class PreconditionRequired(APIException):
    """Writes must say which representation they are about (RFC 6585 §3)."""

    status_code = 428
    default_detail = "name the ETag of the representation that this request is about in If-Match"
    default_code = "precondition_required"


def identity_etag(body: bytes) -> str:
    """Return the ETag of a body that is sent as it is."""
    return etag(body, SCHEMA_VERSION).decode("ascii")


def require_if_match(request: Request) -> None:
    """Refuse a write to an existing thing that carries no If-Match, where that is the rule."""
    if settings.READPATH["REQUIRE_IF_MATCH"] and "HTTP_IF_MATCH" not in request.META:
        raise PreconditionRequired


def check_preconditions(
    request: Request,
    current: Callable[[], Representation | None],
    changed_at: datetime | None = None,
) -> None:
    """Raise `PreconditionFailed` if the request is about another representation than the current one.

    `current` is asked for only if there is something to compare; None is no representation.
    """
    if verdict(request, current, changed_at) is Verdict.FAILED:
        raise PreconditionFailed


def verdict(
    request: Request,
    current: Callable[[], Representation | None],
    changed_at: datetime | None = None,
) -> Verdict:
    """Evaluate the preconditions of a request."""
    sent = {
        name: request.META[key].encode("latin-1", "replace")
        for name, key in _FIELDS.items()
        if key in request.META
    }
    if not sent:
        return Verdict.PROCEED
    representation = current()
    tags = () if representation is None else etags_of(representation.body)
    return evaluate(
        Preconditions(**sent),
        method=request.method or "",
        etag=None if representation is None else etag(representation.body, SCHEMA_VERSION),
        # The first second that began after the change, as the public representation has it.
        last_modified=None if changed_at is None else math.floor(changed_at.timestamp()) + 1,
        now=time.time(),
        other_etags=tags,
    )
