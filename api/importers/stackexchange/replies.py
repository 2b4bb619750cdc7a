"""How do answers and comments become our comments?

    question ──────────► post
    ├── comment ───────► ├── comment
    └── answer ────────► └── comment
        └── comment ──►      └── comment, whose parent is the answer

Answers have no title, which a comment does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.content.html import sanitise
from api.importers.compact import IdMap, IdSet
from api.importers.merging import Merger
from api.importers.report import Tally
from api.importers.stackexchange.authors import Authors, Writer
from api.importers.stackexchange.comment_text import html_of
from api.importers.stackexchange.dump import Row
from api.importers.stackexchange.fields import (
    Malformed,
    figure_in,
    licence_of,
    moment_in,
    number_in,
    optional_moment_in,
)
from api.importers.stackexchange.identities import keys_by_id
from api.models import Comment

_CONTENT: Final = ("body", "licence", "author_id", "updated_at")
_FIGURES: Final = ("score",)
_FINAL: Final = ("deleted_at",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comment stands: under which post, and in answer to which comment."""

    post: int
    parent: int | None = None


class Replies:
    """Writes rows as comments, a batch at a time. What differs between answers and comments is passed in.

    `place_of(row)` says where a row belongs, None if that is nowhere; `read(row, created_at)`
    makes the comment's text and author.
    """

    def __init__(
        self,
        prefix: str,
        place_of: Callable[[Row], Place | None],
        read: Callable[[Row, datetime], tuple[str, Writer]],
        authors: Authors,
        tally: Tally,
    ) -> None:
        self._prefix = prefix
        self._place_of = place_of
        self._read_text = read
        self._authors = authors
        self._tally = tally
        self._seen = IdSet()
        self.keys: IdMap = keys_by_id(Comment, prefix)
        self.posts = IdMap()
        self._merger = Merger(Comment, self.keys, _CONTENT, _FIGURES, _FINAL)

    def write(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows."""
        replies = self._read(rows)
        self._authors.settle([writer for _, writer in replies.values()])
        for comment, writer in replies.values():
            comment.author_id = self._authors.key_of(writer)
        self._merger.merge({number: comment for number, (comment, _) in replies.items()}).count(self._tally)

    def _read(self, rows: Sequence[Row]) -> dict[int, tuple[Comment, Writer]]:
        replies: dict[int, tuple[Comment, Writer]] = {}
        self._tally.read += len(rows)
        for row in rows:
            try:
                number = number_in(row, "Id")
                place = self._place_of(row)
                if place is None:
                    self._tally.skip("points to no question or answer that is here")
                elif self._seen.add(number):
                    replies[number] = self._comment(number, row, place)
                    self.posts[number] = place.post
                else:
                    self._tally.skip("a second row with the same id")
            except Malformed as reason:
                self._tally.skip(str(reason))
        return replies

    def _comment(self, number: int, row: Row, place: Place) -> tuple[Comment, Writer]:
        created_at = moment_in(row, "CreationDate")
        body, writer = self._read_text(row, created_at)
        comment = Comment(
            source_url=f"{self._prefix}{number}",
            post_id=place.post,
            parent_id=place.parent,
            body=body,
            licence=licence_of(row, created_at),
            created_at=created_at,
            updated_at=optional_moment_in(row, "LastEditDate") or created_at,
            deleted_at=optional_moment_in(row, "DeletionDate"),
            score=figure_in(row, "Score"),
        )
        return comment, writer


def read_answer(row: Row, created_at: datetime, *, base_url: str) -> tuple[str, Writer]:
    """Return an answer's HTML and author."""
    writer = Writer.of(row, "OwnerUserId", "OwnerDisplayName", created_at)
    return sanitise(row.get("Body", ""), base_url=base_url), writer


def read_comment(row: Row, created_at: datetime) -> tuple[str, Writer]:
    """Return a comment's text as HTML, and its author."""
    return html_of(row.get("Text", "")), Writer.of(row, "UserId", "UserDisplayName", created_at)
