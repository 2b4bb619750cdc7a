"""What do the known ways to evict come to? Each in its plainest form, to compare with.

All are bounded in units, whatever a unit is: `put` says how many the key takes. None of them
is in use; ours is (`contenders.py`).
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Sequence
from math import inf
from typing import Protocol


class Policy(Protocol):
    """Something that keeps what was put, within its capacity, and tells whether it still does."""

    def get(self, key: bytes) -> object | None:
        """Return anything if the key is held, else None."""

    def put(self, key: bytes, size: int) -> object:
        """Hold the key."""


class LRU:
    """Whoever was read longest ago has to go."""

    def __init__(self, capacity: int) -> None:
        self._room = capacity
        self._held: OrderedDict[bytes, int] = OrderedDict()

    def get(self, key: bytes) -> int | None:
        """Look, and note that it was read last."""
        size = self._held.get(key)
        if size is not None:
            self._held.move_to_end(key)
        return size

    def put(self, key: bytes, size: int) -> None:
        """Hold the key, and let others go."""
        self._room -= size
        self._held[key] = size
        while self._room < 0:
            self._room += self._held.popitem(last=False)[1]


class CLOCK:
    """The oldest has to go, unless it was read: then it is the youngest, once."""

    def __init__(self, capacity: int) -> None:
        self._room = capacity
        self._held: OrderedDict[bytes, int] = OrderedDict()
        self._read: set[bytes] = set()

    def get(self, key: bytes) -> int | None:
        """Look, and mark it."""
        size = self._held.get(key)
        if size is not None:
            self._read.add(key)
        return size

    def put(self, key: bytes, size: int) -> None:
        """Hold the key, and let others go."""
        self._room -= size
        self._held[key] = size
        while self._room < 0:
            oldest = next(iter(self._held))
            if oldest in self._read:
                self._read.remove(oldest)
                self._held.move_to_end(oldest)
            else:
                self._room += self._held.pop(oldest)


class SIEVE:
    """A hand walks from the oldest to the youngest; whoever was not read when it comes has to go.

    Who was read stays where it is, unlike in CLOCK, so that the hand comes to new ones sooner.
    (Zhang et al., NSDI 2024.)
    """

    def __init__(self, capacity: int) -> None:
        self._room = capacity
        self._ahead: OrderedDict[bytes, int] = OrderedDict()
        self._passed: OrderedDict[bytes, int] = OrderedDict()
        self._read: set[bytes] = set()

    def get(self, key: bytes) -> int | None:
        """Look, and mark it."""
        size = self._ahead.get(key) or self._passed.get(key)
        if size is not None:
            self._read.add(key)
        return size

    def put(self, key: bytes, size: int) -> None:
        """Let others go, and hold the key."""
        self._room -= size
        while self._room < 0 and (self._ahead or self._passed):
            if not self._ahead:
                self._ahead, self._passed = self._passed, self._ahead
            key_at_hand, its_size = self._ahead.popitem(last=False)
            if key_at_hand in self._read:
                self._read.remove(key_at_hand)
                self._passed[key_at_hand] = its_size
            else:
                self._room += its_size
        self._ahead[key] = size


class WTinyLFU:
    """A tenth is for who comes; to get beyond it, one must have been asked for more often than the loser.

    The rest is a segmented LRU, four fifths of it for who was read there. Frequencies are counted
    exactly, where an implementation would estimate them, and halved now and then. Counts keys,
    whatever their size. (Einziger et al., TOS 2017.)
    """

    _WINDOW, _PROTECTED, _SAMPLE, _MOST = 0.1, 0.8, 10, 15

    def __init__(self, capacity: int) -> None:
        self._window_capacity = max(1, int(capacity * self._WINDOW))
        self._main_capacity = capacity - self._window_capacity
        self._protected_capacity = int(self._main_capacity * self._PROTECTED)
        self._window: OrderedDict[bytes, None] = OrderedDict()
        self._probation: OrderedDict[bytes, None] = OrderedDict()
        self._protected: OrderedDict[bytes, None] = OrderedDict()
        self._asked: dict[bytes, int] = {}
        self._until_halved = self._sample = self._SAMPLE * capacity

    def get(self, key: bytes) -> bool | None:
        """Count, look, and note that it was read last."""
        self._count(key)
        for queue in (self._window, self._protected):
            if key in queue:
                queue.move_to_end(key)
                return True
        if key not in self._probation:
            return None
        del self._probation[key]
        self._protected[key] = None
        if len(self._protected) > self._protected_capacity:
            demoted, _ = self._protected.popitem(last=False)
            self._probation[demoted] = None
        return True

    def put(self, key: bytes, size: int) -> None:  # noqa: ARG002 - counts keys.
        """Let it in; who leaves the window for it is kept if it is worth more than who would go."""
        self._window[key] = None
        if len(self._window) <= self._window_capacity:
            return
        candidate, _ = self._window.popitem(last=False)
        if len(self._probation) + len(self._protected) >= self._main_capacity:
            queue = self._probation or self._protected
            victim = next(iter(queue), None)
            if victim is None or self._asked.get(candidate, 0) <= self._asked.get(victim, 0):
                return
            del queue[victim]
        self._probation[candidate] = None

    def _count(self, key: bytes) -> None:
        self._asked[key] = min(self._MOST, self._asked.get(key, 0) + 1)
        self._until_halved -= 1
        if self._until_halved == 0:
            self._asked = {key: count // 2 for key, count in self._asked.items() if count > 1}
            self._until_halved = self._sample // 2


def best_possible(keys: Sequence[bytes], capacity: int) -> int:
    """Return the hits of who knows the future: whoever is asked for last has to go (Belady)."""
    following: list[float] = [inf] * len(keys)
    seen: dict[bytes, int] = {}
    for place in range(len(keys) - 1, -1, -1):
        following[place] = seen.get(keys[place], inf)
        seen[keys[place]] = place
    held: dict[bytes, float] = {}
    furthest: list[tuple[float, bytes]] = []
    hits = 0
    for key, again in zip(keys, following, strict=True):
        if key in held:
            hits += 1
        while len(held) >= capacity and key not in held:
            place, last = heapq.heappop(furthest)
            # What was asked for since has a younger note of its own.
            if held.get(last) == -place:
                del held[last]
        held[key] = again
        heapq.heappush(furthest, (-again, key))
    return hits
