"""Which columns does each field of a representation need?

A projection maps each field that a serializer shows, in its order, to the columns that have
to be fetched for it; `author__name` is a column of a related row. `optimized_for_list` and
`optimized_for_detail` fetch exactly these, and the serializers declare exactly these fields,
so what is shown and what is fetched cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

Projection = Mapping[str, tuple[str, ...]]


def _of(relation: str, columns: Collection[str]) -> tuple[str, ...]:
    return tuple(f"{relation}__{column}" for column in columns)


# How a row is shown where another one mentions it.
AUTHOR_REFERENCE: Final = ("id", "slug", "name", "source_url")
CATEGORY_REFERENCE: Final = ("id", "slug", "name")
TAG_REFERENCE: Final = ("id", "slug", "name")

POST_LIST: Final[Projection] = {
    "id": ("id",),
    "url": ("id",),
    "slug": ("slug",),
    "title": ("title",),
    "excerpt": ("excerpt",),
    "author": _of("author", AUTHOR_REFERENCE),
    "category": _of("category", CATEGORY_REFERENCE),
    "tags": _of("tags", TAG_REFERENCE),
    "score": ("score",),
    "like_count": ("like_count",),
    "comment_count": ("comment_count",),
    "view_count": ("view_count",),
    "published_at": ("published_at",),
    "updated_at": ("updated_at",),
    "source_url": ("source_url",),
    "licence": ("licence",),
}
POST_DETAIL: Final[Projection] = {**POST_LIST, "body": ("body",)}

COMMENT: Final[Projection] = {
    "id": ("id",),
    "url": ("id",),
    "post": ("post",),
    "parent": ("parent",),
    "author": _of("author", AUTHOR_REFERENCE),
    "body": ("body",),
    "score": ("score",),
    "created_at": ("created_at",),
    "updated_at": ("updated_at",),
    "source_url": ("source_url",),
    "licence": ("licence",),
}

AUTHOR: Final[Projection] = {
    "id": ("id",),
    "url": ("id",),
    "slug": ("slug",),
    "name": ("name",),
    "source_url": ("source_url",),
    "post_count": ("post_count",),
    "created_at": ("created_at",),
}

CATEGORY: Final[Projection] = {
    "id": ("id",),
    "url": ("id",),
    "slug": ("slug",),
    "name": ("name",),
    "description": ("description",),
    "post_count": ("post_count",),
}

TAG: Final[Projection] = {
    "id": ("id",),
    "url": ("id",),
    "slug": ("slug",),
    "name": ("name",),
    "post_count": ("post_count",),
}
