"""Who writes the generated posts, about what? Authors, categories and tags, the busiest first.

The number of an author's posts, of a tag's and of a category's falls with its rank like
Zipf's law says, as it does on real sites. On request the first of each gets a share of all
posts that is told, so that its list is as deep as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import Final, TypeVar

from django.db.models import Model

from api.content.slugs import SlugPool, slug_of
from api.importers.generated.vocabulary import ADJECTIVES, CATEGORIES, FIRST_NAMES, LAST_NAMES, NOUNS
from api.models import Author, Category, Tag

RankedT = TypeVar("RankedT", Category, Tag)

_MOST_AUTHORS: Final = 50_000
_MOST_TAGS: Final = 3_000
_BATCH: Final = 1_000


class Ranked:
    """Primary keys, of which a draw finds the first ones most often.

    `lead` is how often it finds the very first, between 0 and 1; None leaves that to the law.
    """

    def __init__(self, keys: Sequence[int], flatness: float, *, lead: float | None = None) -> None:
        self.keys = keys
        weights = [1 / (rank + flatness) for rank in range(1, len(keys) + 1)]
        if lead is not None:
            weights[0] = sum(weights[1:]) * lead / (1 - lead)
        self._weights = list(accumulate(weights))

    def draw(self, random: Random, number: int = 1) -> list[int]:
        """Return `number` keys; some may be the same."""
        return random.choices(self.keys, cum_weights=self._weights, k=number)


class Cast:
    """All that posts refer to. Authors are new in each run; categories and tags are found or made."""

    def __init__(self, random: Random, posts: int, *, since: datetime, lead: float | None = None) -> None:
        authors = _authors(random, min(posts // 20 + 5, _MOST_AUTHORS), since)
        tag_names = _tag_names(random, min(posts // 100 + 60, _MOST_TAGS))
        self.authors = Ranked(authors, flatness=5, lead=lead)
        self.categories = Ranked(_found_or_made(Category, CATEGORIES, since), flatness=2, lead=lead)
        self.tags = Ranked(_found_or_made(Tag, tag_names, since), flatness=3, lead=lead)


def _authors(random: Random, number: int, since: datetime) -> list[int]:
    keys: list[int] = []
    slugs = SlugPool(Author)
    while len(keys) < number:
        size = min(_BATCH, number - len(keys))
        names = [f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}" for _ in range(size)]
        authors = Author.objects.bulk_create(
            Author(name=name, slug=slug, created_at=since, updated_at=since)
            for name, slug in zip(names, slugs.take(names), strict=True)
        )
        keys.extend(author.pk for author in authors)
    return keys


def _tag_names(random: Random, number: int) -> list[str]:
    names = dict.fromkeys(random.sample(NOUNS, min(number, len(NOUNS))))
    while len(names) < number:
        names[f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}"] = None
    return list(names)


def _found_or_made(model: type[RankedT], names: Sequence[str], since: datetime) -> list[int]:
    """Return the keys of the rows with the names' slugs, in the order of the names."""
    slugs = [slug_of(name, kind="generated") for name in names]
    there = _keys_by_slug(model, slugs)
    model._default_manager.bulk_create(
        model(name=name, slug=slug, created_at=since, updated_at=since)
        for name, slug in zip(names, slugs, strict=True)
        if slug not in there
    )
    keys = _keys_by_slug(model, slugs)
    return [keys[slug] for slug in slugs]


def _keys_by_slug(model: type[Model], slugs: Sequence[str]) -> dict[str, int]:
    keys: dict[str, int] = {}
    for first in range(0, len(slugs), _BATCH):
        rows = model._default_manager.filter(slug__in=slugs[first : first + _BATCH])
        keys.update(rows.values_list("slug", "pk"))
    return keys
