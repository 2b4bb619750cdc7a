"""By what does a client recognise a representation that it already has?

Two validators (RFC 9110 §8.8): an entity tag and a modification date. Our tags are strong
digests of exactly the bytes sent, so they are equal on every worker and after a restart, and
each coding of a body has its own. The schema version of the serializers is part of the
digest: two versions never share a tag, whatever bytes they produce.

Clients send back lists of tags, made by us or weakened by a proxy on the way, and dates in
three formats (RFC 9110 §5.6.7). A field that breaks the grammar names nothing; that it was
there at all still counts (`conditional`). Pure text: what follows from a match is not decided here.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from calendar import timegm
from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

ANY: Final = "*"

_DIGEST_SIZE: Final = 18  # Bytes: beyond any chance of collision, and base64 without padding.

# One list member and what ends it. Possessive: a client cannot make it search twice.
_MEMBER: Final = re.compile(rb'[ \t]*+(?:(W/)?("[\x21\x23-\x7e\x80-\xff]*+")[ \t]*+)?(?:,|\Z)')


class EntityTag(NamedTuple):
    """A tag as sent by a client; `opaque` is the opaque-tag with its quotes."""

    weak: bool
    opaque: bytes


def etag(content: bytes, schema_version: str) -> bytes:
    """Return the strong entity tag, with quotes, of the bytes as they go over the wire.

    `schema_version` may have at most 64 bytes.

    >>> etag(b"{}", "1")
    b'"I0lCnMa3M3vTNRjWQa1A-OCd"'
    """
    digest = blake2b(content, digest_size=_DIGEST_SIZE, key=schema_version.encode()).digest()
    return b'"' + urlsafe_b64encode(digest) + b'"'


def parse_entity_tags(field: bytes) -> tuple[EntityTag, ...] | Literal["*"]:
    """Return the tags in the value of If-Match or If-None-Match; none at all if it is malformed.

    A field of which one member is malformed is malformed as a whole: that is the safe reading
    of both fields (a full answer, or a refused write).

    >>> parse_entity_tags(b'"a,b", W/"c"')
    (EntityTag(weak=False, opaque=b'"a,b"'), EntityTag(weak=True, opaque=b'"c"'))
    """
    if field.strip(b" \t") == b"*":
        return ANY
    tags = []
    position = 0
    while position < len(field):
        match = _MEMBER.match(field, position)
        if match is None:
            return ()
        weak, opaque = match.groups()
        if opaque is not None:
            tags.append(EntityTag(weak is not None, opaque))
        position = match.end()
    return tuple(tags)


def strong_match(sent: EntityTag, ours: bytes) -> bool:
    """Tell whether both are strong and equal (RFC 9110 §8.8.3.2); our tags are never weak."""
    return not sent.weak and sent.opaque == ours


def weak_match(sent: EntityTag, ours: bytes) -> bool:
    """Tell whether the tags are equal but for a `W/` (RFC 9110 §8.8.3.2)."""
    return sent.opaque == ours


def http_date(epoch: int) -> bytes:
    """Return the date as an IMF-fixdate.

    >>> http_date(784111777)
    b'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    return formatdate(epoch, usegmt=True).encode("ascii")


_MONTHS: Final = (
    b"Jan",
    b"Feb",
    b"Mar",
    b"Apr",
    b"May",
    b"Jun",
    b"Jul",
    b"Aug",
    b"Sep",
    b"Oct",
    b"Nov",
    b"Dec",
)
_MONTH: Final = b"(?P<month>" + b"|".join(_MONTHS) + b")"
_TIME: Final = rb"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DAY: Final = rb"(?P<day>[0-9]{2})"
_DATES: Final = tuple(
    re.compile(expression)
    for expression in (
        # IMF-fixdate, then the two obsolete formats.
        rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), %b %b (?P<year>[0-9]{4}) %b GMT" % (_DAY, _MONTH, _TIME),
        rb"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, %b-%b-(?P<year>[0-9]{2}) %b GMT"
        % (_DAY, _MONTH, _TIME),
        rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) %b (?P<day>[0-9]{2}| [0-9]) %b (?P<year>[0-9]{4})"
        % (_MONTH, _TIME),
    )
)


def parse_http_date(field: bytes, *, now: float) -> int | None:
    """Return the epoch second that the field names, or None if it is not exactly one HTTP date.

    `now` decides which century a year of two digits belongs to.
    """
    for pattern in _DATES:
        match = pattern.fullmatch(field)
        if match is not None:
            return _epoch(match, now)
    return None


def _epoch(match: re.Match[bytes], now: float) -> int | None:
    month = _MONTHS.index(match["month"]) + 1
    year, day, hour, minute, second = (
        int(match[part]) for part in ("year", "day", "hour", "minute", "second")
    )
    if len(match["year"]) == 2:
        today = datetime.fromtimestamp(now, UTC)
        year += today.year - today.year % 100
        # What seems to lie more than 50 years ahead was a hundred years before that.
        if (year - 50, month, day, hour, minute, second) > today.timetuple()[:6]:
            year -= 100
    if second > 60:
        return None
    try:
        # A leap second is allowed by the grammar and unknown to `datetime`.
        moment = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    return timegm(moment.timetuple()) + second
