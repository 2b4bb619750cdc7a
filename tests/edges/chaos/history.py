"""Which states has a thing been in, and which of them may a read show?

    states    0    1    2    3    4        begun, one after the other
                   ▲              ▲
                 floor          newest
            purged before     begun when
            the read began    its answer came

A read may show any state from the floor on. The floor of an edge rises to a state once that
state was acknowledged and then neither the outbox nor that edge's queue held a key that stands
for the thing: whoever asks later must not see less. A state is what pages show of the thing, its
number, or GONE. Nobody begins a state of a thing before the last one was acknowledged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

GONE = -1
_SHOWN = re.compile(rb"(Title|Author|Comment) (\d+)\.(\d+)")
_KINDS = {b"Title": "post", b"Author": "author", b"Comment": "comment"}

Thing = tuple[str, int]  # Its kind, and its number.


@dataclass(slots=True)
class History:
    """The states of one thing, and how far each edge has been told of them."""

    pk: int
    edges: Sequence[str]
    states: list[int] = field(default_factory=lambda: [0])
    acknowledged: int = 0
    floors: dict[str, int] = field(init=False)
    is_over: bool = False  # It is gone for good; nobody writes to it any more.
    # Held by whoever writes to it.
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.floors = dict.fromkeys(self.edges, 0)

    def allows(self, shown: int, floor: int) -> bool:
        """Tell whether a read that began when the floor was so high may show this now."""
        return shown in self.states[floor:]


class Histories:
    """All things that are written."""

    def __init__(self, edges: Sequence[str]) -> None:
        self._edges = tuple(edges)
        self.of: dict[Thing, History] = {}

    def add(self, thing: Thing, pk: int, state: int = 0) -> History:
        """Begin the history of a thing that nobody has read yet."""
        history = self.of[thing] = History(pk, self._edges, [state])
        return history

    def floors(self, edge: str) -> dict[Thing, int]:
        """Return how much every read must show that begins now at an edge."""
        return {thing: history.floors[edge] for thing, history in tuple(self.of.items())}

    def wrong(self, floors: dict[Thing, int], shown: Iterator[tuple[Thing, int]]) -> Iterator[str]:
        """Yield what is wrong with what a read shows that began when the floors were these."""
        for thing, state in shown:
            history = self.of.get(thing)
            # A thing that was made while we were asking has no floor yet.
            floor = floors.get(thing, 0)
            if history is None:
                yield f"{thing[0]} {thing[1]} does not exist"
            elif not history.allows(state, floor):
                seen = "gone" if state == GONE else f"state {state}"
                yield f"{thing[0]} {history.pk} is {seen}, need one of {history.states[floor:]}"


def shown(body: bytes) -> Iterator[tuple[Thing, int]]:
    """Yield which states of which things a page shows.

    >>> list(shown(b'{"title": "Title 7.3", "author": {"name": "Author 2.0"}}'))
    [(('post', 7), 3), (('author', 2), 0)]
    """
    for word, number, state in _SHOWN.findall(body):
        yield (_KINDS[word], int(number)), int(state)
