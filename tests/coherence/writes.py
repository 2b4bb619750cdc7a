"""How is a write recorded, relayed and acknowledged?

A commit leaves a row in the outbox. Any worker's relay takes the rows, tells Redis, and commits
their deletion; a writer is acknowledged when every live worker has passed the record, or when a
lease has passed since he committed.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.coherence.guards import Guard, Protocol
from tests.coherence.state import (
    LEASE,
    NEVER,
    Record,
    Redis,
    Relay,
    State,
    Writer,
    spend,
    with_worker,
    with_writer,
)
from tests.coherence.tails import known


def commit(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Commit a write; triggers leave a row in the outbox."""
    if not state.budget.writes:
        return
    write = state.value + 1
    early = 0 if protocol.keeps(Guard.LAST_AFTER_ROWS) else state.redis.last
    patience = (NEVER,) * (len(state.workers) + 1)
    writers = (*state.writers, Writer(write, number=early, patience=patience))
    yield (
        f"write {write} commits",
        spend(state, "writes", value=write, rows=(*state.rows, write), writers=writers),
    )


def take_rows(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a relay take the rows there are; or, where another holds the lock, read them."""
    if not state.rows:
        return
    is_locked = any(worker.relay and worker.relay.holds_lock for worker in state.workers)
    for index, worker in enumerate(state.workers):
        if worker.relay is not None:
            continue
        if not is_locked:
            token = state.tokens + 1 if protocol.keeps(Guard.TOKENS_OF_PASSES) else state.token + 1
            relay = Relay(state.rows, token, LEASE)
            taken = with_worker(state, index, relay=relay)._replace(tokens=token)
            yield f"worker {index}'s relay takes rows {state.rows} as pass {token}", taken
        elif state.budget.passes:
            relay = Relay(state.rows, 0, LEASE, holds_lock=False)
            yield (
                f"worker {index}'s relay cannot have the lock, reads rows {state.rows}",
                spend(with_worker(state, index, relay=relay), "passes"),
            )


def invalidate(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Invalidate what a relay has taken."""
    for index, worker in enumerate(state.workers):
        relay = worker.relay
        if relay is None or relay.is_told:
            continue
        redis = known(state.redis, protocol)
        if protocol.keeps(Guard.ATOMIC_INVALIDATION):
            redis = _appended(redis._replace(generation=0), relay.token)
            after = relay._replace(is_told=True)
        elif relay.is_half_told:
            redis, after = _appended(redis, relay.token), relay._replace(is_told=True)
        else:
            redis, after = redis._replace(generation=0), relay._replace(is_half_told=True)
        told = with_worker(state, index, relay=after)._replace(redis=redis)
        yield f"worker {index}'s relay invalidates: last is {redis.last}", told


def _appended(redis: Redis, token: int) -> Redis:
    return redis._replace(last=redis.last + 1, log=(*redis.log, Record(redis.last + 1, token)))


def invalidate_another(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Invalidate another key."""
    if state.budget.others:
        redis = known(state.redis, protocol)
        number = redis.last + 1
        redis = redis._replace(last=number, log=(*redis.log, Record(number, is_ours=False)))
        yield f"another key is invalidated: last is {number}", spend(state, "others", redis=redis)


def finish_pass(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Commit the deletion of the rows that a relay took, if it holds the lock."""
    for index, worker in enumerate(state.workers):
        relay = worker.relay
        if relay is None:
            continue
        is_last = relay.is_told
        if not protocol.keeps(Guard.INVALIDATE_BEFORE_DELETING) and relay.holds_lock:
            yield from _delete_first(state, index, relay)
            is_last = relay.is_told and not set(relay.rows) & set(state.rows)
        if not is_last:
            continue
        if not relay.holds_lock:
            looked = max(worker.looked, relay.left)
            yield f"worker {index}'s relay is done", with_worker(state, index, relay=None, looked=looked)
        else:
            left = tuple(row for row in state.rows if row not in relay.rows)
            done = with_worker(state, index, relay=None)
            yield (
                f"worker {index}'s relay commits the deletion of rows {relay.rows}",
                done._replace(rows=left, token=relay.token),
            )


def _delete_first(state: State, index: int, relay: Relay) -> Iterator[tuple[str, State]]:
    if not relay.is_told and set(relay.rows) & set(state.rows):
        left = tuple(row for row in state.rows if row not in relay.rows)
        yield (
            f"worker {index}'s relay deletes rows {relay.rows}",
            state._replace(rows=left, token=relay.token),
        )


def find_nothing(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a relay look at the outbox and find it empty."""
    if state.rows or not state.budget.renewals:
        return
    for index, worker in enumerate(state.workers):
        if worker.relay is None and worker.looked < LEASE:
            yield f"worker {index}'s relay finds the outbox empty", with_worker(state, index, looked=LEASE)


def crash(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Kill a relay: its transaction is rolled back."""
    if not state.budget.crashes:
        return
    for index, worker in enumerate(state.workers):
        if worker.relay is not None:
            yield f"worker {index}'s relay crashes", spend(with_worker(state, index, relay=None), "crashes")


def await_workers(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Tell a writer whose row is gone, or who invalidates it himself, for which record to wait."""
    is_locked = any(worker.relay and worker.relay.holds_lock for worker in state.workers)
    for index, writer in enumerate(state.writers):
        if (
            writer.is_acknowledged
            or set(writer.patience) != {NEVER}
            or (writer.number and writer.write in state.rows)
        ):
            continue
        redis = known(state.redis, protocol)
        if writer.write not in state.rows:
            number = writer.number or redis.last
            if number != writer.number:
                yield (
                    f"writer {index} finds his row gone, waits for record {number}",
                    with_writer(state, index, number=number)._replace(redis=redis),
                )
        elif is_locked and state.budget.passes:
            redis = _appended(redis._replace(generation=0), 0)
            told = with_writer(state, index, number=redis.last)._replace(redis=redis)
            yield f"writer {index} invalidates by himself: last is {redis.last}", spend(told, "passes")


def watch(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a writer look at what the workers have said; acknowledge him if all have passed his record."""
    for index, writer in enumerate(state.writers):
        if writer.is_acknowledged or not writer.number or _is_early(writer, state, protocol):
            continue
        redis = known(state.redis, protocol) if protocol.keeps(Guard.STATE_IS_KNOWN) else state.redis
        behind = _behind(redis, writer.number)
        if not protocol.keeps(Guard.WAITING) or not any(behind):
            yield _acknowledged(state._replace(redis=redis), index, "everybody has passed his record")
            continue
        known_phantom = writer.phantom == redis.phantom
        patience = tuple(
            (max(ticks, 0) if at < len(behind) - 1 or known_phantom else 0) if late else NEVER
            for at, (ticks, late) in enumerate(zip(writer.patience, behind, strict=True))
        )
        if state.budget.ticks and (patience != writer.patience or not known_phantom):
            watching = with_writer(state, index, patience=patience, phantom=redis.phantom)
            yield f"writer {index} sees who is behind: {patience}", watching._replace(redis=redis)


def _is_early(writer: Writer, state: State, protocol: Protocol) -> bool:
    return not protocol.keeps(Guard.LAST_AFTER_ROWS) and writer.write in state.rows


def _behind(redis: Redis, number: int) -> tuple[bool, ...]:
    if not redis.history:
        return (False,) * (len(redis.positions) + 1)
    workers = (position is not None and position < number for position in redis.positions)
    return (*workers, bool(redis.phantom))


def bury(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a writer take for dead who has said nothing for a lease."""
    redis = state.redis
    for index, writer in enumerate(state.writers):
        if writer.is_acknowledged:
            continue
        for at, ticks in enumerate(writer.patience):
            if ticks < LEASE:
                continue
            if at < len(redis.positions):
                if redis.positions[at] is None:
                    continue
                positions = tuple(None if other == at else said for other, said in enumerate(redis.positions))
                buried = redis._replace(positions=positions)
            elif redis.phantom and redis.phantom == writer.phantom:
                buried = redis._replace(phantom=0)
            else:
                continue
            name = f"worker {at}" if at < len(redis.positions) else "the phantom"
            yield f"writer {index} takes {name} for dead", state._replace(redis=buried)


def go_alone(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Acknowledge a writer who cannot reach Redis, when a lease has passed since he committed."""
    for index, writer in enumerate(state.writers):
        if writer.is_acknowledged:
            continue
        if writer.age >= LEASE:
            yield _acknowledged(state, index, "a lease has passed")
        elif not protocol.keeps(Guard.WHOLE_LEASE_ALONE) and writer.write not in state.rows:
            yield _acknowledged(state, index, "his row is gone")


def _acknowledged(state: State, index: int, why: str) -> tuple[str, State]:
    writer = state.writers[index]
    done = Writer(writer.write, is_acknowledged=True)
    writers = (*state.writers[:index], done, *state.writers[index + 1 :])
    acknowledged = max(state.acknowledged, writer.write)
    return f"write {writer.write} is acknowledged: {why}", state._replace(
        writers=writers, acknowledged=acknowledged
    )
