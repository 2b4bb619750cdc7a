"""Which writes and which faults come, and when? All of it follows from one seed.

Chance chooses before anything runs. What threads and faults then make of it, who comes first and
which request is lost, differs from run to run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# How a thing is written, and how often of a hundred times.
SHARES = {
    "title by API": 36,
    "title by SQL": 10,
    "tags by API": 8,
    "tags by SQL": 4,
    "archived or published by API": 9,
    "archived or published by SQL": 3,
    "new comment": 9,
    "comment by API": 6,
    "comment deleted by API": 4,
    "comment deleted by SQL": 1,
    "new post": 3,
    "post deleted by API": 1,
    "author renamed by SQL": 4,
    "tag renamed by SQL": 1,
    "all posts of an author by SQL": 1,
}


@dataclass(frozen=True)
class Write:
    """One write: how, and dice for whoever carries it out to choose with."""

    how: str
    dice: float


@dataclass(frozen=True)
class Plan:
    """What is to happen: so many writes, and after how many of them which fault begins."""

    seed: int
    writes: int
    faults: Sequence[tuple[int, str]]

    def chosen(self) -> Iterator[Write]:
        """Yield what is written; without end, for some is refused."""
        dice = random.Random(f"writes {self.seed}")
        kinds, weights = list(SHARES), list(SHARES.values())
        while True:
            (how,) = dice.choices(kinds, weights)
            yield Write(how, dice.random())


def plan(seed: int, *, writes: int, faults: Sequence[str], times: int = 1) -> Plan:
    """Return what a seed stands for: each of the faults so many times, in an order of chance."""
    dice = random.Random(f"faults {seed}")
    order = [fault for _ in range(times) for fault in dice.sample(list(faults), len(faults))]
    # One in each of as many equal shares of the writes, so that none comes after the last of them.
    share = writes / (len(order) + 1)
    moments = [int(share * (place + dice.random())) for place in range(len(order))]
    return Plan(seed, writes, list(zip(moments, order, strict=True)))
