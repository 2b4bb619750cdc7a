"""Does the request still want what it asks for, given what it has or expects?

The preconditions of RFC 9110 §13.1, evaluated in the order of §13.2.2, from two validators
alone. The caller knows what happens without them and calls only then (§13.2.1): not for an
answer that would be neither 2xx nor 412 (a 404, 400, 405 or redirect ignores preconditions),
nor for OPTIONS. It also sees to it that `last_modified` is not later than the answer's Date.

Nothing here touches a body, and a 304 costs one comparison of bytes in the common case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from caching.validators import ANY, parse_entity_tags, parse_http_date, strong_match, weak_match


class Verdict(Enum):
    """What the preconditions make of the request."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not-modified"
    FAILED = "failed"


@dataclass(slots=True)
class Preconditions:
    """The precondition fields of a request, the lines of each joined with a comma."""

    if_match: bytes | None = None
    if_none_match: bytes | None = None
    if_modified_since: bytes | None = None
    if_unmodified_since: bytes | None = None


def evaluate(  # noqa: PLR0913 - all but the first by keyword: what we have, against what was sent.
    preconditions: Preconditions,
    *,
    method: str,
    etag: bytes | None,
    last_modified: int | None,
    now: float,
    other_etags: Collection[bytes] = (),
) -> Verdict:
    """Decide whether to perform the method, answer 304, or answer 412.

    `etag` is the strong tag of the selected representation, None if there is no
    representation. `other_etags` are the tags of its other codings: who writes may have
    read any of them, who reads is asked about the selected one only.
    """
    is_read = method in ("GET", "HEAD")
    if (
        is_read
        and preconditions.if_none_match == etag is not None
        and preconditions.if_match is None
        and preconditions.if_unmodified_since is None
    ):
        return Verdict.NOT_MODIFIED  # What steps 1 to 4 come to when a client asks again.
    current = () if etag is None else (etag,) if is_read else (etag, *other_etags)

    # 1. If-Match. Not done: finding out that a failed write has already been applied.
    if preconditions.if_match is not None:
        if not _if_match_holds(preconditions.if_match, current):
            return Verdict.FAILED

    # 2. If-Unmodified-Since, only without If-Match.
    elif not _if_unmodified_since_holds(preconditions.if_unmodified_since, last_modified, now):
        return Verdict.FAILED

    # 3. If-None-Match.
    if preconditions.if_none_match is not None:
        if not _if_none_match_holds(preconditions.if_none_match, current):
            return Verdict.NOT_MODIFIED if is_read else Verdict.FAILED

    # 4. If-Modified-Since, only for reads and without If-None-Match, however malformed that is.
    elif is_read and not _if_modified_since_holds(preconditions.if_modified_since, last_modified, now):
        return Verdict.NOT_MODIFIED

    # 5. If-Range. Not done: we serve no ranges (`Accept-Ranges: none`), so Range is ignored.
    # 6. Perform the method.
    return Verdict.PROCEED


def held_coding(if_none_match: bytes | None, etags: Mapping[str, bytes]) -> str | None:
    """Return the coding of the entry whose tag the client holds, None if it holds none.

    For a client whose preferred coding changed since it stored the answer: if the coding
    returned is still acceptable to it, 304 with that coding's tag saves the body. That is an
    option of proactive negotiation (RFC 9110 §12.1). `*` names no variant.
    """
    if if_none_match is None:
        return None
    tags = parse_entity_tags(if_none_match)
    if tags == ANY:
        return None
    held = {tag.opaque for tag in tags}
    return next((coding for coding, tag in etags.items() if tag in held), None)


def _if_match_holds(field: bytes, current: tuple[bytes, ...]) -> bool:
    """Evaluate If-Match (RFC 9110 §13.1.1) by strong comparison."""
    tags = parse_entity_tags(field)
    if tags == ANY:
        return bool(current)
    return any(strong_match(tag, ours) for tag in tags for ours in current)


def _if_none_match_holds(field: bytes, current: tuple[bytes, ...]) -> bool:
    """Evaluate If-None-Match (RFC 9110 §13.1.2) by weak comparison."""
    tags = parse_entity_tags(field)
    if tags == ANY:
        return not current
    return not any(weak_match(tag, ours) for tag in tags for ours in current)


def _if_modified_since_holds(field: bytes | None, last_modified: int | None, now: float) -> bool:
    """Evaluate If-Modified-Since (RFC 9110 §13.1.3); true if there is nothing to compare."""
    date = _comparable_date(field, last_modified, now)
    return date is None or last_modified is None or last_modified > date


def _if_unmodified_since_holds(field: bytes | None, last_modified: int | None, now: float) -> bool:
    """Evaluate If-Unmodified-Since (RFC 9110 §13.1.4); true if there is nothing to compare."""
    date = _comparable_date(field, last_modified, now)
    return date is None or last_modified is None or last_modified <= date


def _comparable_date(field: bytes | None, last_modified: int | None, now: float) -> int | None:
    if field is None or last_modified is None:
        return None
    return parse_http_date(field, now=now)
