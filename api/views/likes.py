"""Does the client's author like a post? PUT says yes, DELETE no, however often it is said.

The like is a resource of its own: preconditions are about it, not about the post. It has no
GET, since what anyone may read is in the post's `like_count`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from api import reactions
from api.models import Post
from api.openapi_writing import likes_post, unlikes_post
from api.representations import Representation
from api.serializers.writing import LikeState, Nothing
from api.views.post_writes import UnderPublicPost
from api.views.writing import checked


class PostLike(UnderPublicPost):
    """Likes a post and unlikes it."""

    @likes_post
    def put(self, request: Request, reference: str) -> Response:
        """Like a post."""
        with self._changing(request, reference) as post:
            reactions.like(post, self.author)
            return Response(self._state(post))

    @unlikes_post
    def delete(self, request: Request, reference: str) -> Response:
        """Like a post no longer."""
        with self._changing(request, reference) as post:
            reactions.unlike(post, self.author)
            return Response(self._state(post))

    @contextmanager
    def _changing(self, request: Request, reference: str) -> Iterator[Post]:
        with transaction.atomic():
            post = self.public_post(reference)
            # No ETag of a like is ever sent, so all that can be asked is whether there is one.
            self.check_preconditions(lambda: self._like_of(post))
            checked(Nothing, request)
            yield post

    def _like_of(self, post: Post) -> Representation | None:
        return Representation(b"", self.request.path) if reactions.likes(post, self.author) else None

    def _state(self, post: Post) -> dict[str, Any]:
        like_count = Post.objects.values_list("like_count", flat=True).get(pk=post.pk)
        return LikeState({"liked": reactions.likes(post, self.author), "like_count": like_count}).data
