"""Which states can a system of rules reach, and is one of them wrong?

A rule maps a state to the steps that may be taken from it: what happened, and the state after
it. Breadth first, so the way to a wrong state is as short as any. States are compared by value;
each is visited once.

Knows nothing of what is explored.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

State = TypeVar("State", bound=Hashable)
Step = tuple[str, State]
Rule = Callable[[State], Iterable[Step[State]]]

_REPORT_EVERY = 50_000


class Counterexample(NamedTuple):
    """How a wrong state came about, one line a step, and what is wrong with it."""

    steps: tuple[str, ...]
    wrong: str

    def __str__(self) -> str:
        lines = [f"{number:3}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([*lines, f"  => {self.wrong}"])


class Exploration(NamedTuple):
    """What was found: how many states, and the first wrong one, if there is one."""

    states: int
    depth: int
    counterexample: Counterexample | None


def explore(
    start: State,
    rules: Sequence[Rule[State]],
    *,
    wrong: Callable[[State], str | None],
    wrong_at_rest: Callable[[State], str | None],
    progress: Callable[[int, int], None] | None = None,
) -> Exploration:
    """Visit every state that can be reached from `start`, until one is wrong.

    `wrong_at_rest` is asked only where no rule has a step to take.
    """
    with _no_garbage():
        return _explored(start, rules, wrong, wrong_at_rest, progress)


def _explored(
    start: State,
    rules: Sequence[Rule[State]],
    wrong: Callable[[State], str | None],
    wrong_at_rest: Callable[[State], str | None],
    progress: Callable[[int, int], None] | None,
) -> Exploration:
    came_from: dict[State, tuple[State, str] | None] = {start: None}
    frontier, depth = [start], 0
    while frontier:
        following: list[State] = []
        for state in frontier:
            fault = wrong(state)
            is_at_rest = True
            for label, successor in _steps(state, rules) if fault is None else ():
                is_at_rest = False
                if successor not in came_from:
                    came_from[successor] = state, label
                    following.append(successor)
                    if progress is not None and len(came_from) % _REPORT_EVERY == 0:
                        progress(len(came_from), depth)
            if fault is None and is_at_rest:
                fault = wrong_at_rest(state)
            if fault is not None:
                return Exploration(len(came_from), depth, Counterexample(_way_to(state, came_from), fault))
        frontier, depth = following, depth + 1
    return Exploration(len(came_from), depth, None)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Spare the collector the looking through of ever more states, none of which is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _steps(state: State, rules: Sequence[Rule[State]]) -> Iterator[Step[State]]:
    for rule in rules:
        yield from rule(state)


def _way_to(state: State, came_from: dict[State, tuple[State, str] | None]) -> tuple[str, ...]:
    steps: list[str] = []
    while (origin := came_from[state]) is not None:
        state, step = origin
        steps.append(step)
    return tuple(reversed(steps))
