"""Is anything old at the edge once it has been told of every write? Looked at when the load is over.

While requests come, an answer may be as old as a purge takes. When the queue of purges is empty
there is no such excuse: every post that the run has edited is read at the edge, alone and in the
lists that show it, and must carry the mark that the origin shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from loadtests.catalogue import API, Catalogue
from loadtests.client import Client
from loadtests.errands import LISTS, post_path
from loadtests.ledger import mark_of, shown_in
from loadtests.services import MissingError

_PURGED_WITHIN: Final = 60.0  # Seconds.
_LOOK: Final = 0.1


@dataclass(frozen=True, slots=True)
class AtRest:
    """What was found when the load was over."""

    compared: int
    stale: int
    waited: float  # Seconds until every purge was done.
    example: str = ""

    @property
    def told(self) -> str:
        """What the report says."""
        after = f"{self.waited:.1f} s after the load, when every purge was done"
        when = after if self.waited else "right after the load"
        return f"{when}: {self.stale:,} of {self.compared:,} answers at the edge were older than the origin's"


def wait_until_purged(origin: Client) -> float:
    """Return after how many seconds nothing waited to be purged, or purged again; ask as staff."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _PURGED_WITHIN:
        edges = origin.json(f"{API}/purges/")["edges"]
        if not edges:
            raise MissingError("the service knows of no edge that it would have to tell of writes")
        if not any(edge["waiting"] or edge["again"] for edge in edges.values()):
            return waited
        time.sleep(_LOOK)
    raise MissingError(f"purges still wait after {waited:.0f} s: {edges}")


def compare(origin: Client, edge: Client, catalogue: Catalogue, *, waited: float = 0.0) -> AtRest:
    """Compare the edge's answers with the origin's, where a post was edited that they show."""
    compared, stale, example = 0, 0, ""
    for path in _where_edited(origin, catalogue):
        current = dict(shown_in(origin.json(path)))
        held = dict(shown_in(edge.json(path)))
        old = [post for post in held.keys() & current.keys() if held[post] < current[post]]
        compared += 1
        stale += bool(old)
        if old and not example:
            example = f"{path} at rest: post {old[0]} shows {held[old[0]]}, not {current[old[0]]}"
    return AtRest(compared, stale, waited, example)


def _where_edited(origin: Client, catalogue: Catalogue) -> Iterator[str]:
    following: str | None = f"{API}/posts/?limit=100&fields=id,title"
    while following:
        page: Any = origin.json(following)
        yield from (post_path(row["id"]) for row in page["results"] if mark_of(row["title"]))
        following = page["next"]
    yield from (API + path for path in LISTS if path.startswith("/posts/"))
    yield from (f"{API}/posts/?tag={tag}" for tag in catalogue.tags)
    yield from (f"{API}/posts/?category={category}" for category in catalogue.categories)
