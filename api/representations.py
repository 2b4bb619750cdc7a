"""How does a post or comment look right after a write, to whoever may read it now?

What the public may see is shown as the public sees it, byte for byte, so that the ETag of a
write's answer is that of the next read. What it may not see yet, or no longer, has a private
representation under `/api/v1/drafts/`: the same members, and where the post stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from api.models import Comment, Post
from api.renderers import render
from api.routes import COMMENT_DETAIL, POST_DETAIL, PREFIX, url_of
from api.serializers.comments import CommentItem
from api.serializers.drafts import Draft
from api.serializers.posts import PostDetail

DRAFTS: Final = f"{PREFIX}/drafts/"


class Standing(StrEnum):
    """Where a post stands for the public."""

    PUBLIC = "public"
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Representation:
    """The bytes of a thing, and the URL at which a GET gives them."""

    body: bytes
    location: str


def standing_of(post: Post, *, now: datetime) -> Standing:
    """Return where a post stands that is not deleted."""
    if post.status == Post.Status.ARCHIVED:
        return Standing.ARCHIVED
    if post.status != Post.Status.PUBLISHED or post.published_at is None:
        return Standing.DRAFT
    return Standing.PUBLIC if post.published_at <= now else Standing.SCHEDULED


def post_representation(post: Post, *, now: datetime) -> Representation:
    """Return how the post looks at `now`, read afresh: a write may have changed anything it shows."""
    standing = standing_of(post, now=now)
    row = Post.objects.optimized_for_detail().get(pk=post.pk)
    if standing is Standing.PUBLIC:
        return Representation(render(PostDetail(row).data), url_of(POST_DETAIL, post.pk))
    row.status = standing.value
    return Representation(render(Draft(row).data), f"{DRAFTS}{post.pk}/")


def comment_representation(comment: Comment) -> Representation:
    """Return how the comment looks, read afresh."""
    shown = CommentItem(Comment.objects.optimized_for_detail().get(pk=comment.pk)).data
    return Representation(render(shown), url_of(COMMENT_DETAIL, comment.pk))
