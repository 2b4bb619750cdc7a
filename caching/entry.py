"""What is stored for a URL? All that an answer needs, made once, when it is built.

An entry holds the body and its codings, a strong ETag for each, the header block of the 200
and of the 304, the surrogate keys it depends on and how long it may be used. Answering from
it compresses nothing, hashes nothing and formats nothing (`answer.py`).

A coding is made when it is first asked for (`add_coding`), and stays: many a page is read once, by
somebody who takes one coding or none. Large bodies would hold up the event loop, so theirs are all
made by the build.

`Last-Modified` is the first full second after these bytes came to be. A representation that
replaces them later gets a later second, so a client that has only a date is never told
"not modified" wrongly (RFC 9110 §8.8.2.2); until that second has come, the field is left out
and the answer carries the ETag alone.

Pure: bytes in, bytes out. Which URL, which policy and which moment the caller says.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from caching.building import Dependencies
from caching.cache_control import freshness_fields
from caching.cache_status import HIT
from caching.codings import CODINGS, SHORTEST, code, compress
from caching.freshness import CachePolicy, Freshness
from caching.headers import PUBLIC_FIELDS, VARY, Field, FixedFields
from caching.labels import FIELD_NAMES, Labelling
from caching.negotiation import IDENTITY
from caching.surrogate_keys import carried_keys
from caching.validators import etag, http_date

# Part of every ETag. Raise it when the serialisation of equal data changes.
SCHEMA_VERSION: Final = "1"

JSON: Final = "application/json"
# Bytes of a body that is coded in less than a millisecond, and so when somebody asks for it.
CODED_LATER: Final = 32 * 1024
_NUMBERS_BYTES: Final = 7 * 28  # The numbers and moments of an entry.
UNLABELLED: Final = Labelling()
_EXPOSED_FIELDS: Final = tuple(pair for pair in PUBLIC_FIELDS if pair[0].startswith(b"access-control-"))


# A body in one coding: the ETag of the bytes, and the bytes.
Coded: TypeAlias = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a build came to: the answer of ordinary Django code, and what it depends on."""

    status: int
    body: bytes
    content_type: str = JSON
    fields: tuple[Field, ...] = ()
    dependencies: Dependencies = field(default_factory=Dependencies)


class Blocks(NamedTuple):
    """The header blocks of hits up to a moment, of the 200 (or 404) and of the 304."""

    until: float
    full: FixedFields
    not_modified: FixedFields


OUTDATED: Final = Blocks(0.0, FixedFields(), FixedFields())


@dataclass(slots=True)
class Variant:
    """One coding of the body, with its header blocks ready to send.

    The blocks `dated` carry Last-Modified, the others are for the second in which the
    representation was made. Cache-Status stands last in each.
    """

    body: bytes
    etag: bytes
    full: FixedFields
    full_dated: FixedFields
    not_modified: FixedFields
    blocks: Blocks = OUTDATED  # What hits are answered with (`answer.py`).


@dataclass(slots=True)
class Entry:
    """The representation of one URL."""

    key: bytes
    status: int
    policy: CachePolicy
    fields: tuple[Field, ...]  # What the build said of the body, whatever its coding; labels for edges.
    variants: dict[str, Variant]
    codings: tuple[str, ...]
    surrogate_keys: frozenset[str]
    stored_at: float
    last_modified: int
    fresh_until: float
    stale_until: float
    error_until: float
    changes_at: float | None
    bytes: int = 0
    reads: int = 0  # Since L1 last looked, up to three (`eviction.py`).

    @property
    def dated_from(self) -> float:
        """From when on Last-Modified is sent: the clock behind `Date` may be up to a second late."""
        return self.last_modified + 1

    def freshness(self, *, now: float) -> Freshness:
        """Return what may be done with the entry at `now`."""
        if now < self.fresh_until:
            return Freshness.FRESH
        if now < self.stale_until:
            return Freshness.STALE
        if now < self.error_until:
            return Freshness.USABLE_ON_ERROR
        return Freshness.EXPIRED


def make_entry(
    key: bytes, reply: Reply, policy: CachePolicy, *, now: float, labelling: Labelling = UNLABELLED
) -> Entry:
    """Make the entry of a reply that was read from the database at about `now`."""
    changes_at = reply.dependencies.changes_at
    last_modified = math.floor(now) + 1
    # Copied, for a serialiser leaves its result in a buffer up to twice as large.
    bodies = {IDENTITY: bytes(memoryview(reply.body))}
    if len(reply.body) > CODED_LATER:
        bodies |= compress(reply.body)
    coded = {coding: (etag(body, SCHEMA_VERSION), body) for coding, body in bodies.items()}
    surrogate_keys = carried_keys(reply.dependencies.keys)
    content_type = (b"content-type", reply.content_type.encode("latin-1"))
    fields = (content_type, *reply.fields, *labelling.fields(surrogate_keys))
    soonest = math.inf if changes_at is None else changes_at
    entry = Entry(
        key=key,
        status=reply.status,
        policy=policy,
        fields=fields,
        variants=make_variants(coded, fields, policy, last_modified),
        codings=codings_of(coded),
        surrogate_keys=surrogate_keys,
        stored_at=now,
        last_modified=last_modified,
        fresh_until=min(now + policy.soft_ttl, soonest),
        stale_until=min(now + policy.hard_ttl, soonest),
        error_until=now + policy.error_ttl,
        changes_at=changes_at,
    )
    entry.bytes = _footprint(entry)
    return entry


def make_variants(
    coded: Mapping[str, Coded], fields: tuple[Field, ...], policy: CachePolicy, last_modified: int
) -> dict[str, Variant]:
    """Write the header blocks for each coding of a body: after a build, and after a stay in L2."""
    lifetimes = tuple(freshness_fields(policy))
    shared = (*fields, *lifetimes, *PUBLIC_FIELDS, HIT)
    # RFC 9110 §15.4.5, and what guides an edge that updates its stored answer.
    labels = tuple(pair for pair in fields if pair[0] in FIELD_NAMES)
    guiding = (*lifetimes, VARY, *labels, *_EXPOSED_FIELDS, HIT)
    date = (b"last-modified", http_date(last_modified))
    variants = {}
    for coding, (tag, body) in coded.items():
        validator = (b"etag", tag)
        own: tuple[Field, ...] = (validator, (b"content-length", b"%d" % len(body)))
        if coding != IDENTITY:
            own = (*own, (b"content-encoding", coding.encode("ascii")))
        variants[coding] = Variant(
            body=body,
            etag=tag,
            full=FixedFields((*own, *shared)),
            full_dated=FixedFields((*own, date, *shared)),
            not_modified=FixedFields((validator, *guiding)),
        )
    return variants


def codings_of(coded: Mapping[str, Coded]) -> tuple[str, ...]:
    """Return the codings among which a client may choose, made or still to be made, the best first."""
    size = len(coded[IDENTITY][1])
    if SHORTEST <= size <= CODED_LATER:
        return CODINGS
    return tuple(coding for coding in coded if coding != IDENTITY)


def add_coding(entry: Entry, coding: str) -> int:
    """Make a variant that the entry offers and does not have; return the bytes by which it grows.

    If the coding does not make the body smaller, the entry offers it no more.
    """
    coded = code(entry.variants[IDENTITY].body, coding)
    if coded is None:
        entry.codings = tuple(offered for offered in entry.codings if offered != coding)
        return 0
    tagged = {coding: (etag(coded, SCHEMA_VERSION), coded)}
    before = _footprint(entry)
    entry.variants |= make_variants(tagged, entry.fields, entry.policy, entry.last_modified)
    return _footprint(entry) - before


def etags_of(body: bytes) -> frozenset[bytes]:
    """Return the tags that a client may hold for a representation with this body, in any coding."""
    return frozenset(etag(content, SCHEMA_VERSION) for content in (body, *compress(body).values()))


def _footprint(entry: Entry) -> int:
    """Return about how many bytes of memory the entry occupies, each object counted once."""
    constants = {id(pair) for pair in (*PUBLIC_FIELDS, VARY, HIT)}
    objects: dict[int, object] = {
        id(part): part for part in (entry, entry.key, entry.fields, entry.variants, entry.codings)
    }
    objects[id(entry.surrogate_keys)] = entry.surrogate_keys
    objects.update((id(key), key) for key in entry.surrogate_keys)
    for variant in entry.variants.values():
        for part in (
            variant,
            variant.body,
            variant.etag,
            variant.full,
            variant.full_dated,
            variant.not_modified,
            variant.blocks,
        ):
            objects[id(part)] = part
        for pair in (*variant.full_dated, *variant.full, *variant.not_modified):
            if id(pair) not in constants:
                objects[id(pair)] = pair
                objects[id(pair[1])] = pair[1]
    return _NUMBERS_BYTES + sum(sys.getsizeof(part) for part in objects.values())
