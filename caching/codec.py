"""How does an entry travel to another process, and come back as it was?

As bytes in a format of our own, which L2 keeps. All numbers are little-endian:

    head       magic, format version, checksum of all that follows
    numbers    what an entry has of them, and how many fields and variants follow
    lengths    of each part, four bytes each
    parts      cache key; surrogate keys, a newline between two; their generations; name and
               value of each field; coding, ETag and body of each variant

What was decoded answers byte for byte as the original does: bodies and ETags are stored,
header blocks are written by the code that wrote them first (`entry.make_variants`).

Whoever reads must expect anything under a key: an entry of another release, for another URL,
or cut off. All that is `Undecodable`, which is a miss. Nothing is run and nothing unpacked:
what comes out is made of slices of what came in, whose lengths add up. Whether the
generations still hold is for the caller to see.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from struct import Struct, error, pack, unpack, unpack_from
from typing import Final, NamedTuple
from zlib import crc32

from caching.codings import CODINGS
from caching.entry import Entry, codings_of, make_variants
from caching.freshness import CachePolicy
from caching.negotiation import IDENTITY

# Raise it with every change of the format: releases that run side by side then miss each
# other's entries. What views serialise has a version of its own, in the key of L2.
FORMAT_VERSION: Final = 1

MAGIC: Final = b"\x8fRPE"  # Neither text nor a pickle begins like this.
GENERATION_BYTES: Final = 8

_HEAD: Final = Struct("<4sHI")
_NUMBERS: Final = Struct("<HQ3d2Qq5dHH")

# For those who look into an entry without decoding it (`shared/scripts.py`): what it begins with,
# where the numbers of fields and variants are and where the lengths of the parts begin, how many
# parts there are, and within how many bytes nothing is complete.
READABLE: Final = pack("<4sH", MAGIC, FORMAT_VERSION)
LENGTHS_AT: Final = _HEAD.size + _NUMBERS.size
COUNTS_AT: Final = LENGTHS_AT - 4
PARTS, PER_FIELD, PER_VARIANT = 3, 2, 3
PARTS_AT: Final = LENGTHS_AT + 4 * PARTS
_NEVER: Final = math.inf  # As `changes_at`.
_SEPARATOR: Final = "\n"  # In no surrogate key (`surrogate_keys`).
_CODINGS: Final = {coding.encode("ascii"): coding for coding in (IDENTITY, *CODINGS)}

# Entries of a route share its policy, those that were built and those that were decoded.
_policy: Final = lru_cache(maxsize=64)(CachePolicy)


class Undecodable(ValueError):
    """The bytes are no entry for the key, or none that this release can read."""


class Stored(NamedTuple):
    """An entry as it was stored, with its surrogate keys and, parallel to them, their generations."""

    entry: Entry
    keys: tuple[str, ...]
    generations: tuple[bytes, ...]


class _Numbers(NamedTuple):
    status: int
    bytes: int
    soft_ttl: float
    hard_ttl: float
    error_ttl: float
    browser_ttl: int
    edge_ttl: int
    last_modified: int
    stored_at: float
    fresh_until: float
    stale_until: float
    error_until: float
    changes_at: float
    fields: int
    variants: int


def encode(entry: Entry, generations: Mapping[str, bytes]) -> bytes:
    """Return the entry as bytes, the same in every process.

    `generations` has one for each of the entry's surrogate keys; others in it do not count.
    """
    keys = sorted(entry.surrogate_keys)
    values = [generations[key] for key in keys]
    if any(len(value) != GENERATION_BYTES for value in values):
        raise ValueError(f"need generations of {GENERATION_BYTES} bytes, got another among {values}")
    parts = [entry.key, _SEPARATOR.join(keys).encode("ascii"), b"".join(values)]
    for field in entry.fields:
        parts += field
    for coding, variant in entry.variants.items():
        parts += (coding.encode("ascii"), variant.etag, variant.body)
    lengths = pack(f"<{len(parts)}I", *map(len, parts))
    content = b"".join((_NUMBERS.pack(*_numbers(entry)), lengths, *parts))
    return _HEAD.pack(MAGIC, FORMAT_VERSION, crc32(content)) + content


def decode(data: bytes, key: bytes) -> Stored:
    """Return what was encoded; raise `Undecodable` if that was not an entry for the cache key."""
    try:
        _check_head(data)
        numbers = _Numbers._make(_NUMBERS.unpack_from(data, _HEAD.size))
        _check_numbers(numbers, len(data))
        parts = _parts(data, PARTS + PER_FIELD * numbers.fields + PER_VARIANT * numbers.variants)
        return _stored(key, numbers, parts)
    except Undecodable:
        raise
    # What bytes can still do that have the right checksum and were never encoded.
    except (error, ValueError, LookupError, OverflowError, OSError) as trouble:
        raise Undecodable(f"need an entry, got bytes that contradict themselves: {trouble}") from trouble


def _numbers(entry: Entry) -> _Numbers:
    policy = entry.policy
    return _Numbers(
        status=entry.status,
        bytes=entry.bytes,
        soft_ttl=policy.soft_ttl,
        hard_ttl=policy.hard_ttl,
        error_ttl=policy.error_ttl,
        browser_ttl=policy.browser_ttl,
        edge_ttl=policy.edge_ttl,
        last_modified=entry.last_modified,
        stored_at=entry.stored_at,
        fresh_until=entry.fresh_until,
        stale_until=entry.stale_until,
        error_until=entry.error_until,
        changes_at=_NEVER if entry.changes_at is None else entry.changes_at,
        fields=len(entry.fields),
        variants=len(entry.variants),
    )


def _check_head(data: bytes) -> None:
    magic, version, checksum = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise Undecodable("need an entry, got something else")
    if version != FORMAT_VERSION:
        raise Undecodable(f"need format version {FORMAT_VERSION}, got {version}")
    if crc32(memoryview(data)[_HEAD.size :]) != checksum:
        raise Undecodable("need the bytes that were encoded, got others: the checksum differs")


def _check_numbers(numbers: _Numbers, length: int) -> None:
    # Each comparison is false for what is no number at all.
    if not (
        math.isfinite(numbers.stored_at)
        and numbers.fresh_until <= numbers.stale_until <= numbers.error_until < math.inf
        and numbers.changes_at > -math.inf
    ):
        raise Undecodable("need moments in their order, got others")
    if numbers.bytes < length:
        raise Undecodable(f"need a size in memory of at least {length} bytes, got {numbers.bytes}")


def _parts(data: bytes, count: int) -> list[bytes]:
    start = _HEAD.size + _NUMBERS.size
    lengths = unpack_from(f"<{count}I", data, start)
    parts = []
    begin = start + 4 * count
    for length in lengths:
        end = begin + length
        parts.append(data[begin:end])
        begin = end
    if begin != len(data):
        raise Undecodable(f"need {begin} bytes, got {len(data)}")
    return parts


def _stored(key: bytes, numbers: _Numbers, parts: list[bytes]) -> Stored:
    if parts[0] != key:
        raise Undecodable("need the entry of this URL, got another's")
    keys = tuple(parts[1].decode("ascii").split(_SEPARATOR))
    generations = unpack(f"{GENERATION_BYTES}s" * len(keys), parts[2])
    first = PARTS + PER_FIELD * numbers.fields
    fields = tuple(zip(parts[PARTS:first:2], parts[4:first:2], strict=True))
    rest = iter(parts[first:])
    coded = {_CODINGS[coding]: (etag, body) for coding, etag, body in zip(rest, rest, rest, strict=True)}
    if IDENTITY not in coded:
        raise Undecodable("need the identity body, got none")
    policy = _policy(
        numbers.soft_ttl, numbers.hard_ttl, numbers.error_ttl, numbers.browser_ttl, numbers.edge_ttl
    )
    entry = Entry(
        key=key,
        status=numbers.status,
        policy=policy,
        fields=fields,
        variants=make_variants(coded, fields, policy, numbers.last_modified),
        codings=codings_of(coded),
        # By way of a set, which makes a table of just the size that the original has.
        surrogate_keys=frozenset(set(keys)),
        stored_at=numbers.stored_at,
        last_modified=numbers.last_modified,
        fresh_until=numbers.fresh_until,
        stale_until=numbers.stale_until,
        error_until=numbers.error_until,
        changes_at=None if numbers.changes_at == _NEVER else numbers.changes_at,
        bytes=numbers.bytes,
    )
    return Stored(entry, keys, generations)
