"""How does a change come from a commit into the queue, and what do workers answer meanwhile?

That workers are right among themselves is explored in `tests/coherence`; here a build is one step, and
a worker without a lease answers what the database holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.edges.model.guards import Guard, Protocol
from tests.edges.model.state import (
    LEASE,
    NOTHING,
    Edge,
    Pass,
    Row,
    Rows,
    State,
    Worker,
    spend,
    with_worker,
)


def commit(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Commit a write; triggers leave a row in the outbox."""
    if state.budget.writes:
        write = state.value + 1
        written = state._replace(value=write, waiting=state.waiting + 1, unqueued=state.unqueued + 1)
        yield f"write {write} commits", spend(written, "writes")


def take_rows(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let the relay that has the lock take what is in the outbox."""
    if state.waiting and state.relay is None:
        yield f"the relay takes {state.waiting} rows", state._replace(relay=Pass(state.waiting))


def invalidate(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Invalidate what the relay has taken."""
    if state.relay is not None and not state.relay.is_told and state.is_redis_up:
        records = state.records + 1
        relay = state.relay._replace(is_told=True)
        yield f"the relay invalidates, record {records}", state._replace(records=records, relay=relay)


def finish_pass(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Commit the relay's pass: the rows are gone from the outbox, and their keys are in the queue."""
    relay = state.relay
    if relay is None:
        return
    deletes, queues = not relay.is_deleted, not relay.is_queued
    if not protocol.keeps(Guard.QUEUED_WHEN_INVALIDATED) and queues:
        queued = _queued(state)._replace(relay=relay._replace(is_queued=True))
        yield "the relay commits to the queue", queued
    elif not protocol.keeps(Guard.QUEUED_WITH_THE_PASS) and deletes and relay.is_told:
        deleted = _deleted(state, relay)._replace(relay=relay._replace(is_deleted=True))
        yield "the relay commits the deletion alone", deleted
    elif relay.is_told:
        done = _queued(state) if queues else state
        done = _deleted(done, relay) if deletes else done
        yield "the relay commits its pass", done._replace(relay=None)


def _deleted(state: State, relay: Pass) -> State:
    waiting = state.waiting - relay.rows
    return state._replace(waiting=waiting, unqueued=min(state.unqueued, waiting))


def _queued(state: State) -> State:
    version = state.versions + 1
    return state._replace(
        versions=version,
        queue=tuple(rows._replace(key=put(state, version, rows.key)) for rows in state.queue),
    )


def put(state: State, version: int, before: Row | None) -> Row:
    """Return a row that is due at once, in place of the one that was there."""
    age = 0 if state.has_leases else LEASE
    if before is not None and before.stage == 0:
        return before._replace(version=version, age=age)
    return Row(0, 0, version, version, age, age)


def queue_for_edges(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let the relay copy into the queue what it cannot invalidate without Redis."""
    if state.unqueued and state.relay is None and not state.is_redis_up:
        yield f"the relay queues {state.unqueued} rows and leaves them", _queued(state)._replace(unqueued=0)


def crash_relay(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Kill the relay: its transaction is rolled back."""
    if state.relay is not None and state.budget.crashes:
        yield "the relay crashes", spend(state._replace(relay=None), "crashes")


def lose_redis(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let Redis be gone, or back; whoever wanted to tell it something gives up."""
    if not state.is_redis_up:
        yield "Redis is back", state._replace(is_redis_up=True)
    elif state.budget.outages:
        relay = state.relay if state.relay and state.relay.is_told else None
        yield "Redis is gone", spend(state._replace(is_redis_up=False, relay=relay), "outages")


def cut_off(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let Redis be out of the purger's reach alone, or in it again."""
    if state.is_cut_off:
        yield "the purger reaches Redis again", state._replace(is_cut_off=False)
    elif state.budget.cuts:
        yield "the purger is cut off from Redis", spend(state._replace(is_cut_off=True), "cuts")


def deliver(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a worker's tail drop what the log says."""
    for index, worker in enumerate(state.workers):
        if worker.applied < state.records and state.is_redis_up:
            dropped = with_worker(state, index, l1=NOTHING, applied=state.records)
            yield f"worker {index} drops what record {state.records} names", dropped


def renew(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Renew a lease: the tail has caught up, and the outbox was seen empty."""
    for index, worker in enumerate(state.workers):
        may_renew = state.is_redis_up and worker.applied == state.records and not state.waiting
        if may_renew and worker.lease < LEASE:
            yield f"worker {index} renews its lease", with_worker(state, index, lease=LEASE)


def tick(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let time pass, for everybody."""
    later = state._replace(
        edges=tuple(_later_edge(edge, protocol) for edge in state.edges),
        workers=tuple(_later_worker(worker, state) for worker in state.workers),
        queue=tuple(Rows(_later_row(rows.key), _later_row(rows.everything)) for rows in state.queue),
    )
    if later != state:
        yield "time passes", later


def _later_edge(edge: Edge, protocol: Protocol) -> Edge:
    fetches = tuple(fetch._replace(left=max(0, fetch.left - 1)) for fetch in edge.fetches)
    if protocol.keeps(Guard.AGE_OF_A_FETCH):
        # Its reader gets it, and nobody else.
        fetches = tuple(fetch for fetch in fetches if fetch.left)
    return edge._replace(fetches=fetches)


def _later_worker(worker: Worker, state: State) -> Worker:
    return worker._replace(lease=max(0, worker.lease - 1)) if state.has_leases else worker


def _later_row(row: Row | None) -> Row | None:
    return row and row._replace(
        left=max(0, row.left - 1),
        age=min(LEASE, row.age + 1),
        first_age=min(LEASE, row.first_age + 1),
    )
