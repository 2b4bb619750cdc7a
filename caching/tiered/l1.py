"""Which values of Django's cache does this process hold, within how many bytes?

The L1 of `backend.py`: payloads, never objects, so that no caller can change what another gets.
Each change of a value is a record of the shared log, under a key of its own (`change_key`).
When the tail delivers it, the value is dropped.

A `get` that asks Redis notes the position first, and what it brings is held only if its key
was not dropped since: the answer may be older than the drop.

    start = position      ask Redis      put(value, start)
         |---------------- dropped here? ---| -> refused

Who has to go is said by `eviction.py`, as for `l1.py`: a hit takes no lock. Safe across threads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import blake2b
from sys import getsizeof
from threading import Lock
from typing import Final

from caching.coherence import lease_clock
from caching.eviction import MOST_READS, PLACE_BYTES, Queues
from caching.invalidation_log import InvalidationLog
from caching.surrogate_keys import EVERYTHING, surrogate_key
from caching.tiered.signed_values import Payload

_KIND: Final = "cache:"
ALL_VALUES: Final = "cache:*"

# Two places in a dictionary, and the record (tests/caching/test_tiered_l1.py compares the sum
# with what Python has allocated).
_SLOT_BYTES: Final = 460


def change_key(key: str) -> str:
    """Return the surrogate key under which a change of the value is logged.

    >>> change_key(":1:session") == change_key(":1:session") != change_key(":1:sessions")
    True
    """
    # Always a digest: a cache key may be private, and may look like a coarse key.
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return surrogate_key(_KIND + digest)


def is_change(key: str) -> bool:
    """Tell whether this surrogate key is one under which changes of values are logged: no answer has it.

    >>> is_change(change_key(":1:session")), is_change("posts")
    (True, False)
    """
    return key.startswith(_KIND)


class _Held:
    """A value, and until when it may be used."""

    __slots__ = ("bytes", "change_key", "payload", "reads", "until")

    def __init__(self, change_key: str, payload: Payload, until: float, size: int) -> None:
        self.change_key = change_key
        self.payload = payload
        self.until = until
        self.bytes = size
        self.reads = 0


class ValuesL1:
    """Payloads by cache key, bounded in bytes."""

    def __init__(self, budget: int, *, clock: Callable[[], float] = lease_clock) -> None:
        self.budget: Final = budget
        self.clock: Final = clock
        self._held: Final[dict[str, _Held]] = {}
        self._queues: Final[Queues[str, _Held]] = Queues(budget, is_over=self._is_over)
        self._by_change_key: Final[dict[str, str]] = {}
        self._bytes = 0
        self._dropped: Final = InvalidationLog()
        self._lock: Final = Lock()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def bytes(self) -> int:
        """What all of it occupies: never more than the budget once a writer is done."""
        return self._bytes + self._queues.bytes

    @property
    def position(self) -> int:
        """The position, to be noted before Redis is asked."""
        return self._dropped.position

    def get(self, key: str) -> Payload | None:
        """Return the payload, None if it is not held or has expired."""
        held = self._held.get(key)
        if held is None or self._is_over(held):
            return None
        if held.reads < MOST_READS:
            held.reads += 1
        return held.payload

    def put(self, key: str, payload: Payload, *, until: float, start: int) -> bool:
        """Hold a value that Redis has sent, unless its key was dropped since `start`."""
        change = change_key(key)
        size = getsizeof(payload) + getsizeof(key) + getsizeof(change) + _SLOT_BYTES
        if size + PLACE_BYTES > self.budget:
            return False
        with self._lock:
            if self._dropped.touches((change, ALL_VALUES), after=start):
                return False
            self._remove(change)
            self._make_room(self.budget - PLACE_BYTES - size)
            held = self._held[key] = _Held(change, payload, until, size)
            self._by_change_key[change] = key
            self._bytes += size
            self._queues.add(key, held)
        return True

    def drop(self, change_keys: Collection[str]) -> None:
        """Drop the values that have changed; what was asked for before is not held any more."""
        with self._lock:
            self._dropped.append(change_keys)
            if ALL_VALUES in change_keys:
                self._held.clear()
                self._queues.clear()
                self._by_change_key.clear()
                self._bytes = 0
                return
            for change in change_keys:
                self._remove(change)

    def _is_over(self, held: _Held) -> bool:
        return held.until <= self.clock()

    def _remove(self, change: str) -> None:
        key = self._by_change_key.pop(change, None)
        if key is not None:
            self._queues.remove(key)
            self._bytes -= self._held.pop(key).bytes

    def _make_room(self, budget: int) -> None:
        while self.bytes > budget and (key := self._queues.next()) is not None:
            self._remove(self._held[key].change_key)


_l1s: Final[dict[str, ValuesL1]] = {}
_creating: Final = Lock()


def l1_of(alias: str, budget: int) -> ValuesL1:
    """Return the L1 over the Redis with this alias; Django makes a backend for each thread."""
    with _creating:
        return _l1s.setdefault(alias, ValuesL1(budget))


def dropped(surrogate_keys: Collection[str]) -> None:
    """Drop what changed, as the tail of the shared log has heard. Records of other kinds are ignored.

    Must have returned before the tail says that it has passed the record.
    """
    changes = {key for key in surrogate_keys if is_change(key)}
    if EVERYTHING in surrogate_keys:
        changes.add(ALL_VALUES)
    if changes:
        for l1 in tuple(_l1s.values()):
            l1.drop(changes)
