"""How many requests does a store of a given size answer, on which traffic?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from benchmarks.replay.policies import Policy
from benchmarks.replay.traces import Trace

SizeOf: TypeAlias = Callable[[bytes], int]
Stores: TypeAlias = Mapping[str, Callable[[int], Policy]]
# By store, then by trace and share of its keys or bytes, in percent.
Ratios: TypeAlias = dict[str, dict[tuple[str, float], float]]


def by_count(stores: Stores, traces: Sequence[Trace], shares: Sequence[float]) -> Ratios:
    """Return the hit ratios of stores that have room for a share of the readers' keys."""
    return {
        name: {
            (trace.name, share): trace.ratio(hits(make(trace.capacity(share)), trace))
            for trace in traces
            for share in shares
        }
        for name, make in stores.items()
    }


def by_bytes(stores: Stores, traces: Sequence[Trace], shares: Sequence[float], size_of: SizeOf) -> Ratios:
    """Return the hit ratios of stores that have room for a share of the readers' bytes."""
    totals = {trace.name: total_size(trace, size_of) for trace in traces}
    return {
        name: {
            (trace.name, share): trace.ratio(hits(make(int(totals[trace.name] * share)), trace, size_of))
            for trace in traces
            for share in shares
        }
        for name, make in stores.items()
    }


def hits(store: Policy, trace: Trace, size_of: SizeOf | None = None) -> int:
    """Ask for each key in turn, put what is missing, and count what was there."""
    get, put = store.get, store.put
    count = 0
    for key in trace.keys:
        if get(key) is None:
            put(key, 1 if size_of is None else size_of(key))
        else:
            count += 1
    return count


def total_size(trace: Trace, size_of: SizeOf) -> int:
    """Return the bytes of all that readers ask for."""
    return sum(size_of(key) for key in set(trace.keys) - trace.crawlers_keys)
