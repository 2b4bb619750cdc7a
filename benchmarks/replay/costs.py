"""What does a hit cost, what does it cost to keep an entry, and how much memory is lost on it?

Each store in a process of its own, for memory is what the kernel says (libraries in Rust tell
nobody else). Times are the least of some goes: one thread, warm caches, so that they compare
with each other and with nothing else. Stores that only find entries by their key do less
than L1, which also drops by surrogate key: so the order alone (`eviction.Queues`) is shown, too.
"""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter_ns
from timeit import Timer
from typing import Any, Final, NamedTuple

import cachebox
import cachetools
import moka_py
import theine

from benchmarks.replay import policies
from benchmarks.replay.contenders import CLOCK, LRU, OURS, entry_of
from caching.entry import Entry
from caching.eviction import Queues
from caching.l1 import L1

_HELD: Final = 100_000
_ROOM: Final = 10_000
_HOT: Final = 1_000
_GOES: Final = 7
_ENTRY_BYTES: Final = 20_000
_PLAIN: Final = "get(key)"
# As in caching/asgi.py.
_COUNTING: Final = "entry = get(key)\n    if entry.reads < 3: entry.reads += 1"


class Cost(NamedTuple):
    """Nanoseconds and bytes, for each."""

    hit: float
    put: float
    overhead: float


class _Store(NamedTuple):
    get: Callable[[bytes], Any]
    put: Callable[[bytes, Entry], Any]
    hit: str = _PLAIN


def _dict(_entries: int) -> _Store:
    held: dict[bytes, Entry] = {}
    return _Store(held.get, held.__setitem__)


def _ours(entries: int) -> _Store:
    full = L1(2**62)
    for number in range(1000):
        full.put(entry_of(b"%d" % number, _ENTRY_BYTES))
    l1 = L1(full.bytes * entries // 1000)
    return _Store(l1.get, lambda _key, entry: l1.put(entry), _COUNTING)


def _queues(entries: int) -> _Store:
    held: dict[bytes, Entry] = {}
    queues: Queues[bytes, Entry] = Queues(entries * _ENTRY_BYTES)

    def put(key: bytes, entry: Entry) -> None:
        if len(held) >= entries and (out := queues.next()) is not None:
            queues.remove(out)
            del held[out]
        held[key] = entry
        queues.add(key, entry)

    return _Store(held.get, put, _COUNTING)


def _policy(made: policies.Policy) -> _Store:
    return _Store(made.get, lambda key, _entry: made.put(key, 1))


def _subscribed(cache: Any) -> _Store:
    return _Store(cache.get, cache.__setitem__)


def _setting(cache: Any) -> _Store:
    return _Store(cache.get, cache.set)


_STORES: Final[Mapping[str, Callable[[int], _Store]]] = {
    "dict, unbounded": _dict,
    OURS: _ours,
    "ours, without index": _queues,
    LRU: lambda entries: _policy(policies.LRU(entries)),
    CLOCK: lambda entries: _policy(policies.CLOCK(entries)),
    "cachetools LRU": lambda entries: _subscribed(cachetools.LRUCache(entries)),
    "cachebox LRU": lambda entries: _subscribed(cachebox.LRUCache(entries)),
    "cachebox LFU": lambda entries: _subscribed(cachebox.LFUCache(entries)),
    "theine": lambda entries: _setting(theine.Cache(entries)),
    "moka-py": lambda entries: _setting(moka_py.Moka(entries)),
}
NAMES: Final = tuple(_STORES)


def measure(name: str) -> Cost:
    """Measure a store, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
        return own.submit(_measure, name).result()


def _measure(name: str) -> Cost:
    make = _STORES[name]
    # Memory first, while the process has none to spare.
    return Cost(overhead=_overhead(make), hit=_hit(make(_ROOM)), put=_put(make(_ROOM)))


def _overhead(make: Callable[[int], _Store]) -> float:
    entries = [entry_of(b"/posts/%d/" % number, _ENTRY_BYTES) for number in range(_HELD)]
    # What every store makes once, whatever it holds.
    make(_HELD).put(b"/", entry_of(b"/", _ENTRY_BYTES))
    gc.collect()
    before = _resident()
    store = make(_HELD)
    for entry in entries:
        store.put(entry.key, entry)
    gc.collect()
    return (_resident() - before) / _HELD


def _hit(store: _Store) -> float:
    entries = [entry_of(b"/posts/%d/" % number, _ENTRY_BYTES) for number in range(_HOT)]
    for entry in entries:
        store.put(entry.key, entry)
    keys = [entry.key for entry in entries]
    random.Random(1).shuffle(keys)
    timer = Timer(f"for key in keys:\n    {store.hit}", globals={"get": store.get, "keys": keys})
    return min(timer.repeat(_GOES, 20)) / 20 / _HOT * 1e9


def _put(store: _Store) -> float:
    """Return what it costs to keep one more where all places are taken."""
    number = 0
    least = float("inf")
    for go in range(_GOES):
        entries = [entry_of(b"/posts/%d/" % (number + place), _ENTRY_BYTES) for place in range(_ROOM)]
        number += _ROOM
        began = perf_counter_ns()
        for entry in entries:
            store.put(entry.key, entry)
        if go > 1:  # There was room for the first.
            least = min(least, (perf_counter_ns() - began) / _ROOM)
    return least


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
