"""How would one write these views first, and how a little later?

Viewsets as DRF's tutorial has them: a queryset, a serializer, pages by limit and offset with a
count. They differ in the queryset alone: all of the rows' columns and whatever the serializer
then reaches for, or `optimized_for_list` and `optimized_for_detail`. The serializers are the
service's own, so that all levels show the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Final

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from api.models import Author, Category, Comment, Post, Tag
from api.params import DEFAULT_LIMIT, DEFAULT_TRENDING_DAYS, GREATEST_LIMIT
from api.serializers.authors import AuthorItem
from api.serializers.categories import CategoryItem
from api.serializers.comments import CommentItem
from api.serializers.posts import PostDetail, PostItem
from api.serializers.tags import TagItem

_FILTERS: Final = {"author": "author", "category": "category", "tag": "tags"}


class _Pages(LimitOffsetPagination):
    default_limit = DEFAULT_LIMIT
    max_limit = GREATEST_LIMIT


class _Plain(ReadOnlyModelViewSet):  # type: ignore[type-arg]
    """The rows of one model."""

    model: ClassVar[Any]
    order: ClassVar[str] = "name"
    is_optimized = False
    authentication_classes = ()
    pagination_class = _Pages

    def get_queryset(self) -> QuerySet[Any]:
        """Return all rows; optimized, exactly as they are shown."""
        rows = self.model.objects.all()
        if not self.is_optimized:
            return rows
        fetch = rows.optimized_for_detail if self.detail else rows.optimized_for_list
        return fetch(self._fields)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Select and sort as the parameters say."""
        column = self.request.query_params.get("ordering", self.order)
        return queryset.order_by(column, "-id" if column.startswith("-") else "id")

    def get_object(self) -> Any:
        """Return the row with this id or slug."""
        reference = next(iter(self.kwargs.values()))
        named = {"pk": reference} if reference.isdigit() else {"slug": reference}
        return get_object_or_404(self.filter_queryset(self.get_queryset()), **named)

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Return the service's serializer, for the fields that were asked for."""
        return self.get_serializer_class()(*arguments, only=self._fields, **options)

    @property
    def _fields(self) -> list[str] | None:
        asked = self.request.query_params.get("fields")
        return asked.split(",") if asked else None


class _Posts(_Plain):
    model = Post
    order = "-published_at"

    def get_serializer_class(self) -> Any:
        return PostDetail if self.detail else PostItem

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset.published(timezone.now()))
        asked = self.request.query_params
        for name, column in _FILTERS.items():
            if name in asked:
                rows = rows.filter(**{column: asked[name]})
        for word in asked.get("search", "").split():
            rows = rows.filter(Q(title__icontains=word) | Q(text__icontains=word))
        return rows

    def trending(self, request: Request) -> Response:
        """Return the best scored of the last days."""
        since = timezone.now() - timedelta(days=int(DEFAULT_TRENDING_DAYS))
        limit = int(request.query_params.get("limit", DEFAULT_LIMIT))
        rows = self.filter_queryset(self.get_queryset()).filter(published_at__gt=since)
        shown = self.get_serializer(rows.order_by("-score", "-id")[:limit], many=True).data
        return Response({"results": shown})


class _Comments(_Plain):
    model = Comment
    order = "created_at"
    serializer_class = CommentItem

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset.published(timezone.now()))
        return rows if self.detail else rows.filter(post=self.kwargs["id"])


class _Authors(_Plain):
    model = Author
    serializer_class = AuthorItem


class _Categories(_Plain):
    model = Category
    serializer_class = CategoryItem


class _Tags(_Plain):
    model = Tag
    serializer_class = TagItem


# A public route -> its viewset, the method that answers, and whether it is about one row.
_VIEWS: Final[dict[str, tuple[type[_Plain], str, bool]]] = {
    "post-list": (_Posts, "list", False),
    "post-trending": (_Posts, "trending", False),
    "post-detail": (_Posts, "retrieve", True),
    "post-comments": (_Comments, "list", False),
    "comment-detail": (_Comments, "retrieve", True),
    "author-list": (_Authors, "list", False),
    "author-detail": (_Authors, "retrieve", True),
    "category-list": (_Categories, "list", False),
    "category-detail": (_Categories, "retrieve", True),
    "tag-list": (_Tags, "list", False),
    "tag-detail": (_Tags, "retrieve", True),
}


def view(route: str, *, is_optimized: bool) -> Callable[..., Any]:
    """Return the view of a public route at one of the two levels."""
    viewset, method, is_detail = _VIEWS[route]
    made: Callable[..., Any] = viewset.as_view({"get": method}, is_optimized=is_optimized, detail=is_detail)
    return made
