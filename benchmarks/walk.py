"""Which URLs does a client ask that reads everything once? Hundreds of thousands, all distinct.

Posts that do not exist, posts with few fields and with all, their comments, and pages of
authors' posts of many lengths: what a crawler, or somebody who means ill, would send. The
order is the same in every run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from benchmarks.client import request

_SEED: Final = 1
_FIELDS: Final = (
    "id,title",
    "id,slug,score",
    "id,title,author,tags",
    "title,published_at",
    "id,excerpt,view_count",
)
_ORDERS: Final = ("published_at", "-score", "score", "-view_count", "view_count")


def urls(number: int, *, posts: int) -> list[str]:
    """Return so many distinct public URLs of a service with so many posts, in an order of chance."""
    chance = random.Random(_SEED)
    found: dict[str, None] = {}
    families = (_missing, _few_fields, _details, _comments, _lists)
    weights = (40, 25, 20, 10, 5)
    makers = [family(chance, posts) for family in families]
    while len(found) < number:
        (maker,) = chance.choices(makers, weights)
        found[next(maker)] = None
    return list(found)


def requests(paths: list[str]) -> Iterator[bytes]:
    """Yield a GET of each, as a browser would ask for it."""
    for path in paths:
        yield request("GET", path, accept_encoding="gzip, deflate, br, zstd")


def _details(chance: random.Random, posts: int) -> Iterator[str]:
    while True:
        yield f"/api/v1/posts/{chance.randint(1, posts)}/"


def _few_fields(chance: random.Random, posts: int) -> Iterator[str]:
    while True:
        yield f"/api/v1/posts/{chance.randint(1, posts)}/?fields={chance.choice(_FIELDS)}"


def _comments(chance: random.Random, posts: int) -> Iterator[str]:
    while True:
        yield f"/api/v1/posts/{chance.randint(1, posts)}/comments/"


def _missing(chance: random.Random, posts: int) -> Iterator[str]:
    while True:
        yield f"/api/v1/posts/{chance.randint(10 * posts, 10**9)}/"


def _lists(chance: random.Random, posts: int) -> Iterator[str]:
    authors = max(1, posts // 100)
    while True:
        parameters = {
            "author": str(chance.randint(1, authors)),
            "fields": chance.choice(_FIELDS),
            "limit": str(chance.randint(1, 19)),
            "ordering": chance.choice(_ORDERS),
        }
        yield "/api/v1/posts/?" + "&".join(f"{name}={value}" for name, value in parameters.items())
