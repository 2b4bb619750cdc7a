"""Rows for tests: each factory fills in all that a test does not care about.

Slugs are unique by a counter, posts are published, each a minute after the one before,
and all of it lies in the past. A name or moment that matters to a test is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model

from api.models import Author, Category, Comment, Like, Post, PostTag, Tag

FIRST_MOMENT = datetime(2024, 1, 1, 12, tzinfo=UTC)

_numbers = count(1)


def make_user(**overrides: Any) -> Any:
    """Make a user who may log in, but owns nothing."""
    number = next(_numbers)
    return get_user_model().objects.create_user(
        **{"username": f"user{number}", "password": "secret", **overrides}
    )


def make_author(**overrides: Any) -> Author:
    """Make an author without a user."""
    number = next(_numbers)
    return Author.objects.create(**{"name": f"Author {number}", "slug": f"author-{number}", **overrides})


def make_category(**overrides: Any) -> Category:
    """Make an empty category."""
    number = next(_numbers)
    return Category.objects.create(
        **{"name": f"Category {number}", "slug": f"category-{number}", **overrides}
    )


def make_tag(**overrides: Any) -> Tag:
    """Make a tag that no post carries."""
    number = next(_numbers)
    return Tag.objects.create(**{"name": f"tag {number}", "slug": f"tag-{number}", **overrides})


def make_post(*, tags: Sequence[Tag] = (), **overrides: Any) -> Post:
    """Make a published post, with an author and a category of its own unless they are given."""
    number = next(_numbers)
    columns = {
        "title": f"Post {number}",
        "slug": f"post-{number}",
        "excerpt": f"Excerpt {number}.",
        "body": f"<p>Body {number}.</p>",
        "text": f"Body {number}.",
        "status": Post.Status.PUBLISHED,
        "published_at": FIRST_MOMENT + timedelta(minutes=number),
        **overrides,
    }
    if "author" not in columns and "author_id" not in columns:
        columns["author"] = make_author()
    if "category" not in columns and "category_id" not in columns:
        columns["category"] = make_category()
    post = Post.objects.create(**columns)
    PostTag.objects.bulk_create(PostTag(post=post, tag=tag) for tag in tags)
    return post


def make_comment(**overrides: Any) -> Comment:
    """Make a comment, on a post of its own unless one is given."""
    number = next(_numbers)
    columns = {
        "body": f"<p>Comment {number}.</p>",
        "created_at": FIRST_MOMENT + timedelta(minutes=number),
        **overrides,
    }
    if "post" not in columns and "post_id" not in columns:
        columns["post"] = make_post()
    if "author" not in columns and "author_id" not in columns:
        columns["author"] = make_author()
    return Comment.objects.create(**columns)


def make_like(**overrides: Any) -> Like:
    """Let an author like a post; both are made unless they are given."""
    return Like.objects.create(
        **{
            "post": overrides.get("post") or make_post(),
            "author": overrides.get("author") or make_author(),
            **overrides,
        }
    )
