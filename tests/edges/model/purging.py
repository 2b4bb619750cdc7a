"""How are edges told of what waits for them?

Take a row, wait for the workers, tell the edge, settle: whoever purges may stop between any two of
these, and another may have taken over.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.edges.model.guards import Guard, Protocol
from tests.edges.model.inside import put
from tests.edges.model.state import (
    HELD,
    LEASE,
    NOTHING,
    REBOUND,
    Purger,
    Row,
    Rows,
    State,
    Telling,
    spend,
    with_edge,
    with_purger,
    with_rows,
)


def ask_for_last(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Ask for the last record before anything was taken, as no purger should."""
    if protocol.keeps(Guard.LAST_AFTER_TAKING) or not _reaches_redis(state):
        return
    for index, purger in enumerate(state.purgers):
        if purger.telling is None and purger.last != state.records:
            yield (
                f"purger {index} hears that {state.records} is last",
                with_purger(state, index, last=state.records),
            )


def take(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Take a row that is due, and ask which record the workers must have passed."""
    for index, purger in enumerate(state.purgers):
        if purger.telling is not None:
            continue
        is_held = _holds(state, protocol)
        record = state.records if protocol.keeps(Guard.LAST_AFTER_TAKING) else purger.last
        for edge, rows in enumerate(state.queue):
            for row in rows:
                if row is None or row.left or _waits_for_another(state, edge, row, protocol):
                    continue
                if is_held and not _may_be_told(row, protocol):
                    continue
                telling = Telling(
                    edge,
                    row is rows.everything,
                    row.stage,
                    row.version,
                    record=HELD if is_held else record,
                    is_heard=not is_held or row.age >= LEASE or not protocol.keeps(Guard.HELD_FOR_A_LEASE),
                )
                yield (
                    f"purger {index} takes {_named(telling)}",
                    with_purger(state, index, telling=telling),
                )


def _holds(state: State, protocol: Protocol) -> bool:
    """Tell whether nobody can say what the workers have heard, or what they should have."""
    is_uninvalidated = state.waiting > state.unqueued and protocol.keeps(Guard.HELD_UNTIL_INVALIDATED)
    return not _reaches_redis(state) or (is_uninvalidated and state.has_leases)


def _reaches_redis(state: State) -> bool:
    return state.is_redis_up and not state.is_cut_off


def _may_be_told(row: Row, protocol: Protocol) -> bool:
    return row.stage == 1 or row.first_age >= LEASE or not protocol.keeps(Guard.HELD_FOR_A_LEASE)


def _waits_for_another(state: State, edge: int, row: Row, protocol: Protocol) -> bool:
    """Tell whether the edge in front has to be told before."""
    if not edge:
        return False
    in_front = state.queue[edge - 1]
    considered = [in_front.everything]
    if _covers(in_front.key, row, state.queue[edge], protocol):
        considered.append(in_front.key)
    awaited = (0, 1) if row.stage == 1 and protocol.keeps(Guard.THROUGH_REBOUND) else (0,)
    if row.stage == 0 and not protocol.keeps(Guard.THROUGH_FIRST):
        awaited = ()
    return any(other is not None and other.stage in awaited for other in considered)


def _covers(other: Row | None, row: Row, own: Rows, protocol: Protocol) -> bool:
    """Tell whether a row stands for what waits for the edge in front: a flush, for what was there before."""
    if other is None or row is not own.everything:
        return True
    last = row.version if protocol.keeps(Guard.THROUGH_LAST_FLUSH) else row.first
    return other.first <= last and protocol.keeps(Guard.THROUGH_EVERYTHING)


def tell(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Tell the edge, once the workers have dropped what they held: it drops what it holds."""
    for index, purger in enumerate(state.purgers):
        telling = purger.telling
        if telling is None or telling.is_told or not _have_passed(state, telling, protocol):
            continue
        told = with_purger(state, index, telling=telling._replace(is_told=True))
        told = with_edge(told, telling.edge, held=NOTHING)
        yield f"purger {index} tells {_named(telling)}", told


def _have_passed(state: State, telling: Telling, protocol: Protocol) -> bool:
    if telling.record == HELD or not protocol.keeps(Guard.WORKERS_FIRST):
        return True
    behind = (worker for worker in state.workers if worker.lease and worker.applied < telling.record)
    return _reaches_redis(state) and not any(behind)


def settle(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Note that an edge was told; what has changed since the row was taken is still to be told."""
    for index, purger in enumerate(state.purgers):
        telling = purger.telling
        if telling is None or not telling.is_told:
            continue
        done = with_purger(state, index, telling=None)
        name = "everything" if telling.is_everything else "key"
        row: Row | None = getattr(state.queue[telling.edge], name)
        if row is not None:
            after = _after(row, telling, protocol)
            if after is None:
                done = _put_off(done, telling.edge, row, protocol)
            done = with_rows(done, telling.edge, **{name: after})
        yield f"purger {index} settles {_named(telling)}", done


def _after(row: Row, telling: Telling, protocol: Protocol) -> Row | None:
    """Return what becomes of a row when an edge was told as much as was taken of it."""
    is_same = row.version == telling.version or not protocol.keeps(Guard.VERSIONS)
    is_done = telling.is_heard or not protocol.keeps(Guard.TOLD_AGAIN_IF_HELD)
    if is_same and telling.stage == 1:
        return None
    if is_same and is_done:
        return row._replace(stage=1, left=REBOUND) if protocol.keeps(Guard.REBOUND) else None
    return row._replace(first=row.version, first_age=row.age) if telling.stage == 0 else row


def _put_off(state: State, edge: int, done: Row, protocol: Protocol) -> State:
    """Let what is behind this edge wait a whole delay from now on for its second purge."""
    if edge + 1 == len(state.edges) or not protocol.keeps(Guard.THROUGH_WHOLE_DELAY):
        return state
    rows, behind = state.queue[edge], state.queue[edge + 1]
    is_flush = done is rows.everything
    later = (
        row and row._replace(left=REBOUND)
        if row and row.stage == 1 and (is_flush or _covers(done, row, behind, protocol))
        else row
        for row in behind
    )
    return with_rows(state, edge + 1, **Rows(*later)._asdict())


def give_up(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a purger stop at what it does: it has crashed, or Redis or the edge did not answer."""
    for index, purger in enumerate(state.purgers):
        if purger.telling is None:
            continue
        stopped = with_purger(state, index, **Purger()._asdict())
        if purger.telling.record != HELD and not _reaches_redis(state) and not purger.telling.is_told:
            yield f"purger {index} cannot hear whether workers have passed", stopped
        elif state.budget.crashes:
            yield f"purger {index} crashes", spend(stopped, "crashes")


def flush(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let one row for everything stand for what waits for an edge."""
    for index, rows in enumerate(state.queue):
        if rows.key is not None and state.budget.flushes:
            version = state.versions + 1
            everything = put(state, version, rows.everything)
            flushed = with_rows(state, index, key=None, everything=everything)._replace(versions=version)
            yield f"too much waits for edge {index}: everything", spend(flushed, "flushes")


def _named(telling: Telling) -> str:
    what = "everything" if telling.is_everything else "the key"
    return (
        f"edge {telling.edge} of {what}, version {telling.version}, {'again' if telling.stage else 'first'}"
    )
