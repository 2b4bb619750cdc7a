"""How many pages are still there after somebody has published? With intervals of time, and without.

Readers ask for pages of the list of all posts, of a tag and of an author, each page as often as
any other, as a crawler does, or the first ones most (Zipf 1.0). Between them a post is
published: by SQL, so the triggers say what that changes, and the relay's pass drops it. A page
that is not in L1 any more is built. Everything is the service's own; only the clock does not
run: nothing ages here.

Without intervals means that a page depends on its list as a whole, which is what the service did
before and what tags that are declared by hand come to.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate, count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import django
from django.utils import timezone

from benchmarks import content, plots
from benchmarks.report import Aim, Section, progress

POSTS: Final = 20_000
_DEEPEST: Final = 100
_READS: Final = 4_000
_READS_PER_POST: Final = (1_000, 300, 100, 30, 10)
_L1_BYTES: Final = 256 * 1024 * 1024
_SEED: Final = 7
_TITLE: Final = "Published meanwhile"
_number: Final = count(1)
_WITH, _WITHOUT = "intervals of time", "the list as a whole"


def run(*, posts: int = POSTS) -> list[Section]:
    """Measure on a copy of a database of generated posts."""
    with tempfile.TemporaryDirectory(prefix="readpath-stream-") as directory:
        copy = Path(directory) / "posts.sqlite3"
        shutil.copy(content.database_url(posts).removeprefix("sqlite:///"), copy)
        os.environ.update(content.environment(f"sqlite:///{copy}"))
        django.setup()
        return [_crowd("as a crawler reads", "crawler", _alike), _crowd("Zipf 1.0", "zipf", _zipf)]


def _alike(page: int) -> float:
    del page
    return 1.0


def _zipf(page: int) -> float:
    return 1.0 / page


def _crowd(readers: str, name: str, weight: Callable[[int], float]) -> Section:
    section = Section(
        f"The hit ratio while posts are published, pages read {readers}",
        ("reads per new post", _WITHOUT, _WITH, "builds saved"),
    )
    lines: dict[str, list[tuple[float, float]]] = {_WITH: [], _WITHOUT: []}
    for reads in _READS_PER_POST:
        progress(f"writes: {readers}, a post per {reads} reads")
        without, with_intervals = _hit_ratio(reads, weight, whole=True), _hit_ratio(reads, weight)
        for label, ratio in ((_WITHOUT, without), (_WITH, with_intervals)):
            lines[label].append((reads, ratio))
        saved = 1 - (1 - with_intervals) / (1 - without) if without < 1 else 0.0
        section.rows.append((f"{reads:,}", f"{without:.3f}", f"{with_intervals:.3f}", f"{saved:.0%}"))
    section.raw["hit_ratios"] = lines
    section.plots.append(
        plots.lines(
            f"writes-{name}",
            f"Pages found in L1 while posts are published ({readers})",
            {label: sorted(points) for label, points in lines.items()},
            "reads per new post",
            "hit ratio",
            log_x=True,
        )
    )
    gain = lines[_WITH][0][1] - lines[_WITHOUT][0][1]
    section.aims.append(Aim("hit ratio gained at a new post per 1,000 reads", gain, 0.0))
    return section


def _hit_ratio(reads_per_post: int, weight: Callable[[int], float], *, whole: bool = False) -> float:
    """Return the share of reads that found their page in L1."""
    from api.models import Post  # noqa: PLC0415 - models are there once Django is set up.
    from benchmarks.kitchen import Kitchen  # noqa: PLC0415

    with _whole_lists() if whole else _as_it_is():
        kitchen = Kitchen(_L1_BYTES)
        lists = [kitchen.walk(first, _DEEPEST) for first in _firsts()]
        chooser = random.Random(_SEED)
        pages = [page for urls in lists for page in urls]
        weights = list(accumulate(weight(number) for urls in lists for number in range(1, len(urls) + 1)))
        kitchen.relay()
        for page in pages:
            kitchen.build(page)
        hits = 0
        for read, page in enumerate(chooser.choices(pages, cum_weights=weights, k=_READS), start=1):
            if kitchen.holds(page):
                hits += 1
            else:
                kitchen.build(page)
            if read % reads_per_post == 0:
                _publish()
                kitchen.relay()
    # Else the next ones would walk over hundreds of posts of the same minute.
    Post.objects.filter(title__startswith=_TITLE).delete()
    return hits / _READS


def _firsts() -> Sequence[str]:
    """Return the first page of all posts, and of the tag and the author with the most."""
    from api.models import Author, Tag  # noqa: PLC0415 - see `_hit_ratio`.

    tag, author = (model.objects.order_by("-post_count").first() for model in (Tag, Author))
    base = "/api/v1/posts/"
    return base, f"{base}?tag={tag.pk}", f"{base}?author={author.pk}"


def _publish() -> None:
    from api.models import Author, Category, Post, PostTag, Tag  # noqa: PLC0415 - see `_hit_ratio`.

    # Behind the moment of builds by less than nothing: it is on the first page.
    now = timezone.now() - timedelta(microseconds=1)
    title = f"{_TITLE} {next(_number)}"
    post = Post.objects.create(
        title=title,
        slug=title.lower().replace(" ", "-"),
        excerpt=title,
        body=f"<p>{title}</p>",
        text=title,
        status=Post.Status.PUBLISHED,
        published_at=now,
        author=Author.objects.order_by("-post_count").first(),
        category=Category.objects.first(),
    )
    PostTag.objects.create(post=post, tag=Tag.objects.order_by("-post_count").first())


@contextmanager
def _whole_lists() -> Iterator[None]:
    def whole(collection: str, *_extent: Any) -> tuple[str, ...]:
        return (collection,)

    with patch("api.views.posts.range_keys", whole):
        yield


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield
