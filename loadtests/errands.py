"""What exactly is asked, and when? Wishes become URLs of things that there are.

Which post is read, talked about or edited is drawn by popularity, or taken from a recorded order.
The same seed gives the same errands. In a run over several processes each makes the whole
row of due moments and takes every n-th, so that all together come as bursty as one would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import Final, Protocol

from loadtests.arrivals import due_moments
from loadtests.catalogue import API, Catalogue
from loadtests.mix import Family, Kind, Mix, Wish, Wishes
from loadtests.popularity import Popularity
from loadtests.scenarios import Phase

FIRST_PAGE: Final = f"{API}/posts/"
_INVENTED: Final = 1000  # Addresses of posts that are not there.
# What a list browser opens first; the rest of his pages are those that come next in a list.
LISTS: Final = {
    "/posts/": 60,
    "/posts/?ordering=-score": 10,
    "/posts/?ordering=-view_count": 10,
    "/tags/": 8,
    "/categories/": 6,
    "/authors/": 6,
}
_GOES_ON: Final = 0.25  # Of the visits to a list: to the page after the one seen last.
_BY_TAG: Final = 0.7  # The others of the label pages are a category's.
_COMMENTS: Final = 0.6  # The others of the family are feeds: what is trending.


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to ask, due at a moment of the run."""

    due: float
    phase: int
    wish: Wish
    path: str
    post: int
    goes_on: bool = False

    @property
    def cell(self) -> tuple[int, int]:
        """Where it is counted."""
        return self.phase, int(self.due)


class Ranks(Protocol):
    """Says which post is next, by its rank."""

    def __next__(self) -> int: ...


class Drawn:
    """Ranks that are drawn, each independent of those before."""

    def __init__(self, popularity: Popularity, random: Random) -> None:
        self._popularity, self._random = popularity, random

    def __next__(self) -> int:
        return self._popularity.draw(self._random)


class Addresses:
    """Finds a URL for a family: of which post, tag or list is drawn."""

    def __init__(self, catalogue: Catalogue, exponent: float, random: Random, ranks: Ranks | None) -> None:
        self._catalogue, self._random = catalogue, random
        self._ranks: Ranks = ranks or Drawn(Popularity(len(catalogue.posts), exponent), random)
        self._tags = Popularity(max(len(catalogue.tags), 1), exponent)
        self._categories = Popularity(max(len(catalogue.categories), 1), exponent)
        self._invented = Popularity(_INVENTED, exponent)
        self._list_weights = list(accumulate(LISTS.values()))

    def post(self) -> int:
        """Return a post."""
        return self._catalogue.posts[next(self._ranks)]

    def missing(self) -> str:
        """Return an address at which there is nothing."""
        return _missing_path(self._invented.draw(self._random))

    def of(self, family: Family) -> str:
        """Return a URL of a family."""
        if family is Family.DETAIL:
            return post_path(self.post())
        if family is Family.COMMENTS:
            if self._random.random() < _COMMENTS:
                return f"{post_path(self.post())}comments/"
            return f"{API}/posts/trending/"
        if family is Family.LABEL:
            return self._label()
        return API + self._random.choices(list(LISTS), cum_weights=self._list_weights)[0]

    def _label(self) -> str:
        is_tag = self._random.random() < _BY_TAG
        kind, names, popularity = (
            ("tag", self._catalogue.tags, self._tags)
            if is_tag
            else ("category", self._catalogue.categories, self._categories)
        )
        rank = popularity.draw(self._random)
        return f"{API}/posts/?{kind}={names[rank]}" if names else f"{API}/posts/"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run is drawn from."""

    phases: Sequence[Phase]
    rate: float
    variation: float
    mix: Mix
    exponent: float
    seed: int
    part: int = 0
    parts: int = 1

    def random(self, purpose: str) -> Random:
        """Return a source of chance for one purpose, which others do not disturb."""
        return Random(f"{self.seed} {purpose} {self.part}")


def errands(plan: Plan, catalogue: Catalogue, ranks: Ranks | None = None) -> Iterator[Errand]:
    """Yield what is asked in a run, in the order in which it is due."""
    reads, extras = plan.random("reads"), plan.random("extras")
    wishes = Wishes(plan.mix, reads=reads, extras=extras)
    read = Addresses(catalogue, plan.exponent, reads, ranks)
    # A post is written to by one process only, which alone knows what it has to show.
    own = replace(catalogue, posts=catalogue.posts[plan.part :: plan.parts] or catalogue.posts)
    written = Addresses(own, plan.exponent, extras, None)
    for due, phase in _moments(plan):
        wish = wishes.draw()
        if wish.write is not None:
            post = written.post()
            yield Errand(due, phase, wish, post_path(post), post)
        elif wish.kind is Kind.CRAWLER:
            yield Errand(due, phase, wish, FIRST_PAGE, 0)
        elif wish.is_missing:
            yield Errand(due, phase, wish, read.missing(), 0)
        else:
            goes_on = wish.family is Family.LIST and reads.random() < _GOES_ON
            yield Errand(due, phase, wish, read.of(wish.family), 0, goes_on)


def missing_paths() -> Iterator[str]:
    """Yield all addresses at which there is nothing and which are asked for nevertheless."""
    return map(_missing_path, range(_INVENTED))


def _missing_path(rank: int) -> str:
    return f"{API}/posts/nothing-is-here-{rank}/"


def post_path(post: int) -> str:
    """Return where a post is found."""
    return f"{API}/posts/{post}/"


def _moments(plan: Plan) -> Iterator[tuple[float, int]]:
    """Yield this process's part of the due moments, each with its phase."""
    ends = list(accumulate(phase.seconds for phase in plan.phases))
    stretches = [(phase.seconds, phase.factor * plan.rate) for phase in plan.phases]
    # Not `plan.random`: all processes have to make the same row.
    moments = due_moments(stretches, variation=plan.variation, random=Random(f"{plan.seed} arrivals"))
    phase = 0
    for place, due in enumerate(moments):
        while due >= ends[phase]:
            phase += 1
        if place % plan.parts == plan.part:
            yield due, phase
