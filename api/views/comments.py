"""How are comments read?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api import routes
from api.lookups import find_comment, find_post
from api.models import Comment, Post
from api.openapi import describes_detail, describes_list
from api.pagination import Place
from api.serializers.comments import CommentItem
from api.views.resources import DetailView, ListView
from caching.building import depends_on
from querysets.comments import CommentQuerySet


@describes_list(routes.POST_COMMENTS, CommentItem, "List the comments on a post", tag="comments")
class PublicPostComments(ListView):
    """The comments on a public post."""

    route = routes.POST_COMMENTS
    serializer_class = CommentItem

    def rows(
        self, place: Place, fields: Sequence[str] | None, *, now: datetime, **segments: str
    ) -> CommentQuerySet:
        """Return the comments from the place on."""
        post = find_post(Post.objects.only("pk"), segments["id"], now=now)
        depends_on([f"post:{post.pk}:comments"])
        shown: CommentQuerySet = (
            Comment.objects.on_post(post.pk).listed().optimized_for_list(fields, order=place.order)
        )
        page: CommentQuerySet = shown.walk(place.order, place.position, forward=place.forward)
        return page


@describes_detail(routes.COMMENT_DETAIL, CommentItem, "Show a comment", tag="comments")
class PublicCommentDetail(DetailView):
    """One comment on a public post."""

    route = routes.COMMENT_DETAIL
    serializer_class = CommentItem

    def find(self, reference: str, fields: Sequence[str] | None, *, now: datetime) -> Comment:
        """Return the comment, or raise `NotFound`."""
        return find_comment(Comment.objects.optimized_for_detail(fields), int(reference), now=now)
