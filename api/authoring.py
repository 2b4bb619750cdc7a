"""What happens to a post when its author writes?

Each function carries out one kind of write inside the caller's transaction, under the row
lock that `post_to_change` takes: the row, what is derived from it (text, excerpt, slug) and
the counters change together or not at all. The members that come in have been checked; who
may write, and under which precondition, has been decided by the view.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, models, transaction
from rest_framework import serializers

from api.content.html import excerpt_of, plain_text
from api.content.slugs import free_slug
from api.counting import counted
from api.models import Author, Post

_COLUMNS: Final = ("title", "slug", "body", "category", "excerpt")


def post_to_change(condition: models.Q) -> Post | None:
    """Return the post that meets the condition, locked until the transaction ends.

    The lock leaves the key alone: comments, likes and tags may refer to the row meanwhile.
    SQLite has no row locks and needs none: its transactions take the one writer's lock first.
    """
    rows = Post.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(condition, deleted_at__isnull=True).first()


def create_post(author: Author, members: Mapping[str, Any]) -> Post:
    """Make a draft."""
    slug = members.get("slug")
    if slug is not None:
        _refuse_taken(slug)
    text = plain_text(members["body"])
    columns = {
        "author": author,
        "title": members["title"],
        "body": members["body"],
        "text": text,
        "excerpt": members.get("excerpt") or excerpt_of(text),
        "category": members["category"],
    }
    post = _inserted(slug, columns)
    post.tags.set(members.get("tags", ()))
    return post


def replace_post(post: Post, members: Mapping[str, Any]) -> None:
    """Give a post new content; what is left out is what a new post has, but it keeps its slug."""
    change_post(post, {"tags": (), "excerpt": "", **members})


def change_post(post: Post, members: Mapping[str, Any]) -> None:
    """Change what `members` names; an excerpt that was the body's beginning stays that."""
    if not members:
        return
    if "slug" in members:
        _refuse_taken(members["slug"], keep=post.pk)
    excerpt_is_derived = post.excerpt == excerpt_of(post.text)
    with counted(post):
        for column in _COLUMNS:
            if column in members:
                setattr(post, column, members[column])
        if "body" in members:
            post.text = plain_text(post.body)
        if not post.excerpt or (excerpt_is_derived and "excerpt" not in members):
            post.excerpt = excerpt_of(post.text)
        post.save(update_fields={*_COLUMNS, "text"})
        if "tags" in members:
            post.tags.set(members["tags"])


def publish(post: Post, published_at: datetime | None, *, now: datetime) -> None:
    """Let the public see the post from `published_at` on.

    Without a moment, one that has passed is kept, so that publishing twice, or what was
    archived, does not make an old post a new one; else it is `now`.
    """
    if published_at is None:
        published_at = post.published_at
        if published_at is None or published_at > now:
            published_at = now
    if (post.status, post.published_at) == (Post.Status.PUBLISHED, published_at):
        return
    with counted(post):
        post.status = Post.Status.PUBLISHED
        post.published_at = published_at
        post.save(update_fields={"status", "published_at"})


def archive(post: Post) -> None:
    """Take the post out of public sight and keep it for its author."""
    if post.status == Post.Status.ARCHIVED:
        return
    with counted(post):
        post.status = Post.Status.ARCHIVED
        post.save(update_fields={"status"})


def delete_post(post: Post, *, now: datetime) -> None:
    """Delete the post softly: nobody sees it any more, and its row stays."""
    with counted(post):
        post.deleted_at = now
        post.save(update_fields={"deleted_at"})


def _inserted(slug: str | None, columns: Mapping[str, Any]) -> Post:
    if slug is not None:
        return Post.objects.create(slug=slug, **columns)
    while True:
        free = free_slug(Post, columns["title"])
        try:
            with transaction.atomic():
                return Post.objects.create(slug=free, **columns)
        except IntegrityError:
            # Somebody else took the slug after we looked. Each time we lose somebody has
            # won, so this ends; anything else that the database refuses is not ours to repeat.
            if not Post.objects.filter(slug=free).exists():
                raise


def _refuse_taken(slug: str, *, keep: int = 0) -> None:
    # A deleted post keeps its slug, so that its old links never lead to another post.
    if Post.objects.filter(slug=slug).exclude(pk=keep).exists():
        raise serializers.ValidationError({"slug": ["another post has this slug"]})
