"""Who has to go when there is no room? Whoever is not asked for again soon, as far as one can see.

Most of what is asked for once never is again. So what comes stands in a short queue first,
a tenth of all bytes, and has to be read there to be kept; a crawler that reads each URL once
turns over that tenth alone. What is kept stands in a long queue, which each reading lets it
pass once more, three times at most. And what has gone is remembered for as long as it would
have taken to pass: if it comes back it is kept at once, for it was asked for twice after all.

    comes ─► new ── read? ─ yes ─► kept ── read? ─ yes ─► one reading less, to the end
              ▲      └── no ─► gone ◄────────── no
              └── unless it is remembered: then to kept

This is S3-FIFO (Yang et al., SOSP 2023). A reader does no more than count to three on what he
has read (`MOST_READS`), without a lock; docs/decisions/0011 shows why not another policy.
Holds no entries of its own and knows no budget: `l1.py` and `tiered/l1.py` do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import count
from typing import Final, Generic, Protocol, TypeVar

# Counted by readers: `if held.reads < MOST_READS: held.reads += 1`. Two at once may count one.
MOST_READS: Final = 3
# A place in a queue and one among the remembered, with the hash that stands there
# (tests/caching/test_eviction.py compares both with what Python allocates).
PLACE_BYTES: Final = 130
REMEMBERED_BYTES: Final = 165

# Where all have been read, somebody has to go who was: no search shall hold up the builds that wait.
MOST_LOOKS: Final = 1_000

_NEW_SHARE: Final = 0.1


class Held(Protocol):
    """What stands in the queues: its size, and how often it was read since it was last looked at."""

    bytes: int
    reads: int


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Held)


def _never(_held: Held) -> bool:
    return False


class Queues(Generic[K, V]):
    """The order in which what is held has to go. Not safe across threads: the holder's lock is."""

    def __init__(self, budget: int, *, is_over: Callable[[V], bool] = _never) -> None:
        self._new_budget: Final = budget * _NEW_SHARE
        self._is_over: Final = is_over
        self._new: Final[OrderedDict[K, V]] = OrderedDict()
        self._kept: Final[OrderedDict[K, V]] = OrderedDict()
        self._new_bytes = 0
        # Hashes, for keys would be several times as large.
        self._remembered: Final[OrderedDict[int, None]] = OrderedDict()
        self._memory = 0
        # What the queues and the memory of who has gone occupy.
        self.bytes = 0

    def add(self, key: K, held: V) -> None:
        """Queue what has come; it is in no queue yet."""
        held.reads = 0
        self.bytes += PLACE_BYTES
        if hash(key) in self._remembered:
            del self._remembered[hash(key)]
            self.bytes -= REMEMBERED_BYTES
            self._kept[key] = held
        else:
            self._new[key] = held
            self._new_bytes += held.bytes

    def grown(self, key: K, by: int) -> None:
        """Count the bytes by which one that is queued has become larger."""
        if key in self._new:
            self._new_bytes += by

    def remove(self, key: K) -> None:
        """Take out what goes, for whatever reason, and remember it."""
        held = self._new.pop(key, None)
        if held is None:
            del self._kept[key]
        else:
            self._new_bytes -= held.bytes
        self.bytes -= PLACE_BYTES
        if self._memory and hash(key) not in self._remembered:
            self._remembered[hash(key)] = None
            self.bytes += REMEMBERED_BYTES
            self._forget_beyond(self._memory)

    def next(self) -> K | None:
        """Return who has to go now; None, and remember nobody, if nobody is queued."""
        # As many are remembered as there is room for: twice the way is long enough.
        self._memory = len(self._new) + len(self._kept)
        self._forget_beyond(self._memory)
        for look in count():
            queue = self._new if self._new_bytes > self._new_budget or not self._kept else self._kept
            if not queue:
                break
            key, held = next(iter(queue.items()))
            if held.reads == 0 or self._is_over(held) or look == MOST_LOOKS:
                return key
            self._pass(key, held)
        return None

    def clear(self) -> None:
        """Forget all of them."""
        self._new.clear()
        self._kept.clear()
        self._remembered.clear()
        self._new_bytes = self._memory = self.bytes = 0

    def _pass(self, key: K, held: V) -> None:
        """Let one that was read go on: from the new to the kept, or to their end."""
        if key in self._kept:
            held.reads -= 1
            self._kept.move_to_end(key)
        else:
            held.reads = 0
            self._kept[key] = self._new.pop(key)
            self._new_bytes -= held.bytes

    def _forget_beyond(self, most: int) -> None:
        while len(self._remembered) > most:
            self._remembered.popitem(last=False)
            self.bytes -= REMEMBERED_BYTES
