"""Does a page cost what the first page costs, at any depth, for every filter and order?

In process, as the server builds but for the codings, on the largest database: pages 1 to 50,000
of ten posts, so that the last one begins behind row 499,990. Each page is built in turns with
the first page of its list. Beside them the same rows by OFFSET, the query alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Final

from django.utils import timezone

from benchmarks import plots
from benchmarks.growth.alone import alone
from benchmarks.growth.databases import Databases
from benchmarks.report import Aim, Section, middle, progress

LIMIT: Final = 10
PAGES: Final = (1, 10, 100, 1_000, 10_000, 50_000)
GREATEST_RATIO: Final = 1.3
# A word of the generator's sentences that most posts contain: a search with very many results.
WORD: Final = "enough"
_TIMES: Final = 30  # Builds of each page, per round.
_NEWEST: Final = "newest first"
_BY_OFFSET: Final = "no filter, by OFFSET"


@dataclass(frozen=True, slots=True)
class Depth:
    """What a page cost beside the first page of its list, in seconds; and that again by OFFSET."""

    filter: str
    ordering: str
    page: int
    pairs: Sequence[tuple[float, float]]
    by_offset: Sequence[float] = ()

    @property
    def ratio(self) -> float:
        """The page's cost by the first one's: of neighbours in time, whom the same neighbours disturb."""
        return median(deep / first for first, deep in self.pairs)

    @property
    def milliseconds(self) -> tuple[float, float, float]:
        """Median, least and greatest."""
        return middle([deep * 1000 for _, deep in self.pairs])


def run(kept: Databases, *, posts: int, rounds: int) -> list[Section]:
    """Measure."""
    found = alone(kept.url(posts), _measured, times=_TIMES * rounds)
    return [_reported(found, posts)]


def _measured(times: int) -> list[Depth]:
    from benchmarks.lists import SearchList, post_lists  # noqa: PLC0415 - after Django's set-up.

    found: list[Depth] = []
    for listed in post_lists(timezone.now(), limit=LIMIT):
        progress(f"growth: depth of {listed.filter}, {listed.ordering}")
        deepest = listed.deepest(PAGES[-1])
        pages = [page for page in PAGES if page <= deepest]
        urls = {page: listed.url(page) for page in pages}
        for page, url in urls.items():
            _check(url, listed.ids(page))
        is_default = not found
        for page, pairs in _in_turns(urls, times).items():
            offset = [_seconds(partial(list, listed.by_offset(page))) for _ in range(3 if is_default else 0)]
            found.append(Depth(listed.filter, listed.ordering, page, pairs, offset))
    progress(f"growth: depth of a search for {WORD!r}")
    searched = SearchList(WORD, LIMIT)
    there = {depth.page for depth in found if depth.filter == "none"}
    urls = {page: searched.url(page) for page in PAGES if page in there}
    return found + [Depth("search", _NEWEST, page, pairs) for page, pairs in _in_turns(urls, times).items()]


def _check(url: str, expected: list[int]) -> None:
    from benchmarks.builds import Builds  # noqa: PLC0415 - after Django's set-up.

    shown = [post["id"] for post in Builds().document(url)["results"]]
    if shown != expected:
        raise RuntimeError(f"nothing measured, for {url} shows other posts than OFFSET finds")


def _in_turns(urls: dict[int, str], times: int) -> dict[int, list[tuple[float, float]]]:
    """Return, for each page, the seconds that the first page and it took, neighbours in time."""
    from benchmarks.builds import Builds  # noqa: PLC0415 - after Django's set-up.

    builds = Builds()
    pairs: dict[int, list[tuple[float, float]]] = {page: [] for page in urls}
    for time_ in range(times):
        for page, url in urls.items():
            if time_ % 2:
                deep, first = builds.seconds(url), builds.seconds(urls[1])
            else:
                first, deep = builds.seconds(urls[1]), builds.seconds(url)
            pairs[page].append((first, deep))
    return pairs


def _seconds(function: partial[object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def _reported(found: list[Depth], posts: int) -> Section:
    pages = sorted({depth.page for depth in found})
    last = pages[-1]
    section = Section(
        f"A page of {LIMIT} by its depth, in {posts:,} posts; ms",
        ("filter", "order", *(f"page {page:,}" for page in pages), "last / first"),
    )
    ratios: dict[str, float] = {}
    for (name, ordering), group in groupby(found, key=lambda depth: (depth.filter, depth.ordering)):
        depths = {depth.page: depth for depth in group}
        times = [f"{depths[page].milliseconds[0]:.2f}" if page in depths else "" for page in pages]
        label = f"{name}, {ordering}"
        ratios[label] = depths[max(depths)].ratio
        section.rows.append((name, ordering, *times, f"{ratios[label]:.2f}"))
        section.raw[label] = {str(page): depth.pairs for page, depth in depths.items()}
    offset = {depth.page: median(depth.by_offset) for depth in found if depth.by_offset}
    times = [f"{offset[page] * 1000:.2f}" for page in pages]
    section.rows.append(("none", "by OFFSET, the query alone", *times, f"{offset[last] / offset[1]:.2f}"))
    section.raw[_BY_OFFSET] = offset
    worst = max(ratios, key=ratios.__getitem__)
    deep = sum(depth.page == last for depth in found)
    section.aims += [
        Aim(f"page {last:,} / page 1, greatest ({worst})", ratios[worst], GREATEST_RATIO, at_least=False),
        Aim(f"lists that have a page {last:,}", deep, len(ratios)),
    ]
    section.notes.append(
        f"search for {WORD!r}: its page N begins after as many posts as page N of the list without a filter"
    )
    section.plots += [_against_depth(found, offset), _by_list(ratios, last)]
    return section


def _against_depth(found: list[Depth], offset: dict[int, float]) -> Path:
    shown: dict[str, list[tuple[float, float]]] = {}
    for depth in found:
        if depth.ordering in {found[0].ordering, _NEWEST}:
            label = "no filter" if depth.filter == "none" else depth.filter
            shown.setdefault(label, []).append((depth.page, depth.milliseconds[0]))
    shown[_BY_OFFSET] = [(page, seconds * 1000) for page, seconds in offset.items()]
    title = "Building a page of ten posts, by its depth (newest first)"
    return plots.lines("growth-depth", title, shown, "page", "ms", log_x=True, log_y=True)


def _by_list(ratios: dict[str, float], page: int) -> Path:
    return plots.bars(
        "growth-depth-ratios",
        f"Page {page:,} / page 1, for every filter and order",
        list(ratios.items()),
        unit="time of the page / time of the first page",
        bound=(GREATEST_RATIO, f"aim: {GREATEST_RATIO}"),
    )
