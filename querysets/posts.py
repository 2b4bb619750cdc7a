"""What does each endpoint fetch of posts?

The public sees a post that is `listed`, from `published_at` on. A list is one range of one
index, whatever the filter and order; for the posts of a tag that index is on `PostTag`,
which carries copies of the columns that we order by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.db.models import F, Q, Value
from django.db.models.lookups import LessThanOrEqual

from querysets.keyset import NEWEST_FIRST, Order, Position, unindexed
from querysets.projections import POST_DETAIL, POST_LIST
from querysets.resources import ResourceQuerySet
from querysets.search import matching

ORDERS: Final[Mapping[str, Order]] = {
    "-published_at": Order("published_at", datetime, descending=True),
    "published_at": Order("published_at", datetime),
    "-score": Order("score", descending=True),
    "score": Order("score"),
    "-view_count": Order("view_count", descending=True),
    "view_count": Order("view_count"),
}

_BY_DATE: Final = Order("published_at", datetime)

# A column that the posts of a tag are selected or ordered by -> the copy's name in the query.
_COPIES: Final = {
    "id": "copied_id",
    "listed": "copied_listed",
    "published_at": "copied_published_at",
    "score": "copied_score",
    "view_count": "copied_view_count",
}


class PostQuerySet(ResourceQuerySet):
    """Posts, as the endpoints need them."""

    def published(self, now: datetime) -> Self:
        """Return what the public may see at `now`."""
        return self._listed().filter(self._due(now))

    def drafts(self) -> Self:
        """Return what nobody but its author may see."""
        return self.filter(status="draft", deleted_at__isnull=True)

    def by_author(self, author: Any) -> Self:
        """Return the posts of an author, given as a row or a primary key."""
        return self.filter(author=author)

    def in_category(self, category: Any) -> Self:
        """Return the posts in a category, given as a row or a primary key."""
        return self.filter(category=category)

    def tagged(self, tag: Any) -> Self:
        """Return the posts that carry a tag, given as a row or a primary key."""
        copies = {
            copy: F(f"post_tags__{'post_id' if name == 'id' else name}") for name, copy in _COPIES.items()
        }
        return self.filter(post_tags__tag=tag).alias(**copies)

    def trending(self, days: int, *, now: datetime) -> Self:
        """Return the posts of the last `days` days, the best scored first.

        Sorted by hand: walking the index on scores until enough of them are recent could
        mean walking all of it.
        """
        since = now - timedelta(days=days)
        recent = self.published(now).filter(**{f"{self._spelled('published_at')}__gt": since})
        return recent.order_by(unindexed("score").desc(), "-id")

    def with_stats(self) -> Self:
        """Annotate with the counters' true values: `likes_counted`, `comments_counted`."""
        return self._with_counted(likes_counted="likes", comments_counted="comments")

    def page(
        self,
        order: Order,
        *,
        now: datetime,
        position: Position | None = None,
        forward: bool = True,
    ) -> Self:
        """Return what the public may see at `now`, after `position` in the order."""
        rows = self._listed()
        by_date = order.column == "published_at"
        if position is None or not by_date or order.descending != forward:
            # Beside a position the index is entered by that alone: a second bound on the
            # column would only compete with it.
            rows = rows.filter(self._due(now, indexed=by_date and position is None))
        # Else all that follows lies before a post that was due already.
        return rows.walk(order, position, forward=forward)

    def matching(
        self,
        words: Sequence[str],
        *,
        now: datetime,
        limit: int,
        position: Position | None = None,
        forward: bool = True,
    ) -> Self:
        """Return at most `limit` public posts that contain all the words, newest first, after `position`."""
        down = NEWEST_FIRST.descending == forward
        found = matching(
            words, now=now, limit=limit, beyond=position[0] if position else None, down=down, using=self.db
        )
        return self.filter(pk__in=found).order_by("-id" if down else "id")

    def scheduled(self, now: datetime) -> Self:
        """Return the posts that the public will see without any further write, the next one first."""
        published_at = self._spelled("published_at")
        return self._listed().filter(**{f"{published_at}__gt": now}).order_by(published_at)

    def upcoming(self, now: datetime) -> Self:
        """Return, in one row if any, when the next of these posts becomes public by itself."""
        return self.scheduled(now).places(_BY_DATE)[:1]

    def optimized_for_list(
        self, fields: Collection[str] | None = None, *, order: Order | None = None
    ) -> Self:
        """Fetch what a list shows of each post, and its position in `order`."""
        return self._fetching(POST_LIST, fields, order)

    def optimized_for_detail(self, fields: Collection[str] | None = None) -> Self:
        """Fetch what a post's own page shows."""
        return self._fetching(POST_DETAIL, fields, None)

    def _listed(self) -> Self:
        return self.filter(**{self._spelled("listed"): 1})

    def _due(self, now: datetime, *, indexed: bool = True) -> Q:
        column = self._spelled("published_at")
        if indexed:
            return Q(**{f"{column}__lte": now})
        return Q(LessThanOrEqual(unindexed(column), Value(now)))

    def _spelled(self, column: str) -> str:
        copy = _COPIES.get(column, column)
        return copy if copy in self.query.annotations else column
