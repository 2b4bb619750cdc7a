"""What is there to ask for? Found by walking the public lists, as any client could.

Posts are ranked by the views that the API shows, tags and categories by their posts: the lists
come in that order. The walk asks for few columns and large pages, which nobody else asks for, so
it warms nothing that the load will meet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

API: Final = "/api/v1"
MOST_POSTS: Final = 20_000  # What is less popular than that is not asked for in any run of ours.

Fetch = Callable[[str], Any]  # A path -> the JSON found there.


class NothingThereError(Exception):
    """The service has no public post to ask for."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The things of a service, the most popular first."""

    posts: list[int]
    titles: list[str]  # Of the posts, in the same order.
    tags: list[str]
    categories: list[str]

    def save(self, path: Path) -> None:
        """Write it to a file, so that nobody has to walk again."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return what `save` has written."""
        return cls(**json.loads(path.read_text()))


def walk(fetch: Fetch, *, most: int = MOST_POSTS) -> Catalogue:
    """Return what the public lists show."""
    posts = list(_rows(fetch, f"{API}/posts/?ordering=-view_count&limit=100&fields=id,title", most))
    if not posts:
        raise NothingThereError("there is no public post to ask for")

    def slugs(resource: str) -> list[str]:
        first = f"{API}/{resource}/?ordering=-post_count&limit=100&fields=slug"
        return [row["slug"] for row in _rows(fetch, first, most)]

    return Catalogue(
        [row["id"] for row in posts], [row["title"] for row in posts], slugs("tags"), slugs("categories")
    )


def _rows(fetch: Fetch, first: str, most: int) -> Iterator[Any]:
    following: str | None = first
    found = 0
    while following and found < most:
        page = fetch(following)
        yield from page["results"][: most - found]
        found += len(page["results"])
        following = page["next"]
