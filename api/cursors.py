"""What does a cursor say, and how do we know that we said it?

A cursor is the unpadded base64url of an 8-byte keyed digest and the compact JSON of

    [ordinal, direction, values...]

The page's ordinal counts from the first page, which has no cursor; the direction is 1 for
the rows after the position and -1 for those before it; the values are the position's,
moments as microseconds. The digest covers the list that the cursor belongs to as well (path,
filter, ordering), so it fits no other; nobody can make one up, and the URLs that name
a page are those that we have given out. One position has one spelling. Decoding raises
`ValueError` for anything else, and needs no database.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, Final

import orjson
from django.conf import settings

from querysets.keyset import Order, Position

# Characters: a name of 100 characters, each escaped by JSON at its longest, with all the rest.
LONGEST: Final = 1000

_DIGEST_SIZE: Final = 8
_PERSONALISATION: Final = b"readpath.cursor"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_GREATEST_INTEGER: Final = 2**63 - 1
_GREATEST_ORDINAL: Final = 2**31 - 1
_FIRST_ORDINAL: Final = 2  # The first page has no cursor.


@dataclass(frozen=True, slots=True)
class Cursor:
    """The `ordinal`-th page of a list: the rows after a position, or those before it."""

    ordinal: int
    forward: bool
    position: Position


def encode(cursor: Cursor, context: bytes) -> str:
    """Return the text of a cursor for the list that `context` names."""
    payload = _payload(cursor)
    return _text(_digest(_key(settings.SECRET_KEY), context, payload), payload)


def decode(text: str, context: bytes, order: Order) -> Cursor:
    """Return what one of our cursors says; raise `ValueError` for any other text."""
    digest, payload = _parts(text)
    if not any(compare_digest(digest, _digest(key, context, payload)) for key in _keys()):
        raise ValueError("this is no cursor of this list")
    cursor = _read(payload, order)
    if _text(digest, _payload(cursor)) != text:
        raise ValueError("this cursor is not spelled as we spell it")
    return cursor


def _parts(text: str) -> tuple[bytes, bytes]:
    if len(text) > LONGEST:
        raise ValueError("no cursor of ours is that long")
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (NotBase64, UnicodeEncodeError):
        raise ValueError("a cursor is base64url") from None
    return raw[:_DIGEST_SIZE], raw[_DIGEST_SIZE:]


def _text(digest: bytes, payload: bytes) -> str:
    return urlsafe_b64encode(digest + payload).rstrip(b"=").decode("ascii")


def _payload(cursor: Cursor) -> bytes:
    values = [
        (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value
        for value in cursor.position
    ]
    return orjson.dumps([cursor.ordinal, 1 if cursor.forward else -1, *values])


def _read(payload: bytes, order: Order) -> Cursor:
    """Read a payload strictly: the types must be exactly those that we write."""
    content = orjson.loads(payload)
    if not isinstance(content, list) or len(content) != 2 + len(order.kinds):
        raise ValueError("this cursor has another shape")
    ordinal, direction, *values = content
    if type(ordinal) is not int or not _FIRST_ORDINAL <= ordinal <= _GREATEST_ORDINAL:
        raise ValueError("this cursor is of no page")
    if type(direction) is not int or direction not in (1, -1):
        raise ValueError("this cursor leads nowhere")
    position = tuple(_value(value, kind) for value, kind in zip(values, order.kinds, strict=True))
    return Cursor(ordinal, direction == 1, position)


def _value(value: Any, kind: type) -> Any:
    if kind is str:
        if type(value) is not str:
            raise ValueError("this cursor needs a text")
        return value
    if type(value) is not int or abs(value) > _GREATEST_INTEGER:
        raise ValueError("this cursor needs an integer")
    if kind is int:
        return value
    try:
        return _EPOCH + value * _MICROSECOND
    except OverflowError:
        raise ValueError("this cursor is out of time") from None


def _digest(key: bytes, context: bytes, payload: bytes) -> bytes:
    # The length keeps apart what the context ends with and what the payload begins with.
    framed = len(context).to_bytes(4) + context + payload
    return blake2b(framed, digest_size=_DIGEST_SIZE, key=key, person=_PERSONALISATION).digest()


def _keys() -> Iterator[bytes]:
    yield _key(settings.SECRET_KEY)
    for secret in settings.SECRET_KEY_FALLBACKS:
        yield _key(secret)


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return blake2b(secret.encode(), person=_PERSONALISATION).digest()
