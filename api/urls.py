"""Which view answers which URL? The public reads come from the table that the front has, too."""

from __future__ import annotations

import re
from typing import Any, Final

from django.urls import URLPattern, path, register_converter

from api import representations, routes
from api.views import (
    authors,
    categories,
    comment_writes,
    documentation,
    drafts,
    health,
    likes,
    post_writes,
    posts,
    purges,
    tags,
)
from caching.routes import SEGMENTS


class _Segment:
    """A path segment as the front's routes spell it, handed to the view as text."""

    regex: str

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: Any) -> str:
        return str(value)


for _name, _regex in SEGMENTS.items():
    register_converter(type(f"{_name.title()}Segment", (_Segment,), {"regex": _regex}), _name)

# Views that write as well inherit from those that read.
READS: Final[dict[str, type[Any]]] = {
    "post-list": post_writes.PostList,
    "post-trending": posts.PublicPostTrending,
    "post-detail": post_writes.PostDetail,
    "post-comments": comment_writes.PostComments,
    "comment-detail": comment_writes.CommentDetail,
    "author-list": authors.AuthorList,
    "author-detail": authors.AuthorDetail,
    "category-list": categories.CategoryList,
    "category-detail": categories.CategoryDetail,
    "tag-list": tags.TagList,
    "tag-detail": tags.TagDetail,
}


_WRITES: Final[dict[str, type[Any]]] = {
    "/api/v1/posts/{reference}/publish/": post_writes.PostPublish,
    "/api/v1/posts/{reference}/archive/": post_writes.PostArchive,
    "/api/v1/posts/{reference}/like/": likes.PostLike,
}


def _pattern(template: str) -> str:
    """Spell a route's template as Django does.

    >>> _pattern("/api/v1/posts/{reference}/")
    'api/v1/posts/<reference:reference>/'
    """
    return re.sub(r"\{(\w+)\}", r"<\1:\1>", template).removeprefix("/")


urlpatterns: list[URLPattern] = [
    *(
        path(_pattern(route.template), READS[route.name].as_view(), name=route.name)
        for route in routes.PUBLIC_ROUTES
    ),
    *(path(_pattern(template), view.as_view()) for template, view in _WRITES.items()),
    path(_pattern(representations.DRAFTS), drafts.DraftList.as_view(), name="draft-list"),
    path(
        _pattern(representations.DRAFTS + "{reference}/"), drafts.DraftDetail.as_view(), name="draft-detail"
    ),
    path("api/v1/purges/", purges.Purges.as_view(), name="purges"),
    path("api/schema/", documentation.Schema.as_view(), name="schema"),
    path("api/docs/", documentation.Documentation.as_view(), name="documentation"),
    path("healthz/live", health.Live.as_view(), name="live"),
    path("healthz/ready", health.Ready.as_view(), name="ready"),
]
