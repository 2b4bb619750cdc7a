"""How is a comment written, changed and deleted?

Only what the public sees can be answered, and a comment goes out of sight with its post.
How comments are read is in `api.views.comments`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from api import reactions
from api.lookups import missing
from api.models import Comment, Post
from api.openapi_writing import changes_comment, creates_comment, deletes_comment, replaces_comment
from api.representations import comment_representation
from api.serializers.writing import CommentChange, CommentCreate, CommentReplace, Nothing
from api.views import comments as reading
from api.views.post_writes import UnderPublicPost
from api.views.writing import Writing, checked, done, list_as_read, represented


class PostComments(UnderPublicPost, reading.PublicPostComments):
    """The comments on a public post, and the way to make a new one."""

    @creates_comment
    def post(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the name in the route.
        """Answer a post, or a comment on it."""
        with transaction.atomic():
            post = self.public_post(id)
            self.check_preconditions(lambda: list_as_read(self, id=id))
            comment = reactions.create_comment(post, self.author, checked(CommentCreate, request))
            return represented(comment_representation(comment), status=201)


class CommentDetail(Writing, reading.PublicCommentDetail):
    """One comment: read by everyone, changed by its author."""

    @contextmanager
    def changing(self, pk: str) -> Iterator[Comment]:
        """Let the block change the comment, in a transaction and under the row's lock."""
        with transaction.atomic():
            comment = reactions.comment_to_change(int(pk))
            if comment is None or not Post.objects.published(self.now).filter(pk=comment.post_id).exists():
                missing("comment")
            self.check_object_permissions(self.request, comment)
            self.require_if_match()
            self.check_preconditions(lambda: comment_representation(comment), comment.updated_at)
            yield comment

    @replaces_comment
    def put(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the name in the route.
        """Give a comment a new body."""
        with self.changing(id) as comment:
            reactions.change_comment(comment, checked(CommentReplace, request))
            return represented(comment_representation(comment))

    @changes_comment
    def patch(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the name in the route.
        """Change some of a comment."""
        with self.changing(id) as comment:
            reactions.change_comment(comment, checked(CommentChange, request))
            return represented(comment_representation(comment))

    @deletes_comment
    def delete(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the name in the route.
        """Delete a comment."""
        with self.changing(id) as comment:
            checked(Nothing, request)
            reactions.delete_comment(comment, now=self.now)
            return done()
