"""Which URLs are profiled? Each public route, with the parameters that make a difference.

For a filter the row with the most posts, for comments the post with the most of them, a word
for the search that posts contain: what is hardest to answer for. Nothing here depends on how an
endpoint is answered; a level that knows no cursors gets the same page by its offset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Model, QuerySet

from api import routes
from api.models import Author, Category, Comment, Post, Tag
from api.params import DEFAULT_LIMIT, GREATEST_LIMIT
from benchmarks.lists import PostList
from caching.routes import Route, cache_key
from querysets import posts, projections
from querysets.keyset import Order
from querysets.projections import Projection

_DEEP: Final = 1000  # A page's number; the last one where there are fewer.


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL, and what its body is made of."""

    name: str
    route: Route
    model: type[Model]
    projection: Projection
    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    page: int = 1
    cursor: str | None = None
    is_same_everywhere: bool = True  # Whether all levels have to show the same rows.

    @property
    def is_list(self) -> bool:
        """Whether `limit` decides how many rows are shown."""
        return any(parameter.name == "limit" for parameter in self.route.parameters)

    @property
    def order(self) -> Order | None:
        """The order whose columns a cursor is made of, None where there is no cursor."""
        return self.route.order(self.values) if isinstance(self.route, routes.ListRoute) else None

    @property
    def url(self) -> str:
        """The URL as a client of the service asks for it."""
        cursor = {"cursor": self.cursor} if self.cursor else {}
        return cache_key(self.path, {**self.values, **cursor}).decode("ascii")

    @property
    def url_by_offset(self) -> str:
        """The URL of the same page for a level without cursors."""
        skipped = (self.page - 1) * int(self.values.get("limit", DEFAULT_LIMIT))
        values = {**self.values, "offset": str(skipped)} if self.page > 1 else self.values
        return f"{self.path}?{urlencode(values)}" if values else self.path

    def with_limit(self, limit: int) -> Endpoint:
        """Return the same with another number of rows."""
        values = {name: value for name, value in self.values.items() if name != "limit"}
        # The default is not spelled.
        return replace(self, values=values if limit == DEFAULT_LIMIT else {**values, "limit": str(limit)})


def endpoints(now: datetime) -> list[Endpoint]:
    """Return all of them, for the database that is there."""
    found = [*_post_lists(now), *_posts(), *_comments(), *_directories()]
    missing = {route.name for route in routes.PUBLIC_ROUTES} - {endpoint.route.name for endpoint in found}
    if missing:
        raise RuntimeError(f"need an endpoint for every public route, got none for {sorted(missing)}")
    return found


def _post_lists(now: datetime) -> Iterator[Endpoint]:
    def listed(name: str, page: int = 1, *, same: bool = True, **values: str) -> Endpoint:
        path = routes.POST_LIST.template
        return Endpoint(name, routes.POST_LIST, Post, projections.POST_LIST, path, values, page, None, same)

    default, *orders = posts.ORDERS
    yield listed("posts")
    for ordering in orders:
        yield listed(f"posts, {ordering}", ordering=ordering)
    for name, column in (("author", "author"), ("category", "category"), ("tag", "post_tags__tag")):
        value = _most_frequent(Post.objects.filter(listed=1), column)
        yield listed(f"posts of one {name}", **{name: str(value)})
    yield listed("posts that match a search", same=False, search=_word())
    yield listed("posts, two fields", fields="id,title")
    yield listed("posts, a hundred", limit=str(GREATEST_LIMIT))
    for ordering in (default, "-score"):
        place = PostList("none", None, ordering, now)
        page = place.deepest(_DEEP)
        if page > 1:
            cursor = place.url(page).partition("cursor=")[2].partition("&")[0]
            yield replace(listed(f"posts, {ordering}, page {page}", page, **place.values), cursor=cursor)


def _posts() -> Iterator[Endpoint]:
    post = _first(Post.objects.filter(listed=1).annotate(n=Count("tags")).order_by("-n", "id"))
    yield Endpoint(
        "trending",
        routes.POST_TRENDING,
        Post,
        projections.POST_LIST,
        routes.POST_TRENDING.template,
    )
    for name, reference in (("one post", str(post.pk)), ("one post, by slug", post.slug)):
        path = routes.POST_DETAIL.template.format(reference=reference)
        yield Endpoint(name, routes.POST_DETAIL, Post, projections.POST_DETAIL, path)


def _comments() -> Iterator[Endpoint]:
    comments = Comment.objects.filter(listed=1, post__listed=1)
    post = _most_frequent(comments, "post")
    path = routes.POST_COMMENTS.template.format(id=post)
    for name, values in (("comments", {}), ("comments, newest first", {"ordering": "-created_at"})):
        yield Endpoint(name, routes.POST_COMMENTS, Comment, projections.COMMENT, path, values)
    comment = _first(comments.filter(post=post).order_by("id"))
    path = routes.COMMENT_DETAIL.template.format(id=comment.pk)
    yield Endpoint("one comment", routes.COMMENT_DETAIL, Comment, projections.COMMENT, path)


def _directories() -> Iterator[Endpoint]:
    for model, listing, detail, shown in (
        (Author, routes.AUTHOR_LIST, routes.AUTHOR_DETAIL, projections.AUTHOR),
        (Category, routes.CATEGORY_LIST, routes.CATEGORY_DETAIL, projections.CATEGORY),
        (Tag, routes.TAG_LIST, routes.TAG_DETAIL, projections.TAG),
    ):
        plural = str(model._meta.verbose_name_plural)
        yield Endpoint(plural, listing, model, shown, listing.template)
        values = {"ordering": "-post_count"}
        yield Endpoint(f"{plural}, by posts", listing, model, shown, listing.template, values)
        path = detail.template.format(
            reference=_first(model._default_manager.order_by("-post_count", "id")).pk
        )
        yield Endpoint(f"one {model._meta.verbose_name}", detail, model, shown, path)


def _first(rows: QuerySet[Any]) -> Any:
    for row in rows[:1]:
        return row
    raise RuntimeError(
        f"need a database with something in it, got one without a {rows.model._meta.verbose_name}"
    )


def _most_frequent(rows: QuerySet[Any], column: str) -> int:
    counted = rows.filter(**{f"{column}__isnull": False}).values_list(column)
    value, _ = _first(counted.annotate(n=Count("pk")).order_by("-n", column))
    return int(value)


def _word() -> str:
    """Return the longest plain word in the title of the newest post."""
    title = _first(Post.objects.filter(listed=1).order_by("-published_at", "-id")).title
    words = [word for word in title.lower().split() if word.isascii() and word.isalpha()]
    return max(words, key=len, default="the")
