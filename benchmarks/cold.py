"""Where does the time of a build go, and what has each step taken out of it?

In process and by the thread's own CPU time, which neighbours on the machine disturb least; the
database works elsewhere if it is a PostgreSQL. The same pages of 20 posts are made in turns:

    naive             every row asks for its author, category and tags
    optimized         `optimized_for_list`, model instances, serializers; by OFFSET and by keyset
    plain rows        tuples by statements compiled once, no request: what a view answers here
    a build           all of it: snapshot, view, entry, fragments kept, L1
    a rebuild         the same page again, after one of its posts has changed; and after none has

What the views answer is compared before anything is timed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import django
import orjson

from benchmarks import content, plots
from benchmarks.report import Aim, Section, middle, progress

if TYPE_CHECKING:
    from benchmarks.kitchen import Kitchen

POSTS: Final = 20_000
_PAGES: Final = 40
_L1_BYTES: Final = 256 * 1024 * 1024

Make = Callable[[str], bytes]


def run(*, rounds: int, posts: int = POSTS, database_url: str | None = None) -> list[Section]:
    """Measure on generated posts, or on a database that is there."""
    if database_url is None:
        database_url = content.database_url(posts)
    else:
        content.fill_if_empty(database_url, posts)
    os.environ.update(content.environment(database_url))
    django.setup()
    # Models are there only once Django is set up.
    from caching.models import Outbox  # noqa: PLC0415

    # As where a relay runs: with rows waiting, builds use nothing that was kept.
    Outbox.objects.all().delete()
    from benchmarks.kitchen import Kitchen  # noqa: PLC0415

    kitchen = Kitchen(_L1_BYTES)
    pages = kitchen.walk("/api/v1/posts/", _PAGES)
    return [_steps(kitchen, pages, rounds), _parts(kitchen, pages, rounds)]


def _steps(kitchen: Kitchen, pages: Sequence[str], rounds: int) -> Section:
    title = f"A page of 20 posts, made anew ({_PAGES} pages in turns)"
    section = Section(title, ("step", "CPU µs", "least", "greatest", "of the optimized"))
    steps: dict[str, tuple[Make, Sequence[str]]] = {
        "naive ModelViewSet": (_naive(), [f"/api/v1/posts/?page={n}" for n in range(1, _PAGES + 1)]),
        "optimized_for_list, offset": (_by_offset(), [f"/numbered/?page={n}" for n in range(1, _PAGES + 1)]),
        "optimized_for_list, keyset": (_by_keyset(), pages),
        "plain rows": (kitchen.view, pages),
        "a build": (kitchen.cold, pages),
        "a rebuild, one post changed": (partial(_rebuilt, kitchen), pages),
        "a rebuild, none changed": (kitchen.build, pages),
    }
    for name, (make, urls) in steps.items():
        kitchen.warm(pages)
        _require_same(kitchen, name, make, urls, pages)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for round_ in range(rounds):
        progress(f"cold: round {round_ + 1} of {rounds}")
        for name, (make, urls) in steps.items():
            kitchen.warm(pages)
            times[name].append(_cpu_seconds(make, urls) * 1e6)
    optimized = times["optimized_for_list, keyset"]
    for name, found in times.items():
        ratio = median(ours / theirs for ours, theirs in zip(found, optimized, strict=True))
        section.rows.append((name, *(f"{value:,.0f}" for value in middle(found)), f"{ratio:.2f}"))
    for name, bound in (("a build", 3.0), ("a rebuild, one post changed", 5.0)):
        faster = median(theirs / ours for ours, theirs in zip(times[name], optimized, strict=True))
        section.aims.append(Aim(f"{name}: how many in the time of one optimized, keyset", faster, bound))
    section.raw["cpu_microseconds"] = times
    ours = {name for name in steps if name.startswith(("plain", "a "))}
    section.plots.append(
        plots.medians("cold-steps", "CPU time of a page of 20 posts", times, unit="µs", ours=ours)
    )
    return section


def _cpu_seconds(make: Make, urls: Sequence[str]) -> float:
    before = time.thread_time()
    for url in urls:
        make(url)
    return (time.thread_time() - before) / len(urls)


def _rebuilt(kitchen: Kitchen, url: str) -> bytes:
    """Build a page one of whose posts has changed; the others are kept."""
    entry = kitchen.coherence.l1.get(url.encode())
    posts = sorted(key for key in entry.surrogate_keys if key.startswith("post:") and key[5:].isdigit())
    kitchen.coherence.invalidate([posts[len(posts) // 2]])
    return kitchen.build(url)


def _require_same(kitchen: Kitchen, name: str, make: Make, urls: Sequence[str], pages: Sequence[str]) -> None:
    """Raise unless a step shows the same posts as the view does, on each page."""
    for url, page in zip(urls, pages, strict=True):
        shown, wanted = (orjson.loads(body)["results"] for body in (make(url), kitchen.view(page)))
        if [post["id"] for post in shown] != [post["id"] for post in wanted]:
            raise RuntimeError(f"nothing measured, for {name} shows other posts at {url}")


def _django_view(view: Any) -> Make:
    from rest_framework.test import APIRequestFactory  # noqa: PLC0415 - see `run`.

    requests = APIRequestFactory(SERVER_NAME="localhost")

    def make(url: str) -> bytes:
        response = view(requests.get(url))
        if response.status_code != 200:
            raise RuntimeError(f"need a page, got {response.status_code} for {url}: {response.content!r}")
        response.render()
        return bytes(response.content)

    return make


def _naive() -> Make:
    from django.urls import set_urlconf  # noqa: PLC0415 - see `run`.

    from benchmarks.ladder.views import naive  # noqa: PLC0415

    make = _django_view(naive.PostViewSet.as_view({"get": "list"}))

    def made(url: str) -> bytes:
        # Its serializers link by the names of its own URLs.
        set_urlconf("benchmarks.ladder.views.naive")
        try:
            return make(url)
        finally:
            set_urlconf(None)

    return made


def _by_offset() -> Make:
    from benchmarks.ladder.views import optimized  # noqa: PLC0415 - see `run`.

    return _django_view(optimized.NumberedPosts.as_view())


def _by_keyset() -> Make:
    from benchmarks.ladder.views import optimized  # noqa: PLC0415 - see `run`.

    return _django_view(optimized.Posts.as_view())


def _parts(kitchen: Kitchen, pages: Sequence[str], rounds: int) -> Section:
    """Tell how a build's time is divided, by the clock: queries wait for the database."""
    from api.serializers.plain import PlainShown  # noqa: PLC0415 - see `run`.
    from caching import django_builds  # noqa: PLC0415
    from caching.coherence import Coherence  # noqa: PLC0415
    from querysets.statements import Query  # noqa: PLC0415

    section = Section("The parts of a build", ("part", "calls", "µs, together", "share of the build"))
    parts = {
        "queries, and rows from them": (Query, "rows"),
        "JSON of the rows": (PlainShown, "body"),
        "their surrogate keys": (PlainShown, "keys"),
        "the entry": (django_builds, "make_entry"),
        "into L1: entry and fragments": (Coherence, "store"),
    }
    found: dict[str, list[float]] = {name: [] for name in (*parts, "all")}
    calls = dict.fromkeys(parts, 0)
    for _ in range(rounds):
        spent = dict.fromkeys(parts, 0.0)
        with _clocked(parts, spent, calls):
            before = time.perf_counter()
            for url in pages:
                kitchen.cold(url)
            found["all"].append((time.perf_counter() - before) / len(pages) * 1e6)
        for name, seconds in spent.items():
            found[name].append(seconds / len(pages) * 1e6)
    whole = median(found["all"])
    for name in parts:
        part = median(found[name])
        per_build = calls[name] / (rounds * len(pages))
        section.rows.append((name, f"{per_build:.0f}", f"{part:,.0f}", f"{part / whole:.0%}"))
    rest = whole - sum(median(found[name]) for name in parts)
    section.rows.append(("all else: snapshot, parameters, links", "", f"{rest:,.0f}", f"{rest / whole:.0%}"))
    section.rows.append(("the build", "", f"{whole:,.0f}", "100%"))
    section.raw["microseconds"] = found
    return section


@contextmanager
def _clocked(
    parts: dict[str, tuple[Any, str]], spent: dict[str, float], calls: dict[str, int]
) -> Iterator[None]:
    """Add up the time that is spent in each part, which costs a microsecond a call itself."""
    originals = {name: getattr(owner, attribute) for name, (owner, attribute) in parts.items()}

    def clocked(name: str) -> Callable[..., Any]:
        original = originals[name]

        def call(*args: Any, **options: Any) -> Any:
            before = time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                spent[name] += time.perf_counter() - before
                calls[name] += 1

        return call

    for name, (owner, attribute) in parts.items():
        setattr(owner, attribute, clocked(name))
    try:
        yield
    finally:
        for name, (owner, attribute) in parts.items():
            setattr(owner, attribute, originals[name])
