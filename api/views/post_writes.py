"""How is a post written, published, archived and deleted?

Each handler is one transaction around the row's lock; see `api.views.writing` for the order
of the checks. How posts are read is in `api.views.posts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from api import authoring
from api.lookups import missing, named
from api.models import Post
from api.openapi_writing import (
    archives_post,
    changes_post,
    creates_post,
    deletes_post,
    publishes_post,
    replaces_post,
)
from api.permissions import may_change
from api.representations import Standing, post_representation, standing_of
from api.serializers.writing import Nothing, PostChange, PostCreate, PostReplace, Publication
from api.views import posts as reading
from api.views.writing import Writing, checked, done, list_as_read, represented


class PostList(Writing, reading.PublicPostList):
    """The public posts, and the way to make a new one."""

    needs_author = True

    @creates_post
    def post(self, request: Request) -> HttpResponse:
        """Make a draft."""
        with transaction.atomic():
            self.check_preconditions(lambda: list_as_read(self))
            post = authoring.create_post(self.author, checked(PostCreate, request))
            created = post_representation(post, now=self.now)
        return represented(created, status=201)


class UnderPublicPost(Writing):
    """Adds to what the public sees under a post, in somebody's name."""

    needs_author = True

    def public_post(self, reference: str) -> Post:
        """Return the post, locked until the transaction ends."""
        post = authoring.post_to_change(named("post", reference))
        if post is None or standing_of(post, now=self.now) is not Standing.PUBLIC:
            missing("post")
        return post


class WritesToPost(Writing):
    """What views that change one post share."""

    @contextmanager
    def changing(self, reference: str) -> Iterator[Post]:
        """Let the block change the post, in a transaction and under the row's lock."""
        with transaction.atomic():
            post = authoring.post_to_change(named("post", reference))
            # Whoever may not see a post must not learn from a 403 that it exists.
            if post is None or not self._is_seen(post):
                missing("post")
            self.check_object_permissions(self.request, post)
            if self.request.method != "POST":
                self.require_if_match()
            self.check_preconditions(lambda: post_representation(post, now=self.now), post.updated_at)
            yield post

    def shown(self, post: Post) -> HttpResponse:
        """Answer with the post as it is now."""
        return represented(post_representation(post, now=self.now))

    def _is_seen(self, post: Post) -> bool:
        return standing_of(post, now=self.now) is Standing.PUBLIC or may_change(self.request.user, post)


class PostDetail(WritesToPost, reading.PublicPostDetail):
    """One post: read by everyone if it is public, changed by its author."""

    @replaces_post
    def put(self, request: Request, reference: str) -> HttpResponse:
        """Give a post new content."""
        with self.changing(reference) as post:
            authoring.replace_post(post, checked(PostReplace, request))
            return self.shown(post)

    @changes_post
    def patch(self, request: Request, reference: str) -> HttpResponse:
        """Change some of a post."""
        with self.changing(reference) as post:
            authoring.change_post(post, checked(PostChange, request))
            return self.shown(post)

    @deletes_post
    def delete(self, request: Request, reference: str) -> HttpResponse:
        """Delete a post."""
        with self.changing(reference) as post:
            checked(Nothing, request)
            authoring.delete_post(post, now=self.now)
            return done()


class PostPublish(WritesToPost):
    """Lets the public see a post."""

    @publishes_post
    def post(self, request: Request, reference: str) -> HttpResponse:
        """Publish a post, now or at a moment to come."""
        with self.changing(reference) as post:
            published_at = checked(Publication, request).get("published_at")
            authoring.publish(post, published_at, now=self.now)
            return self.shown(post)


class PostArchive(WritesToPost):
    """Takes a post out of public sight."""

    @archives_post
    def post(self, request: Request, reference: str) -> HttpResponse:
        """Archive a post."""
        with self.changing(reference) as post:
            checked(Nothing, request)
            authoring.archive(post)
            return self.shown(post)
