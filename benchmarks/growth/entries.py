"""Which entries fill a memory, where nothing is asked of a database? Small ones, all different.

A body is shorter than what is worth compressing: most of an entry is then what it costs by
itself, and a million of them are made within seconds.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final

import orjson

from caching.building import Dependencies
from caching.entry import Entry, Reply, make_entry
from caching.freshness import CachePolicy

_POLICY: Final = CachePolicy(
    soft_ttl=86_400.0, hard_ttl=172_800.0, error_ttl=172_800.0, browser_ttl=60, edge_ttl=300
)


def path(number: int) -> bytes:
    """Return the cache key of an entry."""
    return b"/api/v1/posts/%d/?fields=id,title" % number


def row_key(number: int) -> str:
    """Return the surrogate key of a row."""
    return f"post:{number}"


def entry(number: int, keys: Collection[str] | None = None) -> Entry:
    """Make the entry of a number; it depends on the row of that number if nothing else is said."""
    body = orjson.dumps({"id": number, "title": f"Post {number} " + "of many " * 20})
    needed = {row_key(number)} if keys is None else set(keys)
    return make_entry(
        path(number), Reply(200, body, dependencies=Dependencies(needed)), _POLICY, now=time.time()
    )
