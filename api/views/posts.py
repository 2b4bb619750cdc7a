"""How are posts read?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from rest_framework.response import Response

from api import routes
from api.fragments import shown_rows
from api.lookups import filter_key, find_post
from api.models import Author, Category, Post, Tag
from api.openapi import describes_detail, describes_list
from api.pagination import Place
from api.params import DEFAULT_LIMIT, DEFAULT_TRENDING_DAYS
from api.serializers.plain import PlainShown, plain_shown
from api.serializers.posts import PostDetail as PostDetailSerializer
from api.serializers.posts import PostItem
from api.views.public import PublicView, fields_asked
from api.views.resources import DetailView, ListView
from caching.building import changes_at, depends_on
from caching.ranges import range_keys
from querysets.keyset import Position
from querysets.posts import PostQuerySet
from querysets.statements import Query, Row

# A filter of the list -> the rows it is about, and the posts of one of them.
_FILTERS: Final[
    Mapping[str, tuple[type[Author | Category | Tag], Callable[[PostQuerySet, int], PostQuerySet]]]
] = {
    "author": (Author, PostQuerySet.by_author),
    "category": (Category, PostQuerySet.in_category),
    "tag": (Tag, PostQuerySet.tagged),
}


@describes_list(routes.POST_LIST, PostItem, "List posts", tag="posts")
class PublicPostList(ListView):
    """The public posts; of one author, category or tag, or those that contain some words."""

    route = routes.POST_LIST
    model = Post
    serializer_class = PostItem

    def positions(self, place: Place, *, now: datetime, **segments: str) -> Sequence[Position]:
        """Return where the page's posts stand."""
        del segments
        listed = _searched(place, now=now) if "search" in place.values else _selected(place, now=now)
        found = listed.query.rows()
        by_date = place.order.column == "published_at"
        extent = place.extent(found) if by_date else None
        depends_on([listed.collection] if extent is None else range_keys(listed.collection, *extent))
        # Who becomes public by himself is the newest, so he is on the page that has an end open to him.
        if not by_date or place.would_show_greatest(found):
            changes_with_schedule(listed.posts, now=now)
        return found


@describes_list(routes.POST_TRENDING, PostItem, "List trending posts", tag="posts")
class PublicPostTrending(PublicView):
    """The best scored of the posts of the last days; a selection without pages."""

    route = routes.POST_TRENDING

    def respond(self, path: str, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return the posts."""
        del path, segments
        depends_on(["posts"])
        changes_with_schedule(_ALL, now=now)
        days, limit = int(values.get("days", DEFAULT_TRENDING_DAYS)), int(values.get("limit", DEFAULT_LIMIT))
        chosen = Post.objects.trending(days, now=now).values_list("pk", flat=True)[:limit]
        shown = plain_shown(PostItem, Post, fields_asked(values))
        return Response({"next": None, "previous": None, "results": shown_rows(shown, list(chosen))})


@describes_detail(routes.POST_DETAIL, PostDetailSerializer, "Show a post", tag="posts")
class PublicPostDetail(DetailView):
    """One public post, by id or slug."""

    route = routes.POST_DETAIL
    model = Post
    serializer_class = PostDetailSerializer

    def find(self, shown: PlainShown, reference: str, *, now: datetime) -> Row:
        """Return the post, or raise `NotFound`."""
        return find_post(shown.rows, reference, now=now)


@dataclass(frozen=True, slots=True)
class _Posts:
    """The posts of a list: what to call the choice, how it is made, and by whom."""

    name: str | None
    select: Callable[[int | None], PostQuerySet]
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list: its surrogate key, the posts that may be on it, and the query for a page."""

    collection: str
    posts: _Posts
    query: Query


def changes_with_schedule(posts: _Posts, *, now: datetime) -> None:
    """Say when the next of these posts becomes public by itself."""

    def make(now: datetime, owner: int | None = None) -> Any:
        return posts.select(owner).upcoming(now)

    for upcoming, _ in Query(("upcoming", posts.name), make, {"now": now, **posts.values}).rows():
        changes_at(upcoming.timestamp())


def _all(owner: int | None = None) -> PostQuerySet:
    del owner
    posts: PostQuerySet = Post.objects.all()
    return posts


_ALL: Final = _Posts(None, _all, {})


def _selected(place: Place, *, now: datetime) -> _Listed:
    """Return the list of all posts, or of those of one author, category or tag."""
    collection, posts = "posts", _ALL
    for name, (model, select) in _FILTERS.items():
        if name in place.values:
            primary_key = filter_key(model, name, place.values[name])
            collection = f"posts:{name}={primary_key}"
            posts = _Posts(name, partial(select, Post.objects.all()), {"owner": primary_key})

    def make(now: datetime, owner: int | None = None, **position: Any) -> Any:
        chosen = posts.select(owner).places(place.order)
        beyond = tuple(position.values()) or None
        return chosen.page(place.order, now=now, position=beyond, forward=place.forward)[: place.most]

    values = {"now": now, **posts.values, **place.position_values}
    return _Listed(collection, posts, Query(("posts", posts.name, *place.shape), make, values))


def _searched(place: Place, *, now: datetime) -> _Listed:
    found = (
        _all()
        .places(place.order)
        .matching(
            place.values["search"].split(" "),
            now=now,
            limit=place.most,
            position=place.position,
            forward=place.forward,
        )
    )
    return _Listed("posts:search", _ALL, Query.of(found))
