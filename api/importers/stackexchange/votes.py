"""Which votes become likes?

A dump tells who voted only for favourites (type 5); those become likes, by their authors.
Up and down votes carry nobody, and a post's score is their sum already. The rest (accepted,
closed, bounty, spam, ...) is no opinion of a post. Most votes that point nowhere were for posts
which have been deleted since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from api.importers.compact import IdMap
from api.importers.report import Tally
from api.importers.stackexchange.authors import Authors, Writer
from api.importers.stackexchange.dump import Row
from api.importers.stackexchange.fields import Malformed, moment_in, number_in, optional_number_in
from api.models import Like

_FAVOURITE: Final = "5"
_IN_THE_SCORE: Final = frozenset({"2", "3"})


class Votes:
    """Writes votes as likes, a batch at a time; `is_post` says whether an id is any post of the dump."""

    def __init__(self, posts: IdMap, is_post: Callable[[int], bool], authors: Authors, tally: Tally) -> None:
        self._posts = posts
        self._is_post = is_post
        self._authors = authors
        self._tally = tally

    def write(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows of Votes.xml."""
        self._tally.read += len(rows)
        favourites: list[tuple[int, Writer]] = []
        for row in rows:
            try:
                favourite = self._read(row)
            except Malformed as reason:
                self._tally.skip(str(reason))
            else:
                if favourite is not None:
                    favourites.append(favourite)
        self._like(favourites)

    def _read(self, row: Row) -> tuple[int, Writer] | None:
        """Return the key of the post and who likes it, or count why there is no like."""
        number = number_in(row, "PostId")
        kind = row.get("VoteTypeId", "")
        post = self._posts.get(number)
        user = optional_number_in(row, "UserId")
        if not self._is_post(number):
            self._tally.skip("points to a post that is not there")
        elif kind in _IN_THE_SCORE:
            self._tally.skip("counted in the score")
        elif kind != _FAVOURITE:
            self._tally.skip("no opinion of a post (accepted, closed, bounty, ...)")
        elif user is None:
            self._tally.skip("a favourite of nobody")
        elif post is None:
            self._tally.skip("a favourite that is no question")
        else:
            return post, Writer(user, "", moment_in(row, "CreationDate"))
        return None

    def _like(self, favourites: Sequence[tuple[int, Writer]]) -> None:
        self._authors.settle([writer for _, writer in favourites])
        wanted: dict[tuple[int, int], datetime] = {}
        for post, writer in favourites:
            author = self._authors.key_of(writer)
            if author is None:
                self._tally.skip("a favourite of nobody who is in the dump")
            elif (post, author) in wanted:
                self._tally.skip("the same favourite again")
            else:
                wanted[post, author] = writer.at
        posts, authors = {post for post, _ in wanted}, {author for _, author in wanted}
        there = set(
            Like.objects.filter(post__in=posts, author__in=authors).values_list("post_id", "author_id")
        )
        new = [pair for pair in wanted if pair not in there]
        Like.objects.bulk_create(
            Like(post_id=post, author_id=author, created_at=wanted[post, author]) for post, author in new
        )
        self._tally.created += len(new)
        self._tally.unchanged += len(wanted) - len(new)
