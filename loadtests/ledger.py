"""Was this answer older than a write that had been acknowledged before it was asked for?

Writers put a mark into a post's title, a number that only grows, and note when the write was
acknowledged. Whoever reads a post, alone or in a list, compares: a read that began after an
acknowledgement has to show that mark or a later one. Only one write to a post is under way at a
time. One that was not acknowledged stays under way for ever: it may yet take effect, and would put
an old mark over a new one, so nobody writes to that post any more.

Moments are those of one process's monotonic clock, so what several machines ask with are several
ledgers, each over posts of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_MARK: Final = re.compile(r" \[edit ([0-9]+)\]$")
_LONGEST: Final = 150  # Characters of a title, mark aside.


def marked(title: str, mark: int) -> str:
    """Return a title with a mark instead of the one that it had.

    >>> marked("Ale [edit 3]", 12)
    'Ale [edit 12]'
    """
    return f"{_MARK.sub('', title)[:_LONGEST]} [edit {mark}]"


def mark_of(title: str) -> int:
    """Return the mark in a title, 0 if there is none."""
    found = _MARK.search(title)
    return int(found[1]) if found else 0


@dataclass(slots=True)
class _Written:
    """What is known of one post: marks, in the order of their acknowledgement."""

    moments: list[float] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    is_under_way: bool = False


@dataclass(frozen=True, slots=True)
class StaleRead:
    """An answer that showed an older mark than it had to."""

    post: int
    shown: int
    needed: int
    # Seconds between the first acknowledgement that it does not show, and when it was asked for.
    late: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return (
            f"post {self.post} showed mark {self.shown}, {self.needed} had been acknowledged"
            f" (a later one than shown {self.late:.3f} s before)"
        )


class Ledger:
    """The writes of one process."""

    def __init__(self, *, first_mark: int) -> None:
        """Begin with a mark that is greater than those of earlier runs: say, the milliseconds by now."""
        self._next_mark = first_mark
        self._posts: dict[int, _Written] = {}

    def __bool__(self) -> bool:
        """Tell whether anything has been acknowledged, and thus anything can be checked."""
        return any(written.moments for written in self._posts.values())

    def begin(self, post: int) -> int | None:
        """Return the mark of a new write, None if the post must not be written to now."""
        written = self._posts.setdefault(post, _Written())
        if written.is_under_way:
            return None
        written.is_under_way = True
        self._next_mark += 1
        return self._next_mark

    def acknowledge(self, post: int, mark: int, *, now: float) -> None:
        """Note that the write has been answered with success."""
        written = self._posts[post]
        written.is_under_way = False
        written.moments.append(now)
        written.marks.append(mark)

    def needed(self, post: int, *, began: float) -> int | None:
        """Return the mark that a read of the post that began then has to show at least."""
        written = self._posts.get(post)
        if written is None:
            return None
        before = bisect_left(written.moments, began)
        return written.marks[before - 1] if before else None

    def check(self, shown: Mapping[int, int], *, began: float) -> tuple[int, list[StaleRead]]:
        """Return how many of the posts shown could be checked, and those that were stale."""
        checked = 0
        stale = []
        for post, mark in shown.items():
            needed = self.needed(post, began=began)
            if needed is not None:
                checked += 1
                if mark < needed:
                    stale.append(StaleRead(post, mark, needed, began - self._missed(post, mark)))
        return checked, stale

    def _missed(self, post: int, shown: int) -> float:
        """Return when the first write was acknowledged that is later than what was shown."""
        written = self._posts[post]
        return written.moments[bisect_right(written.marks, shown)]


def shown_in(document: object) -> Iterator[tuple[int, int]]:
    """Yield each post that an answer shows, with its mark: the post itself, or those of a list."""
    if not isinstance(document, dict):
        return
    for row in document.get("results", (document,)):
        if isinstance(row, dict) and "title" in row and "id" in row:
            yield row["id"], mark_of(row["title"])
