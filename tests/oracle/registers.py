"""One thing that is written version after version by one writer: how does a version look?

Versions are 0, 1, 2, ...; each kind of register shows its version in its own way. For most the
version can be read off the page. A like count or a presence repeats itself: there a page is
right if any version between the last acknowledged one and the last begun one looks like that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What is written, and how."""

    TEXT = "text"  # PATCH of title, excerpt and body of a post.
    COMMENTS = "comments"  # POST of another comment: its body, and the post's count.
    LIKES = "likes"  # PUT and DELETE of likes: the post's count.
    FIRST = "first comment"  # PATCH of a post's first comment.
    EXISTS = "presence"  # A post is archived and published again.
    SCORES = "scores"  # Raw SQL: the score of all posts in one statement.
    NAME = "author's name"  # Raw SQL: an author's name, which posts show.
    PAIR = "licence of two"  # Raw SQL: the licence of two posts, by two statements of one transaction.

    @property
    def is_raw(self) -> bool:
        """Whether it is written past the HTTP API: nobody waits until that is seen everywhere."""
        return self in (Kind.SCORES, Kind.NAME, Kind.PAIR)


@dataclass(frozen=True)
class Register:
    """One thing that is written: the post or author with this index, in this respect."""

    index: int
    kind: Kind
    subject: int

    def __str__(self) -> str:
        return f"{self.kind.value} of {self.subject}"


def image(kind: Kind, version: int, likers: int) -> int:
    """Return what a page shows of a version.

    >>> [image(Kind.LIKES, version, 3) for version in range(8)]
    [0, 1, 2, 3, 2, 1, 0, 1]
    >>> [image(Kind.EXISTS, version, 3) for version in range(4)]
    [1, 0, 1, 0]
    """
    if kind is Kind.LIKES:
        turn = version % (2 * likers)
        return turn if turn <= likers else 2 * likers - turn
    if kind is Kind.EXISTS:
        return 1 - version % 2
    return version


def is_within(register: Register, seen: int, oldest: int, newest: int, likers: int) -> bool:
    """Tell whether one of the versions from `oldest` to `newest` looks like what was seen."""
    if register.kind in (Kind.LIKES, Kind.EXISTS):
        return any(image(register.kind, version, likers) == seen for version in range(oldest, newest + 1))
    return oldest <= seen <= newest


def liker_of(version: int, likers: int) -> tuple[int, bool]:
    """Return whose like a version changes, and whether he likes the post then.

    >>> [liker_of(version, 2) for version in range(1, 6)]
    [(0, True), (1, True), (1, False), (0, False), (0, True)]
    """
    turn = (version - 1) % (2 * likers)
    return (turn, True) if turn < likers else (2 * likers - 1 - turn, False)


Find = Callable[[Kind, int], Register]
