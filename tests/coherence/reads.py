"""How is a read answered that does not build?

From L1 at once, by a worker that trusts it; from L2, in three steps; or from L1 after a look at
the outbox, by a worker whose lease has run out.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.coherence.guards import Guard, Protocol
from tests.coherence.state import NOTHING, Look, Read, State, answered, spend, touched, with_worker
from tests.coherence.tails import forgetting, is_trusting


def stale_hit(state: State, protocol: Protocol) -> str | None:
    """Tell what is wrong with the state: a read was stale, or would be if it came now."""
    if state.stale:
        return state.stale
    for index, worker in enumerate(state.workers):
        if NOTHING < worker.l1 < state.acknowledged and is_trusting(worker, protocol):
            late = f"after write {state.acknowledged} was acknowledged"
            return f"worker {index}'s L1 answers value {worker.l1} {late}"
    return None


def fetch(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a read miss L1, note the position and fetch the entry from L2."""
    if not state.budget.reads or state.redis.entry is None:
        return
    for index, worker in enumerate(state.workers):
        if worker.read is not None or worker.l1 != NOTHING:
            continue
        if is_trusting(worker, protocol) or not protocol.keeps(Guard.L2_ONLY_WHEN_TRUSTING):
            read = Read(state.acknowledged, state.redis.entry)
            yield (
                f"a read at worker {index} finds value {state.redis.entry.value} in L2",
                spend(with_worker(state, index, read=read), "reads"),
            )


def check_generation(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Compare the entry's generation with the current one, and answer the read."""
    for index, worker in enumerate(state.workers):
        read = worker.read
        if read is None or read.is_answered or read.entry is None:
            continue
        if read.entry.generation != state.redis.generation and protocol.keeps(Guard.GENERATIONS):
            yield f"the read at worker {index} cannot use it", with_worker(state, index, read=None)
            continue
        done = with_worker(state, index, read=read._replace(is_answered=True))
        yield (
            f"the read at worker {index} answers value {read.entry.value}",
            answered(done, f"worker {index}'s read of L2", read.entry.value, read.floor),
        )


def promote(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Copy an entry of L2 into L1, unless it was overtaken."""
    for index, worker in enumerate(state.workers):
        read = worker.read
        if read is None or not read.is_answered or read.entry is None:
            continue
        if read.touched and protocol.keeps(Guard.REFUSE_TO_PROMOTE):
            yield f"worker {index} does not promote it", with_worker(state, index, read=None)
        else:
            yield (
                f"worker {index} promotes value {read.entry.value}",
                with_worker(state, index, read=None, l1=read.entry.value),
            )


def look(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a read arrive at a worker without a lease, which looks at the outbox."""
    for index, worker in enumerate(state.workers):
        if worker.look is None:
            if not state.budget.looks or is_trusting(worker, protocol):
                continue
            rows = state.rows if protocol.keeps(Guard.LOOK_IN_ONE_SNAPSHOT) else None
            began = Look(state.acknowledged, rows, state.token)
            yield (
                f"a read at worker {index} looks at the outbox: rows {rows}, pass {state.token}",
                spend(with_worker(state, index, look=began), "looks"),
            )
        elif worker.look.rows is None:
            whole = worker.look._replace(rows=state.rows)
            yield f"worker {index}'s look sees rows {state.rows}", with_worker(state, index, look=whole)


def apply_look(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a worker take in what its look has shown."""
    for index, worker in enumerate(state.workers):
        seen = worker.look
        if seen is None or seen.is_applied or seen.rows is None:
            continue
        after = worker
        if not set(seen.rows) <= set(worker.seen) and protocol.keeps(Guard.LOOK_DROPS):
            after = (
                touched(after, protocol)
                if protocol.keeps(Guard.FORGETTING_REACHES_BUILDS)
                else forgetting(after, protocol)
            )
        if seen.token not in worker.heard and protocol.keeps(Guard.LOOK_KNOWS_PASSES):
            after = forgetting(after, protocol)
        floor = seen.floor if protocol.keeps(Guard.LOOK_AFTER_ARRIVAL) else state.acknowledged
        after = after._replace(
            seen=tuple(sorted({*worker.seen, *seen.rows})),
            heard=tuple(sorted({*worker.heard, seen.token})),
            look=seen._replace(is_applied=True, floor=floor),
        )
        yield f"worker {index} takes in what it saw", with_worker(state, index, **after._asdict())


def answer_after_look(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Answer a read that has looked from L1, or let it go on to build."""
    for index, worker in enumerate(state.workers):
        if worker.look is None or not worker.look.is_applied:
            continue
        done = with_worker(state, index, look=None)
        if worker.l1 == NOTHING:
            yield f"the read at worker {index} builds", done
        else:
            yield (
                f"the read at worker {index} answers value {worker.l1}",
                answered(done, f"worker {index}'s read after its look", worker.l1, worker.look.floor),
            )
