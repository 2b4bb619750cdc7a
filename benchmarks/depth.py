"""Does a page deep in a list cost what its first page costs? And does a long page need more queries?

In process, since a client of a server would measure much else: each build runs all of
Django, from the URL to the bytes, without compressing them. First and deep page in turns.
"""

from __future__ import annotations

import os
from statistics import median
from typing import Final

import django
from django.utils import timezone

from benchmarks import content
from benchmarks.report import Aim, Section, progress

POSTS: Final = 212_000  # Of which the public sees some more than 200,000: so many pages of 20.
DEPTH: Final = 10_000
GREATEST_RATIO: Final = 1.3
_TIMES: Final = 30  # Builds of each page, per round.
_LIMITS: Final = (1, 20, 100)


def run(*, posts: int, rounds: int, database_url: str | None = None) -> list[Section]:
    """Measure on generated posts, or on a database that is there."""
    if database_url is None:
        database_url = content.database_url(posts)
    else:
        content.fill_if_empty(database_url, posts)
    os.environ.update(content.environment(database_url))
    django.setup()
    return [_depth(rounds), _queries()]


def _depth(rounds: int) -> Section:
    # Models are there only once Django is set up.
    from benchmarks.builds import Builds  # noqa: PLC0415
    from benchmarks.lists import post_lists  # noqa: PLC0415

    section = Section(
        "A page deep in a list, and its first page",
        ("filter", "order", "page", "first page ms", "deep page ms", "ratio"),
    )
    builds = Builds()
    ratios: dict[str, float] = {}
    for listed in post_lists(timezone.now()):
        page = listed.deepest(DEPTH)
        progress(f"depth: {listed.filter}, {listed.ordering}, page {page:,}")
        urls = listed.url(), listed.url(page)
        shown = [post["id"] for post in builds.document(urls[1])["results"]]
        if shown != listed.ids(page):
            raise RuntimeError(
                f"nothing measured, for page {page} shows other posts than OFFSET finds: {urls[1]}"
            )
        pairs = [(builds.seconds(urls[0]), builds.seconds(urls[1])) for _ in range(_TIMES * rounds)]
        first, deep = (median(times) for times in zip(*pairs, strict=True))
        # Of neighbours in time: a moment in which the machine is slow is slow for both.
        ratio = median(deep_one / first_one for first_one, deep_one in pairs)
        times = f"{first * 1000:.2f}", f"{deep * 1000:.2f}", f"{ratio:.2f}"
        section.rows.append((listed.filter, listed.ordering, f"{page:,}", *times))
        name = f"{listed.filter}, {listed.ordering}"
        ratios[name] = ratio
        section.raw[name] = {"page": page, "seconds": pairs}
    name = max(ratios, key=ratios.__getitem__)
    section.aims.append(Aim(f"greatest ratio ({name})", ratios[name], GREATEST_RATIO, at_least=False))
    return section


def _queries() -> Section:
    from benchmarks.builds import Builds  # noqa: PLC0415
    from benchmarks.lists import urls_of_every_list  # noqa: PLC0415

    progress("depth: counting queries")
    section = Section("Queries to build a list", ("list", *(f"limit {limit}" for limit in _LIMITS)))
    builds = Builds()
    differing = 0
    for name, url in urls_of_every_list().items():
        counts = [builds.queries(_with_limit(url, limit)) for limit in _LIMITS]
        differing += len(set(counts)) > 1
        section.rows.append((name, *map(str, counts)))
    section.aims.append(
        Aim("lists whose number of queries depends on their length", differing, 0, at_least=False)
    )
    return section


def _with_limit(url: str, limit: int) -> str:
    """Return a list's first page with so many rows, spelled canonically."""
    if limit == 20:  # The default is not spelled.
        return url
    path, _, query = url.partition("?")
    return f"{path}?" + "&".join(sorted(filter(None, [query, f"limit={limit}"])))
