"""Which lists are measured, and where in them does a page lie?

For each filter the one with the most posts: the author, category and tag that it would be
hardest to answer for. Where a deep page begins is looked up by OFFSET, which the service
itself never does; so it is an independent witness of what the page has to show, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, QuerySet

from api import cursors, routes
from api.models import Comment, Post
from api.params import DEFAULT_LIMIT
from caching.routes import cache_key
from querysets import posts
from querysets.keyset import Order

# A filter -> the column that it selects by.
_COLUMNS: Final = {"author": "author", "category": "category", "tag": "post_tags__tag"}


@dataclass(frozen=True, slots=True)
class PostList:
    """A list of posts: a filter, the row it names, and an order; as the public sees it at `now`."""

    filter: str
    value: int | None
    ordering: str
    now: datetime
    limit: int = DEFAULT_LIMIT

    @property
    def values(self) -> dict[str, str]:
        """The parameters of its first page, those alone that are no default."""
        values = {} if self.value is None else {self.filter: str(self.value)}
        if self.limit != DEFAULT_LIMIT:
            values["limit"] = str(self.limit)
        if self.ordering != next(iter(posts.ORDERS)):
            values["ordering"] = self.ordering
        return values

    def deepest(self, wanted: int) -> int:
        """Return the wanted page's number, or that of the last full page."""
        return max(1, min(wanted, self._posts().count() // self.limit))

    def url(self, page: int = 1) -> str:
        """Return the URL of a page, as a client that has walked there was given it."""
        path, values = routes.POST_LIST.template, self.values
        if page > 1:
            before = self._sorted().values_list(*self._order.columns)[(page - 1) * self.limit - 1]
            cursor = cursors.Cursor(page, forward=True, position=tuple(before))
            values["cursor"] = cursors.encode(cursor, routes.list_context(path, values))
        return cache_key(path, values).decode("ascii")

    def ids(self, page: int) -> list[int]:
        """Return the posts that a page has to show."""
        return list(self._sorted().values_list("pk", flat=True)[self._rows_of(page)])

    def by_offset(self, page: int) -> QuerySet[Post]:
        """Return a page's rows as OFFSET finds them, with all that the list shows of them."""
        return self._sorted().optimized_for_list()[self._rows_of(page)]

    def _rows_of(self, page: int) -> slice:
        first = (page - 1) * self.limit
        return slice(first, first + self.limit)

    @property
    def _order(self) -> Order:
        return posts.ORDERS[self.ordering]

    def _posts(self) -> QuerySet[Post]:
        public = Post.objects.filter(listed=1, published_at__lte=self.now)
        return public if self.value is None else public.filter(**{_COLUMNS[self.filter]: self.value})

    def _sorted(self) -> QuerySet[Post]:
        sign = "-" if self._order.descending else ""
        return self._posts().order_by(*(f"{sign}{column}" for column in self._order.columns))


@dataclass(frozen=True, slots=True)
class SearchList:
    """The posts that contain a word, newest first.

    A page begins after a post, whether that contains the word or not; so page 100 is that after
    the posts that are on the first 99 pages of the list of all, by their ids.
    """

    word: str
    limit: int = DEFAULT_LIMIT

    @property
    def values(self) -> dict[str, str]:
        """The parameters of its first page."""
        limit = {} if self.limit == DEFAULT_LIMIT else {"limit": str(self.limit)}
        return {**limit, "search": self.word}

    def url(self, page: int = 1) -> str:
        """Return the URL of a page."""
        path, values = routes.POST_LIST.template, self.values
        if page > 1:
            newest_first = Post.objects.filter(listed=1).order_by("-pk").values_list("pk")
            position = newest_first[(page - 1) * self.limit - 1]
            cursor = cursors.Cursor(page, forward=True, position=tuple(position))
            values["cursor"] = cursors.encode(cursor, routes.list_context(path, values))
        return cache_key(path, values).decode("ascii")


def post_lists(now: datetime, *, limit: int = DEFAULT_LIMIT) -> Iterator[PostList]:
    """Yield every filter, none among them, in every order."""
    for name in ("none", *_COLUMNS):
        value = None if name == "none" else _largest(name)
        for ordering in posts.ORDERS:
            yield PostList(name, value, ordering, now, limit)


def _largest(name: str) -> int:
    column = _COLUMNS[name]
    counted = Post.objects.filter(listed=1, **{f"{column}__isnull": False}).values_list(column)
    value, _ = counted.annotate(posts=Count("pk")).order_by("-posts").first()
    return int(value)


def urls_of_every_list() -> dict[str, str]:
    """Return the first page of each list that the API has, by a name for it."""
    busiest = (
        Comment.objects.filter(listed=1).values_list("post").annotate(n=Count("pk")).order_by("-n").first()
    )
    urls = {
        f"posts, {name}": cache_key(routes.POST_LIST.template, {name: str(_largest(name))}).decode()
        for name in _COLUMNS
    }
    urls["posts"] = routes.POST_LIST.template
    if busiest is not None:
        urls["comments of a post"] = routes.POST_COMMENTS.template.format(id=busiest[0])
    for route in (routes.AUTHOR_LIST, routes.CATEGORY_LIST, routes.TAG_LIST):
        urls[route.name] = route.template
    return urls
