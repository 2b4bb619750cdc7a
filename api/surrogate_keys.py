"""Which change of our tables invalidates what, and what does a row that was read stand for?

Both directions in one place. `WATCHES` becomes triggers: what a write invalidates.
`collecting_rows` is the reading side: each row that a build loads adds the keys of the
columns that it loaded. A page that shows an author's name depends on `author:7`, but not
on `author:7:counts`, so a new post does not throw away every page with its author on it.

Not watched, because it may lag: `view_count` (ages out with the policy's `soft_ttl`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from django.db import models

from caching.building import depends_on
from caching.triggers.watch import Watch
from querysets.reading import observed_by

_CONTENT: Final = ("source_url", "licence")

WATCHES: Final = (
    # Posts: the row, its absence under a slug, and the lists it is a member of.
    Watch(
        "api_post",
        "post:{id}",
        (
            "title",
            "slug",
            "excerpt",
            "body",
            "listed",
            "published_at",
            "created_at",
            "updated_at",
            "author_id",
            "category_id",
            "score",
            "like_count",
            "comment_count",
            *_CONTENT,
        ),
        public_if="listed",
    ),
    Watch("api_post", "post:slug={slug}", ("listed", "published_at")),
    # What hangs on a post that the public may see, and shows nothing of it.
    Watch("api_post", "shown:post={id}", ("listed", "published_at")),
    Watch("api_post", "posts", ("published_at",), only_if="listed", ranged_by="published_at"),
    Watch(
        "api_post", "posts:author={author_id}", ("published_at",), only_if="listed", ranged_by="published_at"
    ),
    Watch(
        "api_post",
        "posts:category={category_id}",
        ("published_at",),
        only_if="listed",
        ranged_by="published_at",
    ),
    Watch("api_post", "posts:search", ("title", "text", "published_at"), only_if="listed"),
    # A tag on a post: shown by the post, and a member of the tag's list.
    Watch("api_posttag", "post:{post_id}", ("tag_id",)),
    Watch(
        "api_posttag",
        "posts:tag={tag_id}",
        ("published_at", "post_id"),
        only_if="listed",
        ranged_by="published_at",
    ),
    # Comments.
    Watch(
        "api_comment",
        "comment:{id}",
        (
            "body",
            "author_id",
            "parent_id",
            "post_id",
            "score",
            "listed",
            "created_at",
            "updated_at",
            *_CONTENT,
        ),
        public_if="listed",
    ),
    Watch("api_comment", "post:{post_id}:comments", ("created_at",), only_if="listed"),
    # Authors, categories, tags.
    Watch("api_author", "author:{id}", ("name", "slug", "source_url", "created_at")),
    Watch("api_author", "author:{id}:counts", ("post_count",)),
    Watch("api_author", "author:slug={slug}"),
    Watch("api_author", "authors", ("name",)),
    Watch(
        "api_category",
        "category:{id}",
        ("name", "slug", "description", "source_url", "created_at", "updated_at"),
    ),
    Watch("api_category", "category:{id}:counts", ("post_count",)),
    Watch("api_category", "category:slug={slug}"),
    Watch("api_category", "categories", ("name",)),
    Watch("api_tag", "tag:{id}", ("name", "slug", "created_at", "updated_at")),
    Watch("api_tag", "tag:{id}:counts", ("post_count",)),
    Watch("api_tag", "tag:slug={slug}"),
    Watch("api_tag", "tags", ("name",)),
)


@cache
def row_key_templates(model: type[models.Model], loaded: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that a row of the model stands for, given which columns of it were loaded.

    The first is the row's own and always among them: a row that vanishes matters whatever
    was shown of it.
    """
    columns = frozenset(loaded)
    mine = [watch for watch in WATCHES if watch.table == model._meta.db_table and "{id}" in watch.key]
    mine = [watch for watch in mine if watch.coarse == mine[0].coarse]
    return tuple(
        watch.key for index, watch in enumerate(mine) if index == 0 or not columns.isdisjoint(watch.columns)
    )


def keys_of_places(model: type[models.Model], column: str, primary_keys: Iterable[Any]) -> Iterator[str]:
    """Return what rows stand for by whose column a list is ordered, besides themselves, shown or not."""
    others = row_key_templates(model, (column,))[1:]
    if others:
        for primary_key in primary_keys:
            yield from (template.replace("{id}", str(primary_key)) for template in others)


def _depend_on_row(instance: models.Model, loaded: Sequence[str]) -> None:
    templates = row_key_templates(type(instance), tuple(loaded))
    depends_on([template.replace("{id}", str(instance.pk)) for template in templates])


@contextmanager
def collecting_rows() -> Iterator[None]:
    """Make the build under way depend on every row that is read inside the block."""
    with observed_by(_depend_on_row):
        yield
