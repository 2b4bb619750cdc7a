"""What can Redis lose?

A generation, an entry, the log, the state (evicted); everything (flushed, or restarted empty);
the last steps, and its identity (a replica is promoted).
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.coherence.guards import Protocol
from tests.coherence.state import Redis, State, spend
from tests.coherence.tails import new_history


def evict(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Evict a key, or trim the log."""
    if not state.budget.evictions:
        return
    redis = state.redis
    if redis.generation:
        yield "the generation is evicted", spend(state, "evictions", redis=redis._replace(generation=0))
    if redis.entry:
        yield "the entry is evicted", spend(state, "evictions", redis=redis._replace(entry=None))
    if redis.log:
        yield "the log is trimmed", spend(state, "evictions", redis=redis._replace(log=redis.log[1:]))
        yield "the log is evicted", spend(state, "evictions", redis=redis._replace(log=()))
    if redis.history:
        yield "the state is evicted", spend(state, "evictions", redis=_without_state(redis))


def _without_state(redis: Redis) -> Redis:
    return redis._replace(history=0, last=0, positions=(None,) * len(redis.positions), phantom=0)


def flush(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let Redis lose everything."""
    if state.budget.flushes:
        empty = _without_state(state.redis)._replace(log=(), generation=0, entry=None)
        yield "Redis is flushed", spend(state, "flushes", redis=empty)


def fail_over(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Promote a replica that has fallen behind; the first connection finds another server."""
    if state.replica is None:
        if state.budget.failovers:
            yield "the replica stops to follow", spend(state, "failovers", replica=state.redis)
        return
    promoted = state.replica._replace(histories=max(state.replica.histories, state.redis.histories))
    yield "the replica is promoted", state._replace(redis=new_history(promoted, protocol), replica=None)
