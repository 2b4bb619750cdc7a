"""How are comments read?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api import routes
from api.lookups import find_comment, require_post
from api.models import Comment
from api.openapi import describes_detail, describes_list
from api.pagination import Place
from api.serializers.comments import CommentItem
from api.serializers.plain import PlainShown
from api.views.resources import DetailView, ListView
from caching.building import depends_on
from querysets.keyset import Position
from querysets.statements import Query, Row


@describes_list(routes.POST_COMMENTS, CommentItem, "List the comments on a post", tag="comments")
class PublicPostComments(ListView):
    """The comments on a public post."""

    route = routes.POST_COMMENTS
    model = Comment
    serializer_class = CommentItem

    def positions(self, place: Place, *, now: datetime, **segments: str) -> Sequence[Position]:
        """Return where the page's comments stand."""
        post_id = int(segments["id"])
        require_post(post_id, now=now)
        depends_on([f"post:{post_id}:comments"])

        def make(post: int, **position: Any) -> Any:
            comments = Comment.objects.on_post(post).listed().places(place.order)
            page = comments.walk(place.order, tuple(position.values()) or None, forward=place.forward)
            return page[: place.most]

        return Query(("comments", *place.shape), make, {"post": post_id, **place.position_values}).rows()


@describes_detail(routes.COMMENT_DETAIL, CommentItem, "Show a comment", tag="comments")
class PublicCommentDetail(DetailView):
    """One comment on a public post."""

    route = routes.COMMENT_DETAIL
    model = Comment
    serializer_class = CommentItem

    def find(self, shown: PlainShown, reference: str, *, now: datetime) -> Row:
        """Return the comment, or raise `NotFound`."""
        return find_comment(shown.rows, int(reference), now=now)
