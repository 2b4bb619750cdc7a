"""What do the writers share? The plan, what came of it, and the things, each held by one of them at a time.

A state of a thing is begun before it is written, for a read may show it from then on, and it is
acknowledged once the write was answered.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from tests.edges.chaos.history import GONE, Histories, History, Thing
from tests.edges.chaos.library import Library
from tests.edges.chaos.plan import Plan, Write


class Refused(Exception):
    """The service has answered that it will not do it."""


class Lost(Exception):
    """Nobody knows whether it was done."""


class Writers:
    """What the writers share: the plan, what came of it, and the things that they write to."""

    def __init__(self, plan: Plan, library: Library, histories: Histories) -> None:
        self.acknowledged: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.attempts_lost = 0
        self.failures: list[BaseException] = []
        self.longest = 0.0  # Seconds until an answer.
        self._plan = plan
        self._chosen = plan.chosen()
        self._lock = threading.Lock()
        self._may_go_on = threading.Condition(self._lock)
        self._ceiling = 0
        self._numbers = count(len(library.posts))
        self.library = library
        self.histories = histories
        # Things that may be chosen: their number. Appended to and read without a lock.
        self.living: dict[str, list[int]] = {
            "post": list(range(len(library.posts))),
            "comment": list(range(len(library.comments))),
            "author": list(range(len(library.authors))),
        }
        self.post_of_comment = {number: number for number in self.living["comment"]}

    @property
    def done(self) -> int:
        """How many writes were acknowledged by now."""
        return self.acknowledged.total()

    def up_to(self, ceiling: int) -> None:
        """Let so many writes be done, and then wait: what comes next is to find some left."""
        with self._may_go_on:
            self._ceiling = ceiling
            self._may_go_on.notify_all()

    def next(self) -> Write | None:
        """Return the next write once it may be done, None once there are as many as planned."""
        with self._may_go_on:
            while self._ceiling <= self.done < self._plan.writes:
                self._may_go_on.wait()
            return next(self._chosen) if self.done < self._plan.writes else None

    def number(self) -> int:
        """Return a number that no thing has had."""
        with self._lock:
            return next(self._numbers)

    def counted(self, write: Write, result: str) -> None:
        """Note what came of a write."""
        with self._lock:
            if result == "acknowledged":
                self.acknowledged[write.how] += 1
            else:
                self.refused[write.how] += 1

    @contextmanager
    def held(
        self, kind: str, dice: float, suits: Callable[[int, History], bool] = lambda _number, _history: True
    ) -> Iterator[tuple[int, History]]:
        """Choose a thing that suits and nobody else writes to just now, and keep the others from it."""
        numbers = tuple(self.living[kind])
        start = int(dice * len(numbers))
        for number in (*numbers[start:], *numbers[:start]):
            history = self.histories.of[kind, number]
            if history.lock.acquire(blocking=False):
                try:
                    if history.is_over or not suits(number, history):
                        continue
                    yield number, history
                    return
                finally:
                    history.lock.release()
        raise Refused(f"no {kind} suits")

    def over(self, kind: str, number: int) -> None:
        """Let nobody write to a thing any more, which whoever says so holds."""
        self.histories.of[kind, number].is_over = True
        self.living[kind].remove(number)


def is_public(number: int, post: History) -> bool:
    del number
    return post.states[-1] != GONE


@contextmanager
def begun(history: History, state: int | None = None) -> Iterator[int]:
    """Begin a new state of a thing, or one that it was in before; acknowledged if the block ends well."""
    number = len(history.states)
    history.states.append(number if state is None else state)
    try:
        yield number
    except Refused:
        history.states.pop()
        raise
    history.acknowledged = number


def things(library: Library, histories: Histories) -> None:
    """Begin the histories of all that is there at first."""
    kinds: dict[str, Sequence[int]] = {
        "post": library.posts,
        "comment": library.comments,
        "author": library.authors,
    }
    for kind, pks in kinds.items():
        for number, pk in enumerate(pks):
            thing: Thing = (kind, number)
            histories.add(thing, pk)
