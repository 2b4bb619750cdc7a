"""What happens to a post when somebody answers or likes it?

Like `api.authoring`, for comments and likes: each function works inside the caller's
transaction, and the counters of the post change with the rows that they count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from api.counting import add_comments, add_likes
from api.models import Author, Comment, Like, Post


def comment_to_change(pk: int) -> Comment | None:
    """Return the comment, locked until the transaction ends."""
    rows = Comment.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(pk=pk, deleted_at__isnull=True).first()


def create_comment(post: Post, author: Author, members: Mapping[str, Any]) -> Comment:
    """Answer the post, or a comment that the public sees under it."""
    parent_id = members.get("parent")
    if parent_id is not None and not Comment.objects.filter(pk=parent_id, post=post, listed=1).exists():
        raise serializers.ValidationError({"parent": [f"this post has no comment {parent_id}"]})
    comment = Comment.objects.create(post=post, author=author, parent_id=parent_id, body=members["body"])
    add_comments(post.pk, 1)
    return comment


def change_comment(comment: Comment, members: Mapping[str, Any]) -> None:
    """Give a comment a new body, if there is one."""
    if members:
        comment.body = members["body"]
        comment.save(update_fields={"body"})


def delete_comment(comment: Comment, *, now: datetime) -> None:
    """Delete a comment softly; what answers it stays."""
    comment.deleted_at = now
    comment.save(update_fields={"deleted_at"})
    add_comments(comment.post_id, -1)


def likes(post: Post, author: Author) -> bool:
    """Tell whether the author likes the post."""
    return Like.objects.filter(post=post, author=author).exists()


def like(post: Post, author: Author) -> None:
    """Let the author like the post; a second time changes nothing."""
    _, is_new = Like.objects.get_or_create(post=post, author=author)
    if is_new:
        add_likes(post.pk, 1)


def unlike(post: Post, author: Author) -> None:
    """Let the author like the post no longer."""
    deleted, _ = Like.objects.filter(post=post, author=author).delete()
    if deleted:
        add_likes(post.pk, -1)
