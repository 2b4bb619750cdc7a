"""How does one write it well, without a cache? `optimized_for_list`, and pages by number or by keyset.

The keyset pages take the service's own cursors, so that they have the same URLs and links as ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import path
from django.utils import timezone
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from api.models import Post
from api.pagination import Place
from api.routes import POST_LIST
from benchmarks.ladder.views.shown import PostDetailShown, PostShown
from querysets.posts import PostQuerySet


class Numbered(PageNumberPagination):
    """Page N by COUNT and OFFSET, as DRF has it."""

    page_size = 20


class Keyset(BasePagination):
    """The rows after a cursor, by one range of an index."""

    def paginate_queryset(self, queryset: PostQuerySet, request: Request, view: Any = None) -> Sequence[Post]:
        """Return the rows of the page that the URL names."""
        del view
        values = POST_LIST.values(request.path, request.META["QUERY_STRING"].encode("latin-1"))
        place = Place.of(POST_LIST, request.path, values)
        rows = queryset.page(place.order, now=timezone.now(), position=place.position, forward=place.forward)
        self.page = place.page(list(rows[: place.most]), position_of=place.order.position_of)
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with its links."""
        return Response(self.page.document(data), headers={"Link": self.page.link})


class NumberedPosts(ListAPIView[Post]):
    """The public posts, newest first, in numbered pages."""

    serializer_class = PostShown
    pagination_class = Numbered

    def get_queryset(self) -> PostQuerySet:
        """Return what the public may see, as a list shows it."""
        posts = Post.objects.optimized_for_list().published(timezone.now())
        return posts.order_by("-published_at", "-id")


class Posts(ListAPIView[Post]):
    """The public posts, newest first, by keyset."""

    serializer_class = PostShown
    pagination_class = Keyset

    def get_queryset(self) -> PostQuerySet:
        """Return the posts as a list shows them; the page selects."""
        return Post.objects.optimized_for_list(order=next(iter(POST_LIST.orders.values())))


class PostDetail(RetrieveAPIView[Post]):
    """A public post by its id."""

    serializer_class = PostDetailShown

    def get_queryset(self) -> PostQuerySet:
        """Return what the public may see, as its own page shows it."""
        return Post.objects.optimized_for_detail().published(timezone.now())


urlpatterns = [
    path("api/v1/posts/", Posts.as_view()),
    path("api/v1/posts/<int:pk>/", PostDetail.as_view()),
    path("numbered/", NumberedPosts.as_view()),
]
