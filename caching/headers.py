"""Which fields does every public answer carry, and which does it depend on?

Five request fields can change an answer to a public read: `Accept-Encoding` and the four
preconditions. They are collected in one walk over the ASGI header list, whose names are
lower-case bytes. Whether there is an `Authorization`, never its value, decides whether
shared caches must be told `public` (RFC 9111 §3.5). All other fields (`Accept`, `Range`,
`Cookie`, `Origin`, `Cache-Control`, ...) are never looked at, so none of them is in `Vary`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from caching.conditional import Preconditions

Field: TypeAlias = tuple[bytes, bytes]


class FixedFields(list[Field]):
    """A header block that stays as it is and is sent again: whoever has written it once may remember how."""

    __slots__ = ()


VARY: Final[Field] = (b"vary", b"Accept-Encoding")

# The same for every client, so no `Vary: Origin`; no credentials are ever involved.
PUBLIC_FIELDS: Final[tuple[Field, ...]] = (
    VARY,
    (b"accept-ranges", b"none"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Link, Location, Cache-Status, Retry-After"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

_PRECONDITIONS: Final = {
    b"if-match": "if_match",
    b"if-none-match": "if_none_match",
    b"if-modified-since": "if_modified_since",
    b"if-unmodified-since": "if_unmodified_since",
}
READ_FIELDS: Final = frozenset({b"accept-encoding", b"authorization", *_PRECONDITIONS})


class RequestFields(NamedTuple):
    """What an answer depends on; `preconditions` is None for a request without any."""

    accept_encoding: bytes | None
    preconditions: Preconditions | None
    is_authorized: bool = False


def read_request_fields(headers: Iterable[Field]) -> RequestFields:
    """Collect the request fields that matter; lines of a repeated field are joined by commas."""
    accept_encoding = preconditions = None
    is_authorized = False
    for name, value in headers:
        if name not in READ_FIELDS:
            continue
        if name == b"accept-encoding":
            accept_encoding = value if accept_encoding is None else accept_encoding + b", " + value
        elif name == b"authorization":
            is_authorized = True
        else:
            preconditions = preconditions or Preconditions()
            attribute = _PRECONDITIONS[name]
            before: bytes | None = getattr(preconditions, attribute)
            setattr(preconditions, attribute, value if before is None else before + b", " + value)
    return RequestFields(accept_encoding, preconditions, is_authorized)
