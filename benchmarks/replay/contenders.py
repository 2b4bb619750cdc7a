"""Which stores are compared? Our L1, the libraries', and the plain policies, behind one face.

Each is made with a capacity, either in entries or in bytes, and is then asked and filled in the
same way. All hold real entries of ours; only their number of bytes is made up. Libraries that
cannot weigh what they hold are compared by counts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import cachebox
import cachetools
import moka_py
import theine

from benchmarks.replay import policies
from benchmarks.replay.policies import Policy
from caching.building import Dependencies
from caching.entry import Entry, Reply, make_entry
from caching.eviction import MOST_READS
from caching.freshness import CachePolicy
from caching.l1 import L1

OURS: Final = "ours, S3-FIFO"
LRU: Final = "LRU"
CLOCK: Final = "CLOCK"
_POLICY: Final = CachePolicy(soft_ttl=60, hard_ttl=600, error_ttl=3600, browser_ttl=10, edge_ttl=60)
_REPLY: Final = Reply(status=200, body=b"{}", dependencies=Dependencies({"posts"}))
_TEMPLATE: Final = make_entry(b"/", _REPLY, _POLICY, now=0.0)
_EQUAL: Final = 20_000  # Bytes of an entry where entries are counted.


def entry_of(key: bytes, size: int) -> Entry:
    """Return an entry that says that it occupies so many bytes."""
    return replace(_TEMPLATE, key=key, bytes=size)


class Ours:
    """L1 as it is, read as a hit reads it."""

    def __init__(self, budget: int, *, most_reads: int = MOST_READS) -> None:
        self.l1: Final = L1(budget)
        self._most_reads: Final = most_reads

    @classmethod
    def of_entries(cls, count: int, *, most_reads: int = MOST_READS) -> Ours:
        """Return an L1 with the room that so many equal entries need."""
        full = L1(2**62)
        for number in range(count):
            full.put(entry_of(b"%d" % number, _EQUAL))
        return cls(full.bytes, most_reads=most_reads)

    def get(self, key: bytes) -> Entry | None:
        """Look, and count to three."""
        entry = self.l1.get(key)
        if entry is not None and entry.reads < self._most_reads:
            entry.reads += 1
        return entry

    def put(self, key: bytes, size: int) -> None:
        """Keep."""
        self.l1.put(entry_of(key, _EQUAL if size == 1 else size))


class Library:
    """A cache with `get`, and some way to set."""

    def __init__(self, get: Callable[[bytes], Any], put: Callable[[bytes, Entry], Any]) -> None:
        self.get: Final = get
        self._put: Final = put

    def put(self, key: bytes, size: int) -> None:
        """Keep, if it will."""
        # Larger than the whole cache, as these say.
        with suppress(ValueError, OverflowError):
            self._put(key, entry_of(key, size))


def _weight(_key: bytes, entry: Entry) -> int:
    return entry.bytes


def _subscribed(cache: Any) -> Library:
    return Library(cache.get, cache.__setitem__)


def _theine(capacity: int) -> Library:
    cache: Any = theine.Cache(capacity)
    return Library(lambda key: cache.get(key)[0], cache.set)


def _moka(capacity: int, policy: str) -> Library:
    cache: Any = moka_py.Moka(capacity, policy=policy, weigher=_weight)
    return Library(cache.get, cache.set)


# In both, a `size` of 1 counts entries.
BY_COUNT: Final[Mapping[str, Callable[[int], Policy]]] = {
    LRU: policies.LRU,
    "cachetools LRU": lambda capacity: _subscribed(cachetools.LRUCache(capacity)),
    "cachebox LRU": lambda capacity: _subscribed(cachebox.LRUCache(capacity)),
    "cachebox LFU": lambda capacity: _subscribed(cachebox.LFUCache(capacity)),
    CLOCK: policies.CLOCK,
    "SIEVE": policies.SIEVE,
    "W-TinyLFU": policies.WTinyLFU,
    "theine": _theine,
    "moka-py": lambda capacity: _moka(capacity, "tiny_lfu"),
    "ours, counting to 1": lambda capacity: Ours.of_entries(capacity, most_reads=1),
    OURS: Ours.of_entries,
}
BY_BYTES: Final[Mapping[str, Callable[[int], Policy]]] = {
    LRU: policies.LRU,
    "cachetools LRU": lambda capacity: _subscribed(
        cachetools.LRUCache(capacity, getsizeof=lambda entry: entry.bytes)
    ),
    "cachebox LRU": lambda capacity: _subscribed(cachebox.LRUCache(capacity, getsizeof=_weight)),
    "cachebox LFU": lambda capacity: _subscribed(cachebox.LFUCache(capacity, getsizeof=_weight)),
    CLOCK: policies.CLOCK,
    "SIEVE": policies.SIEVE,
    "moka-py": lambda capacity: _moka(capacity, "tiny_lfu"),
    "ours, counting to 1": lambda capacity: Ours(capacity, most_reads=1),
    OURS: Ours,
}
