"""Which servers are compared for L1 and L2, and do they answer the same?

Ours three times: over Redis, without Redis, and over Redis with an L1 that holds nothing. Beside
them the constant, and Django's `cache_page` on the same Redis. Nothing is measured unless all
answer the same bytes, and the one without an L1 from L2, with a 304 where the ETag is known.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any, Final

from benchmarks.fleet import Services
from benchmarks.load import Load, Rate, measure
from benchmarks.machine import cores
from benchmarks.report import progress
from benchmarks.servers import CONFIGURATION, GTHREAD, LIST, Gunicorn
from benchmarks.turns import Turns

_POSTS_ON_A_PAGE: Final = 22  # About 11 kB.
_TOO_SMALL: Final = "1000"  # Bytes of L1.
_FROM_L2: Final = "readpath; hit; detail=l2"
_GIVEN_BY_GUNICORN: Final = frozenset({"date", "server", "connection"})
# What a client asks by itself, ours too.
_NOT_OF_INTEREST: Final = frozenset({"info", "client|setinfo", "select"})


@dataclass(slots=True)
class Contender:
    """A server and what it is asked, with what was found in each round."""

    server: Gunicorn
    load: Load | Turns
    rates: list[Rate] = field(default_factory=list)
    # Commands that Redis ran meanwhile, by name, and in how many seconds.
    commands: list[tuple[dict[str, int], float]] = field(default_factory=list)

    def measure(self, behind: Services, *, seconds: float) -> tuple[Rate, tuple[dict[str, int], float]]:
        """Put load on the server, from another core where there are two, and count what Redis does."""
        _, core = cores()
        before, began = commands(behind), time.perf_counter()
        if isinstance(self.load, Turns):
            rate = self.load.measure(self.server, seconds=seconds, core=core, directory=behind.directory)
        else:
            rate = measure(self.server, self.load, seconds=seconds, core=core)
        after, took = commands(behind), time.perf_counter() - began
        return rate, ({name: calls - before.get(name, 0) for name, calls in after.items()}, took)

    @property
    def requests(self) -> int:
        """How many were answered in all rounds."""
        return sum(rate.requests for rate in self.rates)

    @property
    def gets(self) -> int:
        """How often Redis was asked for a value meanwhile; a tail never asks for one."""
        return sum(ran.get("get", 0) for ran, _ in self.commands)


def commands(behind: Services) -> dict[str, int]:
    """Return how often Redis has run each command, but for our own question."""
    with behind.redis.client() as client:
        found = client.info("commandstats")
    names = {name.removeprefix("cmdstat_"): said["calls"] for name, said in found.items()}
    return {name: calls for name, calls in names.items() if name not in _NOT_OF_INTEREST}


@contextmanager
def contenders(behind: Services) -> Iterator[dict[str, Contender]]:
    """Start all servers; yield who is asked what, once all of them answer the same."""
    server_core, _ = cores()
    with ExitStack() as stack:

        def gunicorn(name: str, *arguments: str, redis: bool = True, **variables: str) -> Gunicorn:
            progress(f"tiers: starting {name}")
            environment = behind.environment(with_redis=redis, **variables)
            log = behind.directory / f"{name}.log"
            return stack.enter_context(Gunicorn(arguments, environment, log=log, core=server_core))

        shared = gunicorn("readpath with Redis", *CONFIGURATION)
        alone = gunicorn("readpath", *CONFIGURATION, redis=False)
        small = gunicorn("readpath with a small L1", *CONFIGURATION, READPATH_L1_BYTES=_TOO_SMALL)
        cached = gunicorn(
            "cache_page",
            *GTHREAD,
            redis=False,
            DJANGO_SETTINGS_MODULE="benchmarks.alternative_settings",
            BENCHMARK_REDIS=str(behind.redis.path),
        )
        urls = _pages(alone)
        page = urls[0][0]
        for server in (shared, alone):
            server.wait_for_hits(page)
        file = behind.directory / "constant.json"
        file.write_text(json.dumps(_answer(alone, page)))
        application = "benchmarks.constant:application"
        constant = gunicorn(
            "constant", *CONFIGURATION, application, redis=False, BENCHMARK_CONSTANT=str(file)
        )
        _require_same(urls, alone, small, cached)
        every = Turns([(path, "") for path, _ in urls])
        yield {
            "L1 hits, Redis": Contender(shared, Load(page)),
            "L1 hits": Contender(alone, Load(page)),
            "constant": Contender(constant, Load(page)),
            "L2 hits": Contender(small, every),
            "L2 304s": Contender(small, Turns(urls, status=304)),
            "cache_page": Contender(cached, every),
        }


def _pages(server: Gunicorn) -> list[tuple[str, str]]:
    """Return the pages of the list after its first, which ages too soon, and their ETags."""
    urls = []
    following = json.loads(server.ask(f"{LIST}?limit={_POSTS_ON_A_PAGE}")[1])["next"]
    while following:
        response, body = server.ask(following)
        urls.append((following, response.headers["etag"]))
        following = json.loads(body)["next"]
    return urls[:-1]  # The last may be short.


def _answer(server: Gunicorn, path: str) -> dict[str, Any]:
    response, body = server.ask(path)
    return {"fields": _own_fields(response), "body": body.decode()}


def _own_fields(response: HTTPResponse) -> list[tuple[str, str]]:
    return [pair for pair in response.getheaders() if pair[0].lower() not in _GIVEN_BY_GUNICORN]


def _require_same(urls: list[tuple[str, str]], alone: Gunicorn, small: Gunicorn, cached: Gunicorn) -> None:
    """Check that all answer the same bytes, and the worker with next to no L1 from L2, and with 304s."""
    for path, etag in urls:
        body = alone.ask(path)[1]
        from_l2 = small.wait_for_hits(path, _FROM_L2)
        unchanged, nothing = small.ask(path, if_none_match=etag)
        _require(unchanged.status == 304 and not nothing, f"L2 knows the ETag of {path}")
        cached.ask(path)
        _require(body == from_l2 == cached.ask(path)[1], f"all answer the same bytes to {path}")


def _require(is_so: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence.
    if not is_so:
        raise RuntimeError(f"nothing measured, for it is not so that {what}")
