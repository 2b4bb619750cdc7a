"""Entries for tests: made as builds make them, of JSON like our own."""

from __future__ import annotations

import random
from collections.abc import Collection

import orjson

from caching.building import Dependencies
from caching.entry import Entry, Reply, add_coding, make_entry
from caching.freshness import CachePolicy

NOW = 1_000_000.25

# Fresh for a minute, served stale for ten, usable for an hour when a build fails.
POLICY = CachePolicy(soft_ttl=60, hard_ttl=600, error_ttl=3600, browser_ttl=10, edge_ttl=60)

BODY = orjson.dumps({"results": [{"id": number, "title": f"Post {number}"} for number in range(40)]})

_WORDS = [
    "malt",
    "hops",
    "yeast",
    "water",
    "wort",
    "mash",
    "sparge",
    "boil",
    "pitch",
    "ferment",
    "lager",
    "stout",
    "porter",
    "gravity",
    "barrel",
    "keg",
]


def make_reply(
    body: bytes = BODY, *, status: int = 200, keys: Collection[str] = (), changes_at: float | None = None
) -> Reply:
    """Make what a build came to, depending on `keys`."""
    return Reply(status=status, body=body, dependencies=Dependencies(set(keys), changes_at))


def entry_of(
    key: bytes = b"/things/1/", *, now: float = NOW, policy: CachePolicy = POLICY, **reply: object
) -> Entry:
    """Make an entry that was built at `now`, and of which every coding has been asked for."""
    return fully_coded(make_entry(key, make_reply(**reply), policy, now=now))


def fully_coded(entry: Entry) -> Entry:
    """Make all codings that the entry offers."""
    for coding in entry.codings:
        if coding not in entry.variants:
            entry.bytes += add_coding(entry, coding)
    return entry


def plausible_body(size: int, *, seed: int) -> bytes:
    """Make a JSON list of about `size` bytes that compresses like English text."""
    choose = random.Random(seed)
    rows: list[dict[str, object]] = []
    length = 0
    while length < size:
        text = " ".join(choose.choices(_WORDS, k=40))
        rows.append({"id": choose.randrange(1_000_000), "title": text[:40], "excerpt": text})
        length += len(text) + 80
    return orjson.dumps({"next": None, "previous": None, "results": rows})


def copied(entry: Entry, **changes: object) -> Entry:
    """Copy an entry cheaply, where making one anew is not what is tested."""
    fields = {name: getattr(entry, name) for name in Entry.__slots__}
    return Entry(**{**fields, "reads": 0, **changes})
