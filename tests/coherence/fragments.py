"""How may a build show what another has read, and never half of a write?

Another page's build reads a row and keeps its fragment in L1. A build that finds it there may take
it in place of the row; then its page must not be answered before it is sure that no write lies
between the two readings.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.coherence.guards import Guard, Protocol
from tests.coherence.state import NOTHING, Build, Fragment, State, Worker, spend, with_worker


def make(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let another page's build begin, and read the row."""
    if not state.budget.fragments:
        return
    for index, worker in enumerate(state.workers):
        if worker.making is None:
            making = Fragment(state.value, is_younger=worker.build is not None)
            yield (
                f"worker {index} makes a fragment of value {state.value}",
                spend(with_worker(state, index, making=making), "fragments"),
            )


def keep(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Put the fragment into L1, unless it was overtaken."""
    for index, worker in enumerate(state.workers):
        making = worker.making
        if making is None:
            continue
        if making.touched and protocol.keeps(Guard.FRAGMENTS_REFUSED):
            yield f"worker {index} does not keep the fragment", with_worker(state, index, making=None)
        else:
            kept = making._replace(touched=False)
            yield (
                f"worker {index} keeps the fragment of value {making.value}",
                with_worker(state, index, making=None, fragment=kept),
            )


def take(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a build take the fragment.

    Whether the worker has a lease makes no difference: if it has none, Redis has the last word.
    """
    for index, worker in enumerate(state.workers):
        build, fragment = worker.build, worker.fragment
        if build is None or fragment is None or build.taken != NOTHING or build.is_anew or build.generation:
            continue
        if fragment.is_younger and protocol.keeps(Guard.FRAGMENTS_MADE_BEFORE):
            continue
        if build.rows and protocol.keeps(Guard.FRAGMENTS_SEE_OUTBOX):
            continue
        yield (
            f"worker {index}'s build of value {build.value} takes the fragment of value {fragment.value}",
            with_worker(state, index, build=build._replace(taken=fragment.value)),
        )


def build_anew(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Let a build begin again, without fragments: Redis has refused it, or is out of reach."""
    for index, worker in enumerate(state.workers):
        build = worker.build
        if build is not None and must_be_built_anew(build, protocol):
            anew = Build(worker.history, worker.position, state.value, is_anew=True)
            yield (
                f"worker {index} builds anew from {anew.start}, reads value {anew.value}",
                with_worker(state, index, build=anew),
            )


def must_be_built_anew(build: Build, protocol: Protocol) -> bool:
    """Tell whether nobody may get this page as it is now."""
    if build.taken == NOTHING:
        return False
    if build.touched:
        return protocol.keeps(Guard.FRAGMENTS_BUILT_ANEW)
    return not build.generation and protocol.keeps(Guard.FRAGMENTS_VOUCHED)


def seen_rows(state: State, worker: Worker) -> tuple[int, ...]:
    """Return what a build's snapshot shows of the outbox, if it may be asked for that."""
    may_take = worker.fragment or worker.making or state.budget.fragments
    return state.rows if may_take else ()


def older(worker: Worker) -> Worker:
    """Return the worker at the beginning of a build: what was made by now is older than that."""
    making = worker.making and worker.making._replace(is_younger=False)
    fragment = worker.fragment and worker.fragment._replace(is_younger=False)
    return worker._replace(making=making, fragment=fragment)


def examined(state: State, what: str, build: Build) -> State:
    """Return the state after a page was shown or stored: marked, if it is torn."""
    if build.taken in (NOTHING, build.value):
        return state
    return state._replace(stale=f"{what} is torn: of values {build.taken} and {build.value}")
