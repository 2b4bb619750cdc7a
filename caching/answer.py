"""Given an entry and a request, what do we send?

The last step of every public read and, on a hit, nearly the only one: pick the coding,
evaluate the preconditions, hand out a header block that is ready. The answer is a triple
of status, fields and body; whoever sends it leaves the body out for HEAD.

Errors that the front gives by itself are made here too, so that all look alike: problem
documents, never stored, with the same `Vary` as everything else at the URL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from caching.cache_control import NO_STORE, freshness_fields
from caching.cache_status import HIT, UNSTORED
from caching.conditional import Preconditions, Verdict, evaluate, held_coding
from caching.entry import Blocks, Entry, Reply, Variant
from caching.headers import PUBLIC_FIELDS, READ_FIELDS, Field, FixedFields, RequestFields, read_request_fields
from caching.negotiation import negotiate
from caching.problems import CONTENT_TYPE, encoded, problem

_STORING_FIELDS: Final = frozenset({b"cache-control", b"cdn-cache-control"})


class Answer(NamedTuple):
    """What goes to the client."""

    status: int
    fields: Sequence[Field]
    body: bytes


def hit(
    entry: Entry, headers: Sequence[Field], *, method: str, now: float
) -> tuple[int, Sequence[Field], bytes] | None:
    """Answer a GET or HEAD from a fresh entry: as `answer` does, but in a third of the time.

    What nearly everybody sends is at most an Accept-Encoding and the ETag that was given with the
    same coding. All else is answered in full. None if the coding has to be made first.
    """
    accept_encoding = if_none_match = None
    for name, value in headers:
        if name in READ_FIELDS:
            if name == b"accept-encoding" and accept_encoding is None:
                accept_encoding = value
            elif name == b"if-none-match" and if_none_match is None and entry.status == 200:
                if_none_match = value
            else:
                break
    else:
        coding = negotiate(accept_encoding, entry.codings)
        if coding is not None:
            variant = entry.variants.get(coding)
            if variant is None:
                return None
            blocks = variant.blocks
            if now >= blocks.until:
                blocks = variant.blocks = _blocks(entry, variant, now)
            if if_none_match is None:
                return entry.status, blocks.full, variant.body
            if if_none_match == variant.etag:
                return 304, blocks.not_modified, b""
    request = read_request_fields(headers)
    return None if missing_coding(entry, request) else answer(entry, request, method=method, now=now)


def missing_coding(entry: Entry, request: RequestFields) -> str | None:
    """Return the coding that an answer needs and the entry has not made yet."""
    coding = negotiate(request.accept_encoding, entry.codings)
    return None if coding is None or coding in entry.variants else coding


def _blocks(entry: Entry, variant: Variant, now: float) -> Blocks:
    """Return the blocks of `now`, and until when they stay as they are."""
    until = entry.fresh_until
    full = variant.full_dated
    if now < entry.dated_from:
        until, full = min(until, entry.dated_from), variant.full
    if entry.changes_at is not None:
        # Clipped lifetimes get shorter by the second.
        until = min(until, int(now) + 1)
    sent_by_everybody = RequestFields(None, None)
    return Blocks(
        until,
        _fixed(_adjusted(full, entry, sent_by_everybody, now, HIT)),
        _fixed(_adjusted(variant.not_modified, entry, sent_by_everybody, now, HIT)),
    )


def _fixed(block: list[Field]) -> FixedFields:
    return block if isinstance(block, FixedFields) else FixedFields(block)


def answer(
    entry: Entry, request: RequestFields, *, method: str, now: float, cache_status: Field = HIT
) -> Answer:
    """Answer a GET or HEAD from an entry that has the coding: 200 (or the entry's 404), 304, 406 or 412."""
    coding = negotiate(request.accept_encoding, entry.codings)
    if coding is None:
        available = ", ".join((*entry.codings, "identity"))
        detail = f"none of the codings of this representation is acceptable: {available}"
        return refusal(406, detail, instance=_path_of(entry))
    variant = entry.variants[coding]
    is_dated = now >= entry.dated_from
    # A 404 ignores preconditions (RFC 9110 §13.2.1).
    if request.preconditions is not None and entry.status == 200:
        verdict, variant = _evaluated(entry, variant, request, method=method, now=now, is_dated=is_dated)
        if verdict is Verdict.NOT_MODIFIED:
            return Answer(304, _adjusted(variant.not_modified, entry, request, now, cache_status), b"")
        if verdict is Verdict.FAILED:
            detail = "the representation is not the one that the request's preconditions name"
            return refusal(412, detail, instance=_path_of(entry))
    block = variant.full_dated if is_dated else variant.full
    return Answer(entry.status, _adjusted(block, entry, request, now, cache_status), variant.body)


def _evaluated(  # noqa: PLR0913 - as for `evaluate`: what we have, against what was sent.
    entry: Entry,
    preferred: Variant,
    request: RequestFields,
    *,
    method: str,
    now: float,
    is_dated: bool,
) -> tuple[Verdict, Variant]:
    """Evaluate the preconditions for the preferred variant, or for one that the client holds and takes."""
    preconditions = request.preconditions or Preconditions()
    last_modified = entry.last_modified if is_dated else None

    def verdict_on(variant: Variant) -> Verdict:
        return evaluate(preconditions, method=method, etag=variant.etag, last_modified=last_modified, now=now)

    verdict = verdict_on(preferred)
    if verdict is Verdict.PROCEED and preconditions.if_none_match is not None:
        held = held_coding(preconditions.if_none_match, {name: v.etag for name, v in entry.variants.items()})
        if held is not None and negotiate(request.accept_encoding, (held,)) == held:
            variant = entry.variants[held]
            if verdict_on(variant) is Verdict.NOT_MODIFIED:
                return Verdict.NOT_MODIFIED, variant
    return verdict, preferred


def _adjusted(
    block: list[Field],
    entry: Entry,
    request: RequestFields,
    now: float,
    cache_status: Field,
) -> list[Field]:
    """Return the block as it stands, or with what this one answer says differently."""
    if cache_status is HIT and entry.changes_at is None and not request.is_authorized:
        return block
    fields = [*block[:-1], cache_status]
    remaining = _remaining(entry, now, cache_status)
    if remaining is not None:
        lifetimes = dict(freshness_fields(entry.policy, remaining=remaining))
        fields = [(name, lifetimes.get(name, value)) for name, value in fields]
    if request.is_authorized:
        # Shared caches keep an answer to a request with credentials only if told so (RFC 9111 §3.5),
        # by the field that they go by (RFC 9213 §2.2). Surrogate-Control knows no such word.
        fields = [
            (name, b"public, " + value) if name in _STORING_FIELDS else (name, value)
            for name, value in fields
        ]
    if now >= entry.fresh_until:
        # Not vouched for at this moment: say how old it is, so that nobody counts it as new.
        fields.append((b"age", b"%d" % max(0, now - entry.stored_at)))
    return fields


def _remaining(entry: Entry, now: float, cache_status: Field) -> float | None:
    """Return for how many seconds anybody may keep this answer at most, None if nothing is known of that."""
    if cache_status in UNSTORED:
        # An edge may have been told already of the write that has overtaken it.
        return 0.0
    # As for the end of this second: the blocks of hits are made once in each.
    return None if entry.changes_at is None else entry.changes_at - int(now) - 1


def _path_of(entry: Entry) -> str:
    return entry.key.partition(b"?")[0].decode("ascii")


def refusal(status: int, detail: str, *, fields: Sequence[Field] = (), **members: Any) -> Answer:
    """Return an error of the front's own."""
    body = encoded(problem(status, detail, **members))
    return Answer(status, _error_fields(CONTENT_TYPE, body, fields), body)


def unstored(reply: Reply) -> Answer:
    """Return the answer of a build that may not be kept, as Django gave it."""
    return Answer(reply.status, _error_fields(reply.content_type, reply.body, reply.fields), reply.body)


def redirect(location: str, *, max_age: int, labels: Sequence[Field] = ()) -> Answer:
    """Send the client to the canonical spelling of a URL, for good (308 keeps the method)."""
    fields = [
        (b"location", location.encode("ascii")),
        (b"content-length", b"0"),
        (b"cache-control", b"max-age=%d" % max_age),
        *labels,
        *PUBLIC_FIELDS,
    ]
    return Answer(308, fields, b"")


def _error_fields(content_type: str, body: bytes, fields: Sequence[Field]) -> list[Field]:
    return [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(body)),
        NO_STORE,
        *fields,
        *PUBLIC_FIELDS,
    ]
