"""Which representations does this process hold in memory, within how many bytes?

Entries stand in a queue in the order in which they came. When the budget is exceeded, the
oldest is taken: dropped if nobody has read it since it was queued, else marked unread and
queued again (the CLOCK rule). So a hit costs one look-up and one store of a flag, takes no
lock, and a crawler that reads each URL once pushes out only what nobody reads.

    read   ─► entry.read = True                        (any thread, no lock)
    budget ─► oldest: read? ─ yes ─► unread, to the end
                          └── no ──► dropped

Writers (`put`, `drop`, `clear`) hold the lock of `coherence.py`; `get` holds none.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from sys import getsizeof
from typing import Any, Final

from caching.entry import Entry
from caching.fragment import Fragment
from caching.surrogate_keys import EVERYTHING

# A place in the queue, and one in the index by surrogate key, without the set that stands there
# (tests/caching/test_l1.py compares the sum with what Python has allocated).
_SLOT_BYTES: Final = 120
_INDEX_BYTES: Final = 60


class L1:
    """Entries by cache key, bounded in bytes."""

    def __init__(self, budget: int) -> None:
        if budget <= 0:
            raise ValueError(f"need budget > 0 bytes, got {budget}")
        self.budget: Final = budget
        self.bytes = 0
        self.evicted = 0
        self._entries: OrderedDict[bytes, Any] = OrderedDict()
        self._by_surrogate_key: dict[str, set[bytes]] = {}
        # The hot path's own look-up, without a method of ours in between.
        self.get: Callable[[bytes], Entry | None] = self._entries.get
        self.fragment: Callable[[bytes], Fragment | None] = self._entries.get

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Entry | Fragment) -> bool:
        """Keep an entry in place of any older one; False if it is too large ever to fit."""
        self._remove(entry.key)
        if _most(entry) > self.budget:
            return False
        self._entries[entry.key] = entry
        self.bytes += entry.bytes + _SLOT_BYTES
        for key in entry.surrogate_keys:
            self._index(key, entry.key)
        self._evict()
        return True

    def grown(self, entry: Entry, by: int) -> None:
        """Count the bytes by which an entry has become larger, if it is still held."""
        entry.bytes += by
        if self._entries.get(entry.key) is entry:
            self.bytes += by
            self._evict()

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
        self._by_surrogate_key.clear()
        self.bytes = 0

    def _remove(self, cache_key: bytes) -> None:
        entry = self._entries.pop(cache_key, None)
        if entry is None:
            return
        self.bytes -= entry.bytes + _SLOT_BYTES
        for key in entry.surrogate_keys:
            members = self._by_surrogate_key[key]
            members.discard(cache_key)
            if not members:
                del self._by_surrogate_key[key]
                self.bytes -= _INDEX_BYTES + getsizeof(members)

    def _index(self, key: str, cache_key: bytes) -> None:
        members = self._by_surrogate_key.get(key)
        if members is None:
            members = self._by_surrogate_key[key] = {cache_key}
            self.bytes += _INDEX_BYTES + getsizeof(members)
        else:
            # Sets change their size in leaps, and only when something is added.
            before = getsizeof(members)
            members.add(cache_key)
            self.bytes += getsizeof(members) - before

    def _evict(self) -> None:
        while self.bytes > self.budget:
            cache_key, entry = next(iter(self._entries.items()))
            if entry.read:
                entry.read = False
                self._entries.move_to_end(cache_key)
            else:
                self._remove(cache_key)
                self.evicted += 1


def _most(entry: Entry | Fragment) -> int:
    """Return what the entry costs if it shares no surrogate key with another."""
    return entry.bytes + _SLOT_BYTES + (_INDEX_BYTES + getsizeof({entry.key})) * len(entry.surrogate_keys)
