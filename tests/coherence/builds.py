"""How does a worker build, store, and share what it builds?

start, read the database, vouch, store in L2, put into L1: each a step, so that anything may
come between two of them. Without Redis a build goes from the database to L1.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.coherence import fragments
from tests.coherence.guards import Guard, Protocol
from tests.coherence.state import (
    NOTHING,
    Build,
    Entry,
    Follower,
    Redis,
    State,
    answered,
    spend,
    with_worker,
)
from tests.coherence.tails import is_trusting, known


def begin(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Begin a build: note where the tail is, read the database."""
    if not state.budget.builds:
        return
    for index, worker in enumerate(state.workers):
        if worker.build is None and worker.l1 == NOTHING:
            # The database may be read long after the start was noted; what then comes between
            # only refuses more builds, so it is one step here.
            start = worker.position if protocol.keeps(Guard.START_BEFORE_READING) else 0
            build = Build(worker.history, start, state.value, rows=fragments.seen_rows(state, worker))
            begun = fragments.older(worker)._replace(build=build)
            yield (
                f"worker {index} builds from {start}, reads value {state.value}",
                spend(with_worker(state, index, **begun._asdict()), "builds"),
            )


def note_late(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Note the start after the database has been read, as no build should."""
    for index, worker in enumerate(state.workers):
        if worker.build is not None and not worker.build.start:
            here = worker.build._replace(history=worker.history, start=worker.position, touched=False)
            yield f"worker {index}'s build notes its start", with_worker(state, index, build=here)


def vouch(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let Redis vouch that no write has overtaken a build, and give it the generation."""
    for index, worker in enumerate(state.workers):
        build = worker.build
        if build is None or not build.start or build.generation:
            continue
        redis = known(state.redis, protocol)
        if _is_overtaken(build, redis, protocol):
            continue
        generation = redis.generation or _fresh_generation(state, protocol)
        vouched = with_worker(state, index, build=build._replace(generation=generation))
        yield (
            f"worker {index}'s build is vouched for, generation {generation}",
            vouched._replace(redis=redis._replace(generation=generation)),
        )


def _is_overtaken(build: Build, redis: Redis, protocol: Protocol) -> bool:
    if not protocol.keeps(Guard.VOUCHING):
        return False
    if protocol.keeps(Guard.VOUCHING_KNOWS_HISTORY) and build.history != redis.history:
        return True
    since = [record for record in redis.log if record.number > build.start]
    if protocol.keeps(Guard.VOUCHING_REACHES_BACK) and len(since) != redis.last - build.start:
        return True
    return any(record.is_ours for record in since)


def _fresh_generation(state: State, protocol: Protocol) -> int:
    """Return a generation that nothing in the state refers to, which is what a random one is."""
    if not protocol.keeps(Guard.RANDOM_GENERATIONS):
        return 1
    taken = {state.redis.entry and state.redis.entry.generation}
    for worker in state.workers:
        taken.add(worker.build and worker.build.generation)
        taken.add(worker.read and worker.read.entry and worker.read.entry.generation)
    if state.replica is not None:
        taken.add(state.replica.generation)
        taken.add(state.replica.entry and state.replica.entry.generation)
    return min(number for number in range(1, len(taken) + 2) if number not in taken)


def store(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Store a build in L2 that was vouched for."""
    for index, worker in enumerate(state.workers):
        build = worker.build
        if build is not None and build.generation and not build.is_stored:
            stored = with_worker(state, index, build=build._replace(is_stored=True))
            stored = fragments.examined(stored, f"what worker {index} stores in L2", build)
            entry = Entry(build.value, build.generation)
            yield (
                f"worker {index} stores value {build.value} in L2",
                stored._replace(redis=state.redis._replace(entry=entry)),
            )


def land(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Put a build into L1, unless it was overtaken, and answer who waits for it.

    Whether Redis has vouched makes no difference here: the tail will tell.
    """
    for index, worker in enumerate(state.workers):
        build = worker.build
        if build is None or not build.start or fragments.must_be_built_anew(build, protocol):
            continue
        is_kept = not build.touched or not protocol.keeps(Guard.REFUSE_TO_PUT)
        landed = with_worker(
            state, index, build=None, follower=None, l1=build.value if is_kept else worker.l1
        )
        landed = fragments.examined(landed, f"the page that worker {index} answers", build)
        if worker.follower is not None and not worker.follower.outdated:
            landed = answered(landed, f"worker {index}'s build", build.value, worker.follower.floor)
        where = "lands in L1" if is_kept else "is not kept"
        yield f"worker {index}'s build of value {build.value} {where}", landed


def join(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a read join the build under way."""
    if not state.budget.followers:
        return
    for index, worker in enumerate(state.workers):
        build = worker.build
        if build is None or worker.follower is not None:
            continue
        outdated = build.touched and protocol.keeps(Guard.FOLLOWERS_ARRIVE)
        if is_trusting(worker, protocol) or not protocol.keeps(Guard.FOLLOWERS_LOOK):
            follower = Follower(state.acknowledged, outdated)
            yield (
                f"a read joins worker {index}'s build",
                spend(with_worker(state, index, follower=follower), "followers"),
            )
        elif worker.look is not None and worker.look.is_applied:
            follower = Follower(worker.look.floor, outdated)
            yield (
                f"a read that has looked joins worker {index}'s build",
                spend(with_worker(state, index, follower=follower, look=None), "followers"),
            )
