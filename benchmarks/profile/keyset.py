"""And how, once pages begin at a position instead of an offset?

The same querysets, serializers and framework as one level before; but a page is entered by an index,
however deep it lies, and nothing is counted. Lists alone have pages: what shows one thing, or
a selection, is no different at this level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import routes
from api.models import Author, Category, Comment, Post, Tag
from api.pagination import Place
from api.serializers.authors import AuthorItem
from api.serializers.categories import CategoryItem
from api.serializers.comments import CommentItem
from api.serializers.posts import PostItem
from api.serializers.tags import TagItem
from querysets.posts import PostQuerySet

PREFIX: Final = "/keyset"  # Of the URLs, before what the service has as well.

_FILTERS: Final = {
    "author": PostQuerySet.by_author,
    "category": PostQuerySet.in_category,
    "tag": PostQuerySet.tagged,
}


class _List(APIView):
    authentication_classes = ()
    route: ClassVar[routes.ListRoute]
    model: ClassVar[Any]
    serializer_class: ClassVar[Any]

    def get(self, request: Request, **segments: str) -> Response:
        """Return a page."""
        path = request.path.removeprefix(PREFIX)
        values = self.route.values(path, request.META["QUERY_STRING"].encode("ascii"))
        place = Place.of(self.route, path, values)
        fields = values["fields"].split(",") if "fields" in values else None
        found = list(self.rows(place, fields, **segments)[: place.most])
        page = place.page(found, position_of=place.order.position_of)
        shown = self.serializer_class(page.rows, many=True, only=fields).data
        return Response(page.document(shown), headers={"Link": page.link})

    def rows(self, place: Place, fields: Sequence[str] | None, **segments: str) -> Any:
        """Return the rows from the place on."""
        del segments
        rows = self.model.objects.optimized_for_list(fields, order=place.order)
        return rows.walk(place.order, place.position, forward=place.forward)


class _Posts(_List):
    route, model, serializer_class = routes.POST_LIST, Post, PostItem

    def rows(self, place: Place, fields: Sequence[str] | None, **segments: str) -> Any:
        del segments
        now, posts = timezone.now(), Post.objects.all()
        for name, select in _FILTERS.items():
            if name in place.values:
                posts = select(posts, int(place.values[name]))
        shown = posts.optimized_for_list(fields, order=place.order)
        if "search" in place.values:
            words = place.values["search"].split(" ")
            return shown.matching(words, now=now, limit=place.most, position=place.position)
        return shown.page(place.order, now=now, position=place.position, forward=place.forward)


class _Comments(_List):
    route, model, serializer_class = routes.POST_COMMENTS, Comment, CommentItem

    def rows(self, place: Place, fields: Sequence[str] | None, **segments: str) -> Any:
        rows = Comment.objects.published(timezone.now()).on_post(int(segments["id"]))
        shown = rows.optimized_for_list(fields, order=place.order)
        return shown.walk(place.order, place.position, forward=place.forward)


class _Authors(_List):
    route, model, serializer_class = routes.AUTHOR_LIST, Author, AuthorItem


class _Categories(_List):
    route, model, serializer_class = routes.CATEGORY_LIST, Category, CategoryItem


class _Tags(_List):
    route, model, serializer_class = routes.TAG_LIST, Tag, TagItem


VIEWS: Final[Mapping[str, type[_List]]] = {
    view.route.name: view for view in (_Posts, _Comments, _Authors, _Categories, _Tags)
}
