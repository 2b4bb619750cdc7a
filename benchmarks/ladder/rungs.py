"""Which rungs are there? From the view that one writes first to the proxy in front.

All answer the same page, or pages of the same kind: 20 posts. Rungs without a cache, and our builds,
walk over distinct pages, the same for all. Rungs with a cache are asked for one page that they have
kept, which is the best that they can do; what they do for a miss is the rung that they stand on.
Nothing is measured unless all of them answer the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.ladder.answers import require_same, require_unchanged
from benchmarks.ladder.asking import Asked
from benchmarks.ladder.paths import NAIVE_LIST, NUMBERED_LIST, Paths
from benchmarks.ladder.proxies import NGINX_HIT, VARNISH_HIT
from benchmarks.ladder.rung import Building, Rung
from benchmarks.ladder.stage import FEW_THREADS, MANY_THREADS, Stage
from benchmarks.report import progress
from benchmarks.servers import HIT

NAIVE: Final = "naive ModelViewSet"
OFFSET: Final = "optimized_for_list, offset"
KEYSET: Final = "optimized_for_list, keyset"
CACHALOT: Final = "django-cachalot"
PAGE_LOCMEM: Final = "cache_page, locmem"
PAGE_REDIS: Final = "cache_page, Redis"
PAGE_DJANGO_REDIS: Final = "cache_page, django-redis"
EXTENSIONS: Final = "drf-extensions"
CACHEOPS: Final = "django-cacheops"
BUILD: Final = "ours, build (cold)"
BUILD_ALONE: Final = "ours, build (cold), no Redis"
L2: Final = "ours, L2 hit"
L1: Final = "ours, L1 hit"
UNCHANGED: Final = "ours, 304"
NGINX: Final = "nginx proxy_cache, us behind"
VARNISH: Final = "Varnish, us behind"
CONSTANT: Final = "same worker, a constant"
FILE: Final = "nginx, a file"
NAIVE_DETAIL: Final = "naive ModelViewSet, detail"
OPTIMIZED_DETAIL: Final = "optimized_for_detail"
DETAIL: Final = "ours, detail build (cold)"
DETAIL_ALONE: Final = "ours, detail build (cold), no Redis"
OURS: Final = frozenset({BUILD, BUILD_ALONE, L2, L1, UNCHANGED, DETAIL, DETAIL_ALONE})

_COMPARED: Final = 3  # Of each kind of URL.
_FROM_L2: Final = "readpath; hit; detail=l2"
_TOO_SMALL: Final = "1000"  # Bytes of L1: no page fits.
# More pages than connections: else two clients would ask at once for the same, and share an answer.
_IN_TURN: Final = 64


class Rungs:
    """All rungs, in the order of the table, and what they were checked against."""

    def __init__(self, stage: Stage, paths: Paths) -> None:
        self._stage = stage
        self._paths = paths
        self._front = stage.ours("readpath", store := stage.redis("readpath"))
        self._store = store
        self._hot = paths.pages[0]
        self._pages = [self._front.ask(path)[1] for path in paths.pages[:_COMPARED]]
        self._details = [self._front.ask(path)[1] for path in paths.details[:_COMPARED]]

    def lists(self) -> list[Rung]:
        """Start and check all that answer a list."""
        return [*self._uncached(), *self._cached(), *self._builds(), *self._hits(), *self._limits()]

    def details(self) -> list[Rung]:
        """Start and check all that answer a post."""
        asked = Asked(self._paths.details, once=True)
        found = []
        for name, settings in ((NAIVE_DETAIL, "naive"), (OPTIMIZED_DETAIL, "optimized")):
            server = self._stage.django(f"{settings}-detail", settings)
            self._require_details(name, server)
            found.append(Rung(name, server, asked, f"{settings}-detail"))
        return [*found, *self._both_builds(DETAIL, DETAIL_ALONE, asked, self._paths.warm_details)]

    def _uncached(self) -> list[Rung]:
        naive = self._stage.django("naive", "naive")
        optimized = self._stage.django("optimized", "optimized")
        by_name = {
            NAIVE: (naive, "naive", self._paths.numbered(NAIVE_LIST)),
            OFFSET: (optimized, "optimized", self._paths.numbered(NUMBERED_LIST)),
            KEYSET: (optimized, "optimized", self._paths.pages),
        }
        for name, (server, _, urls) in by_name.items():
            self._require_pages(name, server, urls)
        return [
            Rung(name, server, Asked(urls, once=True), application)
            for name, (server, application, urls) in by_name.items()
        ]

    def _cached(self) -> list[Rung]:
        found = []
        for name, settings in (
            (CACHALOT, "cachalot"),
            (PAGE_LOCMEM, "cache_page_locmem"),
            (PAGE_REDIS, "cache_page_redis"),
            (PAGE_DJANGO_REDIS, "cache_page_django_redis"),
            (EXTENSIONS, "extensions"),
            (CACHEOPS, "cacheops"),
        ):
            store = None if name == PAGE_LOCMEM else self._stage.redis(settings)
            threads = FEW_THREADS if name in {CACHALOT, CACHEOPS} else MANY_THREADS
            server = self._stage.django(settings, settings, store, threads=threads)
            self._require_pages(name, server, self._paths.pages)
            found.append(Rung(name, server, Asked([self._hot]), settings, store))
        return found

    def _builds(self) -> list[Rung]:
        asked = Asked(self._paths.pages, once=True)
        return self._both_builds(BUILD, BUILD_ALONE, asked, self._paths.warm_pages)

    def _both_builds(self, name: str, alone: str, asked: Asked, warm: Sequence[str]) -> list[Rung]:
        """Return the service as it builds over Redis, and without."""
        application = "readpath-" + ("detail" if name == DETAIL else "list")
        store = self._stage.redis(application)
        found: list[Rung] = []
        for title, application_name, one in (
            (name, application, store),
            (alone, f"{application}-alone", None),
        ):
            server = self._stage.restarted(application_name, one)
            rung = Building(title, server, asked, application_name, one, warm=warm)
            server.restart()
            check = self._require_details if name == DETAIL else self._require_pages
            check(title, server)
            server.stop()
            found.append(rung)
        return found

    def _hits(self) -> list[Rung]:
        store = self._stage.redis("readpath-l2")
        from_l2 = self._stage.ours("readpath-l2", store, READPATH_L1_BYTES=_TOO_SMALL)
        self._require_pages(L2, from_l2)
        etag = self._front.ask(self._hot)[0].headers["etag"]
        require_unchanged(self._front, self._hot, etag)
        hot = Asked([self._hot])
        unchanged = Asked([self._hot], fields=(("If-None-Match", etag),))
        nginx, varnish = self._stage.nginx_cache(self._front), self._stage.varnish(self._front)
        for name, proxy in ((NGINX, nginx), (VARNISH, varnish)):
            self._require_pages(name, proxy)
        in_turn = Asked(self._paths.pages[:_IN_TURN])
        return [
            Rung(L2, from_l2, in_turn, "readpath-l2", store, hit=_FROM_L2),
            Rung(L1, self._front, hot, "readpath", self._store, hit=HIT),
            Rung(UNCHANGED, self._front, unchanged, "readpath", self._store, hit=HIT),
            Rung(NGINX, nginx, hot, "readpath", self._store, hit=NGINX_HIT),
            Rung(VARNISH, varnish, hot, "readpath", self._store, hit=VARNISH_HIT),
        ]

    def _limits(self) -> list[Rung]:
        page = self._front.ask(self._hot)
        constant, file = self._stage.constant("constant", page), self._stage.nginx_file(page[1])
        for name, server in ((CONSTANT, constant), (FILE, file)):
            require_same(name, server, [self._hot], [page[1]])
        return [
            Rung(CONSTANT, constant, Asked([self._hot])),
            Rung(FILE, file, Asked([self._hot])),
        ]

    def _require_pages(self, name: str, server: object, urls: Sequence[str] | None = None) -> None:
        progress(f"ladder: does {name} answer the same?")
        require_same(name, server, (urls or self._paths.pages)[:_COMPARED], self._pages)

    def _require_details(self, name: str, server: object) -> None:
        progress(f"ladder: does {name} answer the same?")
        require_same(name, server, self._paths.details[:_COMPARED], self._details)
