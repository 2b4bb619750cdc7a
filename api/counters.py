"""What should the denormalised counters say, and how are they put right?

| counter | counts |
|---|---|
| `post_count` of an author, a category, a tag | its listed posts |
| `like_count` of a post | its likes |
| `comment_count` of a post | its listed comments |

`reconcile` compares them in the database and writes only rows that differ, so with nothing
to put right it invalidates nothing. Writers may go on meanwhile: a row is locked before its
true value is read, and who changes a counter (`api/counting.py`) holds that lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Count, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from api.models import Author, Category, Comment, Like, Post, PostTag, Tag

_CHUNK: Final = 1_000  # Rows locked at once.


def _number_of(rows: models.QuerySet[Any], column: str) -> Coalesce:
    """Return the number of `rows` whose `column` is the key of the row that is asked about."""
    # Without an order, or the rows of one group would be told apart by it.
    matching = rows.filter(**{column: OuterRef("pk")}).order_by().values(column)
    return Coalesce(Subquery(matching.annotate(number=Count("*")).values("number")), Value(0))


_COUNTERS: Final[dict[type[models.Model], dict[str, Coalesce]]] = {
    Author: {"post_count": _number_of(Post.objects.filter(listed=1), "author")},
    Category: {"post_count": _number_of(Post.objects.filter(listed=1), "category")},
    Tag: {"post_count": _number_of(PostTag.objects.filter(listed=1), "tag")},
    Post: {
        "like_count": _number_of(Like.objects.all(), "post"),
        "comment_count": _number_of(Comment.objects.filter(listed=1), "post"),
    },
}


def reconcile(counted: Iterable[type[models.Model]] = tuple(_COUNTERS)) -> dict[str, int]:
    """Put the counters of the given models right; return how many rows of each were wrong.

    The keys are spelled `post.like_count`.
    """
    return {
        f"{model._meta.model_name}.{counter}": sum(
            _correct(model, keys, counter, truth) for keys in _wrong(model, counter, truth)
        )
        for model in counted
        for counter, truth in _COUNTERS[model].items()
    }


def reconcile_rows(model: type[models.Model], keys: Iterable[int]) -> None:
    """Put the counters of some rows right."""
    remaining = sorted(set(keys))
    for first in range(0, len(remaining), _CHUNK):
        for counter, truth in _COUNTERS[model].items():
            _correct(model, remaining[first : first + _CHUNK], counter, truth)


def _correct(model: type[models.Model], keys: list[int], counter: str, truth: Coalesce) -> int:
    rows = model._default_manager.filter(pk__in=keys)
    with transaction.atomic():
        # Locked in one order, so that two of us never wait for each other. The statement after
        # it sees whatever was committed before the locks were granted.
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        corrected: int = rows.alias(truth=truth).exclude(**{counter: F("truth")}).update(**{counter: truth})
        return corrected


def _wrong(model: type[models.Model], counter: str, truth: Coalesce) -> Iterator[list[int]]:
    """Yield the keys of rows whose counter is wrong, in ascending chunks."""
    wrong = model._default_manager.alias(truth=truth).exclude(**{counter: F("truth")}).order_by("pk")
    keys: list[int] = []
    # A page at a time rather than one long cursor: the rows change as we go.
    while keys := list(wrong.filter(pk__gt=keys[-1] if keys else 0).values_list("pk", flat=True)[:_CHUNK]):
        yield keys
