"""How do the counters of authors, categories, tags and posts keep step with a write?

A post counts for its author, its category and each of its tags while it is listed. Whoever
changes a post does so inside `counted`, which looks before and after and adds the
difference, in the writer's own transaction:

    with counted(post):
        post.status = Post.Status.ARCHIVED
        post.save()

The differences are `F()` expressions, so writers of two posts of one category do not lose
each other's; rows are updated in one order everywhere, so they do not deadlock either. The
caller holds the post's row lock. What drifted some other way is for `reconcile_counters`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Greatest

from api.models import Author, Category, Post, PostTag, Tag

Counting: TypeAlias = type[Author] | type[Category] | type[Tag]
CountedFor: TypeAlias = frozenset[tuple[Counting, int]]

_NOTHING: Final[CountedFor] = frozenset()
_ORDER: Final[dict[Counting, int]] = {Author: 0, Category: 1, Tag: 2}


@contextmanager
def counted(post: Post) -> Iterator[None]:
    """Keep `post_count` right across whatever the block does to the post and its tags."""
    before = _counted_for(post)
    yield
    after = _counted_for(post)
    steps = Counter(dict.fromkeys(after - before, 1))
    steps.subtract(before - after)
    for model, pk in sorted(steps, key=lambda row: (_ORDER[row[0]], row[1])):
        _add(model, pk, "post_count", steps[model, pk])


def add_comments(post_id: int, step: int) -> None:
    """Add to the number of comments that the public sees under a post."""
    _add(Post, post_id, "comment_count", step)


def add_likes(post_id: int, step: int) -> None:
    """Add to the number of authors who like a post."""
    _add(Post, post_id, "like_count", step)


def _add(model: type[models.Model], pk: int, counter: str, step: int) -> None:
    # A counter that has drifted must not make the write fail on its CHECK (>= 0).
    total = Greatest(F(counter) + step, Value(0))
    model._default_manager.filter(pk=pk).update(**{counter: total})


def _counted_for(post: Post) -> CountedFor:
    """Return the rows that count the post, as the database sees it: `listed` is its column."""
    row = Post.objects.filter(pk=post.pk, listed=1).values_list("author_id", "category_id").first()
    if row is None:
        return _NOTHING
    author_id, category_id = row
    counting: set[tuple[Counting, int]] = {(Category, category_id)}
    if author_id is not None:
        counting.add((Author, author_id))
    tag_ids = PostTag.objects.filter(post_id=post.pk).values_list("tag_id", flat=True)
    return frozenset(counting | {(Tag, tag_id) for tag_id in tag_ids})
