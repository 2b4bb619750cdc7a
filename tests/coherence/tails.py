"""What does a worker's tail do, and what does it learn from Redis?

Delivering records, renewing the lease (sent, arrived and answered are steps of their own), and
beginning a new history where Redis has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.coherence.guards import Guard, Protocol
from tests.coherence.state import (
    LEASE,
    NOTHING,
    Record,
    Redis,
    Renewal,
    State,
    Worker,
    spend,
    touched,
    with_worker,
)


def is_trusting(worker: Worker, protocol: Protocol) -> bool:
    """Tell whether the worker answers from L1 without asking anybody."""
    if protocol.keeps(Guard.RENEWING_AFTER_LOOK) or not protocol.keeps(Guard.LEASE_FROM_LOOK):
        return worker.lease > 0
    return worker.lease > 0 and worker.looked > 0


def known(redis: Redis, protocol: Protocol) -> Redis:
    """Return Redis as every script leaves it: with a history."""
    return redis if redis.history else new_history(redis, protocol)


def new_history(redis: Redis, protocol: Protocol) -> Redis:
    """Return Redis at the beginning of a history in which nothing counts that was known before."""
    history = redis.histories + 1
    last = 10 * history if redis.numbers_grow else 10
    phantom = 0
    if protocol.keeps(Guard.PHANTOM):
        phantom = history if protocol.keeps(Guard.PHANTOM_OF_ITS_OWN) else 1
    return redis._replace(
        history=history,
        last=last,
        log=(Record(last),),
        positions=(None,) * len(redis.positions),
        phantom=phantom,
        generation=0 if protocol.keeps(Guard.NEW_HISTORY_ENDS_ENTRIES) else redis.generation,
        histories=history,
    )


def forgetting(worker: Worker, protocol: Protocol) -> Worker:
    """Return the worker after it forgot all that it holds."""
    if protocol.keeps(Guard.FORGETTING_REACHES_BUILDS):
        return touched(worker, protocol)
    return worker._replace(l1=NOTHING, fragment=None)


def deliver(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a tail read the next record, or find that it is not there."""
    redis = state.redis
    for index, worker in enumerate(state.workers):
        if not redis.history or worker.position >= redis.last:
            continue
        later = [record for record in redis.log if record.number > worker.position]
        is_next = bool(later) and later[0].number == worker.position + 1
        if not later or (not is_next and protocol.keeps(Guard.GAPS)):
            lost = _joining(worker, redis, protocol)
            yield f"worker {index} misses a record, forgets everything", _put(state, index, lost)
            continue
        record = later[0]
        if protocol.keeps(Guard.DROPPING_BEFORE_TELLING) or worker.told_position >= record.number:
            applied = _applied(worker, record, protocol, may_look=bool(state.budget.looks or worker.look))
            yield f"worker {index} applies record {record.number}", _put(state, index, applied)
        else:
            told = worker._replace(told_position=record.number)
            yield f"worker {index} counts record {record.number}", _put(state, index, told)


def _applied(worker: Worker, record: Record, protocol: Protocol, *, may_look: bool) -> Worker:
    # Whoever will not look at the outbox any more need not remember passes.
    heard = tuple(sorted({*worker.heard, record.token})) if may_look else ()
    after = touched(worker, protocol) if record.is_ours else worker
    return after._replace(position=record.number, told_position=record.number, heard=heard)


def _joining(worker: Worker, redis: Redis, protocol: Protocol) -> Worker:
    return forgetting(worker, protocol)._replace(
        history=redis.history, position=redis.last, told_position=redis.last, lease=0, renewal=None
    )


def _put(state: State, index: int, worker: Worker) -> State:
    return with_worker(state, index, **worker._asdict())


def send_renewal(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a worker say how far it is, to renew its lease."""
    if not state.budget.renewals:
        return
    from_look = protocol.keeps(Guard.LEASE_FROM_LOOK) and protocol.keeps(Guard.RENEWING_AFTER_LOOK)
    for index, worker in enumerate(state.workers):
        left = worker.looked if from_look else LEASE
        is_idle = left <= worker.lease and worker.told_position == state.redis.positions[index]
        if worker.renewal is None and (state.budget.ticks or not is_idle):
            renewal = Renewal(left, worker.told_position, worker.history)
            yield (
                f"worker {index} sends a renewal",
                spend(with_worker(state, index, renewal=renewal), "renewals"),
            )


def arrive(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a renewal arrive."""
    for index, worker in enumerate(state.workers):
        renewal = worker.renewal
        if renewal is None or renewal.has_arrived:
            continue
        redis = known(state.redis, protocol)
        position = renewal.position if renewal.history == redis.history else 0
        positions = tuple(position if at == index else said for at, said in enumerate(redis.positions))
        here: Renewal | None = renewal._replace(has_arrived=True, history=redis.history, last=redis.last)
        if (
            renewal.left <= worker.lease
            and here.history == worker.history
            and protocol.keeps(Guard.LEASE_FROM_SENDING)
        ):
            here = None  # The answer changes nothing: the lease that runs is as long.
        arrived = with_worker(state, index, renewal=here)._replace(redis=redis._replace(positions=positions))
        if protocol.keeps(Guard.COMPARE_AND_BURY):
            arrived = arrived._replace(
                writers=tuple(
                    writer._replace(patience=_again(writer.patience, index)) for writer in state.writers
                )
            )
        yield f"worker {index}'s renewal arrives, saying {position}", arrived


def _again(patience: tuple[int, ...], index: int) -> tuple[int, ...]:
    return tuple(-1 if at == index else ticks for at, ticks in enumerate(patience))


def be_answered(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a worker receive the answer to its renewal, once its tail has come as far as that says."""
    for index, worker in enumerate(state.workers):
        renewal = worker.renewal
        if renewal is None or not renewal.has_arrived:
            continue
        caught_up = renewal.history == worker.history and worker.position >= renewal.last
        if caught_up or not protocol.keeps(Guard.LEASE_ONCE_CAUGHT_UP):
            left = renewal.left if protocol.keeps(Guard.LEASE_FROM_SENDING) else LEASE
            renewed = with_worker(state, index, renewal=None, lease=max(left, worker.lease))
            yield f"worker {index}'s lease is renewed for {left}", renewed
        if renewal.history != worker.history and state.redis.history:
            lost = _joining(worker, state.redis, protocol)
            yield f"worker {index} sees another history, forgets everything", _put(state, index, lost)


def tick(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let time pass, for everybody."""
    if not state.budget.ticks:
        return
    workers = tuple(_older(worker, protocol) for worker in state.workers)
    writers = tuple(
        writer._replace(
            age=min(writer.age + 1, LEASE),
            patience=tuple(ticks if ticks < 0 else min(ticks + 1, LEASE) for ticks in writer.patience),
        )
        for writer in state.writers
    )
    yield "time passes", spend(state, "ticks", workers=workers, writers=writers)


def _older(worker: Worker, protocol: Protocol) -> Worker:
    renewal = worker.renewal
    relay = worker.relay
    return worker._replace(
        lease=max(0, worker.lease - 1) if protocol.keeps(Guard.LEASES_END) else worker.lease,
        looked=max(0, worker.looked - 1),
        renewal=renewal and renewal._replace(left=max(0, renewal.left - 1)),
        relay=relay and relay._replace(left=max(0, relay.left - 1)),
    )
