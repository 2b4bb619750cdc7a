"""How is any amount of content made in flat memory?

In batches, each in a transaction of its own: an interrupted run leaves whole posts behind, and
a second run adds to them. In bulk (`api/importers/bulk.py`) all of them are one transaction.
Each batch draws from a generator of random numbers of its own, made of the seed and the number
of its first post, so nothing depends on how the database answers. Posts are written with the
right counts of comments and likes; the counters of authors, categories and tags follow at the
end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

from django.db import connection, transaction

from api.content.slugs import SlugPool
from api.counters import reconcile
from api.importers.bulk import bulk_loading
from api.importers.copying import copy_rows, take_keys
from api.importers.generated.cast import Cast
from api.importers.generated.posts import Draft, PostMaker, Span
from api.importers.generated.prose import Prose
from api.importers.statistics import refresh_statistics
from api.models import Author, Category, Comment, Like, Post, PostTag, Tag

_Rows: TypeAlias = Iterator[Sequence[Any]]

_BATCH: Final = 2_000
_YEARS: Final = timedelta(days=6 * 365)

_POST: Final = (
    *("id", "title", "slug", "excerpt", "body", "text", "author", "category", "status", "created_at"),
    *("updated_at", "published_at", "score", "view_count", "like_count", "comment_count"),
    *("source_url", "licence"),
)
# The copies are the triggers' to keep; in bulk there are none.
_CARRIED: Final = ("post", "tag", "listed", "published_at", "score", "view_count")
_COMMENT: Final = (
    *("id", "post", "author", "parent", "body", "score", "created_at", "updated_at", "source_url", "licence"),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Whom to tell how far the generator has come: so many posts more, or another thing that it does."""

    advance: Callable[[int], object] = lambda _posts: None
    say: Callable[[str], object] = lambda _doing: None


def generate(  # noqa: PLR0913 - what is made, and how.
    posts: int,
    *,
    seed: int,
    until: datetime,
    lead: float | None = None,
    in_bulk: bool = False,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Add `posts` posts that lie in the years up to `until`; return how many rows of each kind were made.

    `lead` is the share of them that the first author, category and tag get; by default what
    Zipf's law gives. `in_bulk` is for PostgreSQL, and for nobody else at the tables meanwhile.
    """
    told = progress or Progress()
    first = Post.objects.count()
    span = Span(until - _YEARS, until, posts)
    with _loading(told) if in_bulk else nullcontext():
        with transaction.atomic():
            cast = Cast(_random(seed, "cast", first), posts, since=span.since, lead=lead)
        writer = _Writer(PostMaker(Prose(_random(seed, "prose", 0)), cast, span))
        for place in range(0, posts, _BATCH):
            size = min(_BATCH, posts - place)
            with transaction.atomic():
                writer.write(range(place, place + size), _random(seed, "posts", first + place))
            told.advance(size)
    told.say("statistics")
    refresh_statistics()
    told.say("counters")
    reconcile((Author, Category, Tag))
    return writer.made


def _loading(told: Progress) -> AbstractContextManager[None]:
    return bulk_loading((Author, Category, Tag, Post, PostTag, Comment, Like), say=told.say)


def _random(seed: int, purpose: str, number: int) -> Random:
    return Random(f"{seed} {purpose} {number}")  # noqa: S311 - repeatable is what it must be.


class _Writer:
    """Makes posts and writes them, with all that belongs to them."""

    def __init__(self, maker: PostMaker) -> None:
        self._maker = maker
        self._slugs = SlugPool(Post)
        self._moment = connection.ops.adapt_datetimefield_value
        self.made: Counter[str] = Counter()

    def write(self, numbers: Sequence[int], random: Random) -> None:
        """Write the posts of these numbers."""
        drafts = [self._maker.make(number, random) for number in numbers]
        comments = sum(len(draft.comments) for draft in drafts)
        keys, comment_keys = take_keys(Post, len(drafts)), take_keys(Comment, comments)
        slugs = self._slugs.take([draft.title for draft in drafts])
        copy_rows(Post, _POST, self._posts(keys, slugs, drafts))
        copy_rows(PostTag, _CARRIED, self._tags(keys, drafts))
        copy_rows(Comment, _COMMENT, self._comments(keys, comment_keys, drafts))
        copy_rows(Like, ("post", "author", "created_at"), self._likes(keys, drafts))
        self.made["posts"] += len(drafts)
        self.made["tags carried"] += sum(len(draft.tags) for draft in drafts)
        self.made["comments"] += comments
        self.made["likes"] += sum(len(draft.likes) for draft in drafts)

    def _posts(self, keys: Sequence[int], slugs: Sequence[str], drafts: Sequence[Draft]) -> _Rows:
        for key, slug, draft in zip(keys, slugs, drafts, strict=True):
            yield (
                *(
                    key,
                    draft.title,
                    slug,
                    draft.excerpt,
                    draft.body,
                    draft.text,
                    draft.author,
                    draft.category,
                ),
                *(draft.status, self._moment(draft.created_at), self._moment(draft.updated_at)),
                *(self._moment(draft.published_at), draft.score, draft.view_count),
                *(len(draft.likes), len(draft.comments), "", ""),
            )

    def _tags(self, keys: Sequence[int], drafts: Sequence[Draft]) -> _Rows:
        for key, draft in zip(keys, drafts, strict=True):
            copies = draft.listed, self._moment(draft.published_at), draft.score, draft.view_count
            for tag in draft.tags:
                yield key, tag, *copies

    def _comments(self, keys: Sequence[int], comment_keys: Sequence[int], drafts: Sequence[Draft]) -> _Rows:
        end = 0
        for key, draft in zip(keys, drafts, strict=True):
            own_keys = comment_keys[end : end + len(draft.comments)]
            end += len(own_keys)
            for own_key, remark in zip(own_keys, draft.comments, strict=True):
                parent = None if remark.parent is None else own_keys[remark.parent]
                at = self._moment(remark.created_at)
                yield own_key, key, remark.author, parent, remark.body, remark.score, at, at, "", ""

    def _likes(self, keys: Sequence[int], drafts: Sequence[Draft]) -> _Rows:
        for key, draft in zip(keys, drafts, strict=True):
            for author, at in draft.likes:
                yield key, author, self._moment(at)
