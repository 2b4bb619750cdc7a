"""What does the model remember between two steps?

One surrogate key, one URL; a value is the number of writes that it has in it. Each worker has an L1
and has applied so many records of the log; each edge holds an answer or none, and has fetches under
way. The first edge asks the workers; the second, if there is one, asks the first.

Time is nothing but the delays that it uses up. A delay of one tick is as good as any: what begins in
a tick and must end within a delay ends in that tick, and what must wait for a delay waits for the next.
Whoever is stopped, slow or dead takes no step while others do.
"""

from __future__ import annotations

from typing import NamedTuple

REBOUND = 1  # Ticks.
LEASE = 2  # More than a rebound, which else would hide what happens within a lease.
NOTHING = -1  # In place of a value.
UNANSWERED = -2  # In place of the value that a fetch brings.
HELD = -1  # In place of a record that workers have to pass.


class Row(NamedTuple):
    """What waits for an edge: told `stage` times, due in `left` ticks.

    `version` numbers the last change and `first` the first one that the edge has not been told of; they
    are `age` and `first_age` ticks old.
    """

    stage: int
    left: int
    version: int
    first: int
    age: int
    first_age: int


class Rows(NamedTuple):
    """What waits for one edge: our key, and everything."""

    key: Row | None = None
    everything: Row | None = None


class Fetch(NamedTuple):
    """An answer on its way to an edge, which keeps it if it lands within `left` ticks."""

    left: int
    value: int = UNANSWERED


class Edge(NamedTuple):
    """What an edge holds, and what is on its way there."""

    held: int = 0
    fetches: tuple[Fetch, ...] = ()


class Worker(NamedTuple):
    """One L1: what it holds, how many records its tail has applied, for how long it is trusted."""

    l1: int = 0
    applied: int = 0
    lease: int = LEASE


class Pass(NamedTuple):
    """A relay's pass under way: how many rows of the outbox it has taken."""

    rows: int
    is_told: bool = False  # Invalidated inside.
    is_deleted: bool = False  # Only if queueing is a transaction of its own.
    is_queued: bool = False  # Likewise.


class Telling(NamedTuple):
    """A row that a purger has taken, as it was; which record the workers must have passed."""

    edge: int
    is_everything: bool
    stage: int
    version: int
    record: int
    is_heard: bool = True  # Nobody inside can hold what the last change has replaced.
    is_told: bool = False


class Purger(NamedTuple):
    """Who tells the edges. `last`: the last record, if he has asked for it before he took anything."""

    telling: Telling | None = None
    last: int = HELD


class Budget(NamedTuple):
    """What may still happen."""

    writes: int = 0
    fetches: tuple[int, ...] = (0,)  # Of each edge.
    crashes: int = 0
    flushes: int = 0
    outages: int = 0
    cuts: int = 0  # Of a purger from Redis.


class State(NamedTuple):
    """Everything."""

    budget: Budget
    edges: tuple[Edge, ...]
    workers: tuple[Worker, ...]
    purgers: tuple[Purger, ...]
    queue: tuple[Rows, ...]
    value: int = 0  # In the database.
    waiting: int = 0  # Rows in the outbox.
    unqueued: int = 0  # Of which, the youngest: not copied into the queue.
    records: int = 0  # In the log.
    relay: Pass | None = None
    versions: int = 0
    is_redis_up: bool = True
    is_cut_off: bool = False  # The purger, from a Redis that others reach.
    has_leases: bool = False  # Else they never run out.
    is_instant: bool = False  # No fetch takes any time.


def replaced(items: tuple, index: int, item: object) -> tuple:
    """Return the tuple with one item replaced."""
    return (*items[:index], item, *items[index + 1 :])


def with_edge(state: State, index: int, **changes: object) -> State:
    """Return the state with an edge changed; the order of its fetches tells nothing."""
    edge = state.edges[index]._replace(**changes)
    edge = edge._replace(fetches=tuple(sorted(edge.fetches)))
    return state._replace(edges=replaced(state.edges, index, edge))


def with_worker(state: State, index: int, **changes: object) -> State:
    """Return the state with a worker changed."""
    return state._replace(workers=replaced(state.workers, index, state.workers[index]._replace(**changes)))


def with_purger(state: State, index: int, **changes: object) -> State:
    """Return the state with a purger changed."""
    return state._replace(purgers=replaced(state.purgers, index, state.purgers[index]._replace(**changes)))


def with_rows(state: State, edge: int, **changes: object) -> State:
    """Return the state with what waits for an edge changed."""
    return state._replace(queue=replaced(state.queue, edge, state.queue[edge]._replace(**changes)))


def spend(state: State, what: str) -> State:
    """Return the state with one less of what may happen."""
    return state._replace(budget=state.budget._replace(**{what: getattr(state.budget, what) - 1}))
