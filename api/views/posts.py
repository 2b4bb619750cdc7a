"""How are posts read?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rest_framework.response import Response

from api import routes
from api.lookups import filter_key, find_post
from api.models import Author, Category, Post, Tag
from api.openapi import describes_detail, describes_list
from api.pagination import Place
from api.params import DEFAULT_LIMIT, DEFAULT_TRENDING_DAYS
from api.serializers.posts import PostDetail as PostDetailSerializer
from api.serializers.posts import PostItem
from api.views.public import PublicView, fields_asked
from api.views.resources import DetailView, ListView
from caching.building import changes_at, depends_on
from querysets.posts import PostQuerySet

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
    serializer_class = PostItem

    def rows(
        self, place: Place, fields: Sequence[str] | None, *, now: datetime, **segments: str
    ) -> PostQuerySet:
        """Return the posts from the place on."""
        del segments
        if "search" in place.values:
            return _found(place, fields, now=now)
        posts = _filtered(place.values)
        changes_with_schedule(posts, now=now)
        shown = posts.optimized_for_list(fields, order=place.order)
        return shown.page(place.order, now=now, position=place.position, forward=place.forward)


@describes_list(routes.POST_TRENDING, PostItem, "List trending posts", tag="posts")
class PublicPostTrending(PublicView):
    """The best scored of the posts of the last days; a selection without pages."""

    route = routes.POST_TRENDING

    def respond(self, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return the posts."""
        del segments
        depends_on(["posts"])
        posts = Post.objects.all()
        changes_with_schedule(posts, now=now)
        fields = fields_asked(values)
        days, limit = int(values.get("days", DEFAULT_TRENDING_DAYS)), int(values.get("limit", DEFAULT_LIMIT))
        shown = posts.optimized_for_list(fields).trending(days, now=now)[:limit]
        return Response(
            {"next": None, "previous": None, "results": PostItem(shown, many=True, only=fields).data}
        )


@describes_detail(routes.POST_DETAIL, PostDetailSerializer, "Show a post", tag="posts")
class PublicPostDetail(DetailView):
    """One public post, by id or slug."""

    route = routes.POST_DETAIL
    serializer_class = PostDetailSerializer

    def find(self, reference: str, fields: Sequence[str] | None, *, now: datetime) -> Post:
        """Return the post, or raise `NotFound`."""
        return find_post(Post.objects.optimized_for_detail(fields), reference, now=now)


def changes_with_schedule(posts: PostQuerySet, *, now: datetime) -> None:
    """Say when the next of these posts becomes public by itself."""
    upcoming = posts.next_scheduled(now)
    changes_at(upcoming.timestamp() if upcoming else None)


def _filtered(values: Mapping[str, str]) -> PostQuerySet:
    posts: PostQuerySet = Post.objects.all()
    for name, (model, select) in _FILTERS.items():
        if name in values:
            primary_key = filter_key(model, name, values[name])
            depends_on([f"posts:{name}={primary_key}"])
            return select(posts, primary_key)
    depends_on(["posts"])
    return posts


def _found(place: Place, fields: Sequence[str] | None, *, now: datetime) -> PostQuerySet:
    depends_on(["posts:search"])
    posts: PostQuerySet = Post.objects.all()
    changes_with_schedule(posts, now=now)
    return posts.optimized_for_list(fields, order=place.order).matching(
        place.values["search"].split(" "),
        now=now,
        limit=place.limit + 1,
        position=place.position,
        forward=place.forward,
    )
