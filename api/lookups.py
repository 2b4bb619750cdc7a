"""How is a thing found by its id or slug, and what does an answer depend on if it is not?

Whoever looks by slug depends on that slug, whether somebody has it or not; whoever finds
nothing depends on what would have to change for it to be found. So a 404 is gone from every
cache as soon as the thing is there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from django.db.models import Q
from rest_framework.exceptions import NotFound

from api.models import Author, Category, Comment, Post, Tag
from caching.building import changes_at, depends_on
from caching.surrogate_keys import surrogate_key


def named(kind: str, reference: str) -> Q:
    """Return the condition for the thing with this id or slug, and depend on the answer to it."""
    if reference.isdigit():
        depends_on([f"{kind}:{reference}"])
        return Q(pk=int(reference))
    depends_on([surrogate_key(f"{kind}:slug={reference}")])
    return Q(slug=reference)


def find(kind: str, rows: Any, reference: str) -> Any:
    """Return the row, or raise `NotFound`. For kinds whose rows are all public."""
    row = rows.filter(named(kind, reference)).first()
    if row is None:
        missing(kind)
    return row


def find_post(rows: Any, reference: str, *, now: datetime) -> Post:
    """Return the post as `rows` fetches it if the public may see it, or raise `NotFound`."""
    condition = named("post", reference)
    post: Post | None = rows.published(now).filter(condition).first()
    if post is None:
        await_post(condition)
        missing("post")
    return post


def find_comment(rows: Any, primary_key: int, *, now: datetime) -> Comment:
    """Return the comment if the public may see it and its post, or raise `NotFound`."""
    depends_on([f"comment:{primary_key}"])
    post_id = Comment.objects.filter(pk=primary_key).values_list("post_id", flat=True).first()
    if post_id is None:
        missing("comment")
    depends_on([f"post:{post_id}"])
    comment: Comment | None = rows.published(now).filter(pk=primary_key).first()
    if comment is None:
        await_post(Q(pk=post_id))
        missing("comment")
    return comment


def filter_key(model: type[Author | Category | Tag], kind: str, reference: str) -> int:
    """Return the primary key of what a list is filtered by, or raise `NotFound`."""
    primary_key: int | None = (
        model.objects.filter(named(kind, reference)).values_list("pk", flat=True).first()
    )
    if primary_key is None:
        missing(kind)
    depends_on([f"{kind}:{primary_key}"])
    return primary_key


def await_post(condition: Q) -> None:
    """Depend on a post that the public may not see, and on the moment at which it may."""
    hidden = Post.objects.filter(condition).only("listed", "published_at").first()
    if hidden is not None and hidden.listed and hidden.published_at is not None:
        changes_at(hidden.published_at.timestamp())


def missing(kind: str) -> NoReturn:
    """Say that there is no such thing, or none for the public."""
    raise NotFound(f"there is no such {kind}")
