"""What do edges fetch, and when does it land?

Anything may come between the three steps of a fetch: it begins, it is answered, it lands.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.edges.model.guards import Protocol
from tests.edges.model.state import (
    NOTHING,
    REBOUND,
    UNANSWERED,
    Fetch,
    State,
    replaced,
    with_edge,
    with_worker,
)

AT_ONCE = 2  # Fetches of an edge: one that was overtaken, and one that came after.


def begin(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Begin a fetch: somebody asks for what the edge does not hold, or what is too old by its clock."""
    for index, edge in enumerate(() if state.is_instant else state.edges):
        if state.budget.fetches[index] and len(edge.fetches) < AT_ONCE:
            begun = with_edge(state, index, fetches=(*edge.fetches, Fetch(REBOUND)))
            yield f"edge {index} begins a fetch", _spent(begun, index)


def fetch_at_once(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Begin, answer and land in one step, through all edges in front that hold nothing."""
    for index in range(len(state.edges)) if state.is_instant else ():
        in_front = [at for at in range(index) if state.edges[at].held != NOTHING]
        if not state.budget.fetches[index]:
            continue
        first = in_front[-1] + 1 if in_front else 0
        if in_front:
            answers = [(state, state.edges[in_front[-1]].held)]
        else:
            answers = [_asked(state, worker) for worker in range(len(state.workers))]
        for after, value in answers:
            kept = after
            for at in range(first, index + 1):
                kept = with_edge(kept, at, held=value)
            yield f"edge {index} fetches value {value} at once", _spent(kept, index)


def answer(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Answer a fetch of the edge that stands before the workers: from an L1, or from the database."""
    for fetch in _unanswered(state, 0):
        for index in range(len(state.workers)):
            asked, value = _asked(state, index)
            yield f"worker {index} answers edge 0 with value {value}", _answered(asked, 0, fetch, value)


def answer_from_edge(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Answer a fetch of an edge from what the edge in front of it holds."""
    for index in range(1, len(state.edges)):
        held = state.edges[index - 1].held
        for fetch in _unanswered(state, index) if held != NOTHING else ():
            yield (
                f"edge {index - 1} answers edge {index} with value {held}",
                _answered(state, index, fetch, held),
            )


def land(state: State, protocol: Protocol) -> Iterator[tuple[str, State]]:
    """Keep what a fetch has brought."""
    for index, edge in enumerate(state.edges):
        for at, fetch in enumerate(edge.fetches):
            if fetch.value != UNANSWERED and fetch not in edge.fetches[:at]:
                left = (*edge.fetches[:at], *edge.fetches[at + 1 :])
                landed = with_edge(state, index, held=fetch.value, fetches=left)
                yield f"edge {index} keeps value {fetch.value}", landed


def _asked(state: State, index: int) -> tuple[State, int]:
    """Return what a worker answers, and the state in which it has it in its L1."""
    worker = state.workers[index]
    is_hit = worker.l1 != NOTHING and worker.lease > 0
    value = worker.l1 if is_hit else state.value
    return with_worker(state, index, l1=value), value


def _spent(state: State, edge: int) -> State:
    left = replaced(state.budget.fetches, edge, state.budget.fetches[edge] - 1)
    return state._replace(budget=state.budget._replace(fetches=left))


def _unanswered(state: State, edge: int) -> set[Fetch]:
    return {fetch for fetch in state.edges[edge].fetches if fetch.value == UNANSWERED}


def _answered(state: State, edge: int, fetch: Fetch, value: int) -> State:
    fetches = list(state.edges[edge].fetches)
    fetches.remove(fetch)
    return with_edge(state, edge, fetches=(*fetches, fetch._replace(value=value)))
