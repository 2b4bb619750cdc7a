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
from querysets.plain import PlainRows
from querysets.statements import Query, Row


def named(kind: str, reference: str) -> Q:
    """Return the condition for the thing with this id or slug, and depend on the answer to it."""
    if reference.isdigit():
        depends_on([f"{kind}:{reference}"])
        return Q(pk=int(reference))
    depends_on([surrogate_key(f"{kind}:slug={reference}")])
    return Q(slug=reference)


def find(kind: str, rows: PlainRows, reference: str) -> Row:
    """Return the row, or raise `NotFound`. For kinds whose rows are all public."""
    found = rows.read(_named(rows.model, kind, reference))
    return found[0] if found else missing(kind)


def find_post(rows: PlainRows, reference: str, *, now: datetime) -> Row:
    """Return the post as `rows` reads it if the public may see it, or raise `NotFound`."""
    named_so = _named(rows.model, "post", reference)

    def make(now: datetime, **values: Any) -> Any:
        return named_so.make(**values).published(now)

    found = rows.read(Query((*named_so.shape, "public"), make, {**named_so.values, "now": now}))
    if not found:
        await_post(named("post", reference))
        missing("post")
    return found[0]


def require_post(primary_key: int, *, now: datetime) -> None:
    """Raise `NotFound` unless the public may see the post; depend on that, and on nothing else of it."""
    depends_on([f"shown:post={primary_key}"])

    def make(post: int, now: datetime) -> Any:
        return Post.objects.filter(pk=post).published(now).values_list("pk")

    if not Query(("required post",), make, {"post": primary_key, "now": now}).rows():
        await_post(Q(pk=primary_key))
        missing("post")


def find_comment(rows: PlainRows, primary_key: int, *, now: datetime) -> Row:
    """Return the comment if the public may see it and its post, or raise `NotFound`."""
    depends_on([f"comment:{primary_key}"])
    post_id = Comment.objects.filter(pk=primary_key).values_list("post_id", flat=True).first()
    if post_id is None:
        missing("comment")
    depends_on([f"shown:post={post_id}"])

    def make(comment: int, now: datetime) -> Any:
        return Comment.objects.published(now).filter(pk=comment)

    found = rows.read(Query(("public comment",), make, {"comment": primary_key, "now": now}))
    if not found:
        await_post(Q(pk=post_id))
        missing("comment")
    return found[0]


def filter_key(model: type[Author | Category | Tag], kind: str, reference: str) -> int:
    """Return the primary key of what a list is filtered by, or raise `NotFound`."""
    by = _named(model, kind, reference)
    found = Query((*by.shape, "key"), lambda **values: by.make(**values).values_list("pk"), by.values).rows()
    if not found:
        missing(kind)
    primary_key: int = found[0][0]
    depends_on([f"{kind}:{primary_key}"])
    return primary_key


def _named(model: Any, kind: str, reference: str) -> Query:
    """Return the query for the thing with this id or slug, and depend on the answer to it."""
    condition: Any = named(kind, reference).children[0]
    column, value = condition

    def make(**values: Any) -> Any:
        return model._default_manager.filter(**values)

    return Query((model, column), make, {column: value})


def await_post(condition: Q) -> None:
    """Depend on a post that the public may not see, and on the moment at which it may."""
    hidden = Post.objects.filter(condition).only("listed", "published_at").first()
    if hidden is not None and hidden.listed and hidden.published_at is not None:
        changes_at(hidden.published_at.timestamp())


def missing(kind: str) -> NoReturn:
    """Say that there is no such thing, or none for the public."""
    raise NotFound(f"there is no such {kind}")
