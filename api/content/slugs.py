"""How does a row get a slug that nobody else has?

A slug is words of `[a-z0-9]+` joined by hyphens, at most 80 characters. Two kinds are never
given out, because a URL would mean something else by them: all digits is an id, and
"trending" is a page of its own. The first who asks gets the words alone, the next ones a
number behind them.

Free means free at this moment: two writers may be told the same slug at once, and the unique
index lets one of them through. Whoever answers people retries (`IntegrityError`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from typing import Final

from django.db.models import Model

LONGEST: Final = 80
RESERVED: Final = frozenset({"trending"})
_FIRST_LOOK: Final = 8  # Numbers tried with one query; the next one tries more.
_LOOK_GROWS: Final = 8
_WIDEST_LOOK: Final = 512  # Values that both databases look up in an index one by one.
# Names that are told apart by what is behind them alone: C, C++, C#.
_PLUS_PLUS: Final = re.compile(r"(?<=[a-z])\+\+")
_SHARP: Final = re.compile(r"(?<=[a-z])#(?![a-z0-9])")
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")


def slug_of(text: str, *, kind: str) -> str:
    """Return the slug that `text` asks for; `kind` is put in front of one that may not stand alone.

    >>> slug_of("Crème brûlée & stout?", kind="post"), slug_of("1984", kind="tag"), slug_of("?", kind="post")
    ('creme-brulee-stout', 'tag-1984', 'post')
    >>> slug_of("C++", kind="tag"), slug_of("C#", kind="tag")
    ('c-plus-plus', 'c-sharp')
    """
    # An apostrophe joins: "don't" reads better as "dont" than as "don-t".
    joined = text.replace("'", "").replace("\u2019", "").lower()
    spoken = _PLUS_PLUS.sub(" plus plus ", _SHARP.sub(" sharp ", joined))
    latin = unicodedata.normalize("NFKD", spoken).encode("ascii", "ignore").decode()
    words = _NOT_A_WORD.sub("-", latin).strip("-")
    if not words:
        return kind
    slug = _shortened(words, LONGEST)
    if slug.isdigit() or slug in RESERVED:
        return _shortened(f"{kind}-{slug}", LONGEST)
    return slug


def free_slug(model: type[Model], text: str, *, keep: int | None = None) -> str:
    """Return a slug for `text` that no row of `model` has, but perhaps the one with the key `keep`."""
    others = model._default_manager.exclude(pk=keep)
    slug = slug_of(text, kind=_kind(model))
    candidates = chain([slug], numbered(slug))
    look = _FIRST_LOOK
    while True:
        tried = list(islice(candidates, look))
        taken = set(others.filter(slug__in=tried).values_list("slug", flat=True))
        for candidate in tried:
            if candidate not in taken:
                return candidate
        look = min(_LOOK_GROWS * look, _WIDEST_LOOK)


def numbered(slug: str, first: int = 2) -> Iterator[str]:
    """Yield `slug-2`, `slug-3` and so on, from the number `first`, none of them too long."""
    for number in count(first):
        suffix = f"-{number}"
        yield _shortened(slug, LONGEST - len(suffix)) + suffix


class SlugPool:
    """Gives out slugs by the batch: a few queries for all of them, and memory only for repeated ones.

    Rows that were given slugs must be in the table before the next batch asks.
    """

    def __init__(self, model: type[Model]) -> None:
        self._rows = model._default_manager
        self._kind = _kind(model)
        self._next_number: dict[str, int] = {}

    def take(self, texts: Sequence[str]) -> list[str]:
        """Return a free slug for each of `texts`, no two the same."""
        given = [slug_of(text, kind=self._kind) for text in texts]
        taken = self._taken_among(given)
        waiting: dict[str, list[int]] = {}
        for place, slug in enumerate(given):
            if slug in taken:
                waiting.setdefault(slug, []).append(place)
            taken.add(slug)
        self._number(given, waiting, taken)
        return given

    def _number(self, given: list[str], waiting: dict[str, list[int]], taken: set[str]) -> None:
        """Put numbers behind the slugs at the places that wait for one."""
        candidates = {slug: numbered(slug, self._next_number.get(slug, 2)) for slug in waiting}
        # A slug that has been numbered before is most likely free right behind the last number.
        ahead = {slug: 0 if slug in self._next_number else _FIRST_LOOK for slug in waiting}
        while waiting:
            tried = {
                slug: list(islice(candidates[slug], len(places) + ahead[slug]))
                for slug, places in waiting.items()
            }
            taken |= self._taken_among(chain.from_iterable(tried.values()))
            for slug, places in waiting.items():
                free = [candidate for candidate in tried[slug] if candidate not in taken][: len(places)]
                for place, candidate in zip(places, free, strict=False):
                    given[place] = candidate
                taken.update(free)
                del places[: len(free)]
                self._next_number[slug] = _number_behind((free or tried[slug])[-1]) + 1
            waiting = {slug: places for slug, places in waiting.items() if places}
            ahead = {slug: min(_LOOK_GROWS * ahead[slug] + 1, _WIDEST_LOOK) for slug in waiting}

    def _taken_among(self, slugs: Iterable[str]) -> set[str]:
        asked = list(set(slugs))
        taken: set[str] = set()
        for first in range(0, len(asked), _WIDEST_LOOK):
            rows = self._rows.filter(slug__in=asked[first : first + _WIDEST_LOOK])
            taken.update(rows.values_list("slug", flat=True))
        return taken


def _shortened(slug: str, length: int) -> str:
    """Return at most `length` characters of `slug`, whole words if that leaves more than half."""
    if len(slug) <= length:
        return slug
    whole_words = slug[: length + 1].rpartition("-")[0]
    return whole_words if len(whole_words) > length // 2 else slug[:length].rstrip("-")


def _number_behind(slug: str) -> int:
    return int(slug.rpartition("-")[2])


def _kind(model: type[Model]) -> str:
    return model._meta.model_name or "row"
