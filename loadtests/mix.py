"""Who asks for what, and how often? The shares of a real site's traffic.

Of the reads 60 % are for one thing, 15 % for the home page and other lists, 15 % for the posts of
a tag or category, 10 % for comments and feeds; one in seven carries a validator (a browser or an
edge asks whether what it holds is still right), 2 % ask for what is not there, 0.4 % only for the
head. There is one edit per 500 reads, and one write of any kind per 150. Crawlers come on top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from random import Random
from typing import Final


class Family(StrEnum):
    """A family of URLs; the value is what the report says."""

    DETAIL = "one post"
    LIST = "home and lists"
    LABEL = "tag and category"
    COMMENTS = "comments and feeds"


class Kind(StrEnum):
    """Who has an errand: each is a class of users."""

    DETAIL_READER = "detail reader"
    LIST_BROWSER = "list browser"
    REVALIDATOR = "revalidating client"
    EDGE = "edge"
    CRAWLER = "crawler"
    WRITER = "writer"


class Write(StrEnum):
    """What a writer does."""

    EDIT = "edit"
    COMMENT = "comment"
    LIKE = "like"


_FAMILIES: Final = {
    Family.DETAIL: 0.60,
    Family.LIST: 0.15,
    Family.LABEL: 0.15,
    Family.COMMENTS: 0.10,
}
_SUMS: Final = list(accumulate(_FAMILIES.values()))
_BROWSED: Final = frozenset({Family.LIST, Family.LABEL})
_EDGES_PART: Final = 1 / 3  # Of the requests that carry a validator.


@dataclass(frozen=True, slots=True)
class Mix:
    """The shares that may be swept; all but `crawled` are parts of the reads."""

    conditional: float = 0.15
    not_found: float = 0.02
    head: float = 0.004
    edits: float = 1 / 500
    writes: float = 1 / 150
    crawled: float = 0.02

    def __post_init__(self) -> None:
        shares = (self.conditional, self.not_found, self.head, self.edits, self.writes, self.crawled)
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"need shares from 0 to 1, got {self}")
        if self.edits > self.writes:
            raise ValueError(f"need no more edits than writes, got {self.edits:g} and {self.writes:g}")

    def only(self, writes: str) -> Mix:
        """Return the mix with all of its writes, only its edits, or none.

        >>> Mix().only("edits").writes == Mix().edits
        True
        """
        kept = {"all": self.writes, "edits": self.edits, "none": 0.0}[writes]
        return replace(self, writes=kept, edits=min(self.edits, kept))


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what; of which thing is for others to say."""

    kind: Kind
    family: Family = Family.DETAIL
    method: str = "GET"
    is_missing: bool = False
    write: Write | None = None


class Wishes:
    """Draws who wants what next.

    Reads are drawn; after so many of them comes a write, or a crawler's turn, at regular
    distances, so that also a short run has its share of them. The reads are the same, in the
    same order, whoever else asks for something: two runs that differ in writes can be compared.
    """

    def __init__(self, mix: Mix, *, reads: Random, extras: Random) -> None:
        self._mix, self._reads, self._extras = mix, reads, extras
        others = mix.writes - mix.edits
        self._shares = {"edit": mix.edits, "other write": others, "crawler": mix.crawled}
        # Where in its first distance each begins.
        self._passed = {name: extras.random() for name in self._shares}
        self._waiting: list[Wish] = []

    def draw(self) -> Wish:
        """Return the next wish."""
        if self._waiting:
            return self._waiting.pop()
        for name, share in self._shares.items():
            self._passed[name] += share
            if self._passed[name] >= 1:
                self._passed[name] -= 1
                self._waiting.append(self._extra(name))
        return _read(self._mix, self._reads)

    def _extra(self, name: str) -> Wish:
        if name == "crawler":
            return Wish(Kind.CRAWLER, Family.LIST)
        other = self._extras.choice((Write.COMMENT, Write.LIKE))
        return Wish(Kind.WRITER, write=Write.EDIT if name == "edit" else other)


def family(random: Random) -> Family:
    """Draw a family of URLs."""
    return random.choices(list(_FAMILIES), cum_weights=_SUMS)[0]


def _read(mix: Mix, random: Random) -> Wish:
    of = family(random)
    method = "HEAD" if random.random() < mix.head else "GET"
    is_missing = random.random() < mix.not_found
    asks_again, is_edge = random.random() < mix.conditional, random.random() < _EDGES_PART
    if is_missing:
        return Wish(Kind.DETAIL_READER, Family.DETAIL, method, is_missing=True)
    if asks_again:
        return Wish(Kind.EDGE if is_edge else Kind.REVALIDATOR, of, method)
    return Wish(Kind.LIST_BROWSER if of in _BROWSED else Kind.DETAIL_READER, of, method)
