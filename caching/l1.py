"""Which representations does this process hold in memory, within how many bytes?

Found by cache key, dropped by surrogate key, and bounded: when the budget is exceeded,
`eviction.py` says who has to go. A hit costs one look-up and a count to three on the entry,
and takes no lock.

The budget is one of real memory: each entry knows what it occupies, and places in dictionaries,
the index and what is remembered of those who have gone are counted, too.

Writers (`put`, `drop`, `clear`) hold the lock of `coherence.py`; `get` holds none.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getsizeof
from typing import Any, Final, TypeAlias

from caching.entry import Entry
from caching.eviction import PLACE_BYTES, Queues
from caching.fragment import Fragment
from caching.surrogate_keys import EVERYTHING

# A place in the dictionary, and one in the index by surrogate key, without the set that stands there
# (tests/caching/test_l1.py compares the sum with what Python has allocated).
_SLOT_BYTES: Final = 80
_INDEX_BYTES: Final = 60

# The class has another thing of the name `bytes`.
CacheKey: TypeAlias = bytes


class L1:
    """Entries by cache key, bounded in bytes."""

    def __init__(self, budget: int) -> None:
        if budget <= 0:
            raise ValueError(f"need budget > 0 bytes, got {budget}")
        self.budget: Final = budget
        self.evicted = 0
        # Of URLs entries, of other names fragments.
        self._entries: Final[dict[CacheKey, Any]] = {}
        self._queues: Final[Queues[CacheKey, Entry | Fragment]] = Queues(budget)
        self._by_surrogate_key: Final[dict[str, set[CacheKey]]] = {}
        self._bytes = 0
        # The hot path's own look-up, without a method of ours in between.
        self.get: Final[Callable[[CacheKey], Entry | None]] = self._entries.get
        self.fragment: Final[Callable[[CacheKey], Fragment | None]] = self._entries.get

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """What all of it occupies: never more than the budget once a writer is done."""
        return self._bytes + self._queues.bytes

    def put(self, entry: Entry | Fragment) -> bool:
        """Keep an entry in place of any older one; False if it is too large ever to fit."""
        self._remove(entry.key)
        if _most(entry) > self.budget:
            return False
        self._entries[entry.key] = entry
        self._bytes += entry.bytes + _SLOT_BYTES
        for key in entry.surrogate_keys:
            self._index(key, entry.key)
        # Queued when there is room for it: so it is never the one that has to go.
        self._make_room(self.budget - PLACE_BYTES)
        self._queues.add(entry.key, entry)
        return True

    def grown(self, entry: Entry, by: int) -> None:
        """Count the bytes by which an entry has become larger, if it is still held."""
        entry.bytes += by
        if self._entries.get(entry.key) is entry:
            self._bytes += by
            self._queues.grown(entry.key, by)
            self._make_room(self.budget)

    def drop(self, surrogate_key: str) -> None:
        """Drop every entry that carries the key."""
        if surrogate_key == EVERYTHING:
            self.clear()
            return
        for cache_key in tuple(self._by_surrogate_key.get(surrogate_key, ())):
            self._remove(cache_key)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._queues.clear()
        self._by_surrogate_key.clear()
        self._bytes = 0

    def _remove(self, cache_key: CacheKey) -> None:
        entry = self._entries.pop(cache_key, None)
        if entry is None:
            return
        self._queues.remove(cache_key)
        self._bytes -= entry.bytes + _SLOT_BYTES
        for key in entry.surrogate_keys:
            members = self._by_surrogate_key[key]
            members.discard(cache_key)
            if not members:
                del self._by_surrogate_key[key]
                self._bytes -= _INDEX_BYTES + getsizeof(members)

    def _index(self, key: str, cache_key: CacheKey) -> None:
        members = self._by_surrogate_key.get(key)
        if members is None:
            members = self._by_surrogate_key[key] = {cache_key}
            self._bytes += _INDEX_BYTES + getsizeof(members)
        else:
            # Sets change their size in leaps, and only when something is added.
            before = getsizeof(members)
            members.add(cache_key)
            self._bytes += getsizeof(members) - before

    def _make_room(self, budget: int) -> None:
        while self.bytes > budget and (cache_key := self._queues.next()) is not None:
            self._remove(cache_key)
            self.evicted += 1


def _most(entry: Entry | Fragment) -> int:
    """Return what the entry costs if it shares no surrogate key with another."""
    indexed = (_INDEX_BYTES + getsizeof({entry.key})) * len(entry.surrogate_keys)
    return entry.bytes + _SLOT_BYTES + PLACE_BYTES + indexed
