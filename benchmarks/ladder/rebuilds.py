"""What does it cost to show one changed row? The CPU time of the server's process, by the kernel's count.

A row of a page is changed by SQL, from outside. When our worker has heard of it, the next request for
the page has it built anew; in between come a few hits. The same is then done with a row that is on no page:
relaying, waiting and hits cost the same, so that the difference is the rebuild, with whatever the
process does after the answer. Beside it the view without a cache, for which each request is a build.
Whether the page shows the new title is checked each time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Final, Self

from benchmarks.fleet import kept_connection
from benchmarks.ladder.answers import comparable
from benchmarks.ladder.paths import Paths
from benchmarks.ladder.stage import Stage
from benchmarks.processes import cpu_seconds
from benchmarks.report import progress
from benchmarks.servers import HIT, Gunicorn
from tests.postgres import Cluster

_PAIRS: Final = 20  # In each round.
_WARM_UP: Final = 5
_PACE: Final = 0.01  # Seconds between two looks at the page.
_SETTLING: Final = 0.1  # Seconds for what is done after the answer.
_PATIENCE: Final = 10.0


@dataclass(slots=True)
class Rebuilt:
    """CPU seconds of one rebuild each, ours and beside it the uncached view's."""

    name: str
    ours: list[float] = field(default_factory=list)
    # Of these, what was used before the answer had come.
    until_answered: list[float] = field(default_factory=list)
    uncached: list[float] = field(default_factory=list)


def rebuilds(cluster: Cluster, paths: Paths, *, rounds: int) -> list[Rebuilt]:
    """Measure over Redis and without."""
    found = []
    for name, over_redis in (("ours, rebuild", True), ("ours, rebuild, no Redis", False)):
        with ExitStack() as stack:
            stage = Stage(stack, cluster)
            ours = stage.ours("readpath", stage.redis("readpath") if over_redis else None)
            uncached = stage.django("optimized", "optimized")
            with _Changes(cluster, ours, uncached, paths) as changes:
                found.append(_measured(name, changes, rounds))
    return found


def _measured(name: str, changes: _Changes, rounds: int) -> Rebuilt:
    rebuilt = Rebuilt(name)
    for _ in range(_WARM_UP):
        changes.pair()
    for number in range(1, rounds + 1):
        progress(f"ladder: round {number} of {rounds}: {name}")
        for _ in range(_PAIRS):
            until_answered, in_all = changes.pair()
            rebuilt.ours.append(in_all)
            rebuilt.until_answered.append(until_answered)
            rebuilt.uncached.append(changes.build())
    changes.require_same()
    return rebuilt


class _Changes:
    """One page, a post on it, and one that is on no page that anybody has asked for."""

    def __init__(self, cluster: Cluster, ours: Gunicorn, uncached: Gunicorn, paths: Paths) -> None:
        self._cluster, self._ours, self._uncached = cluster, ours, uncached
        self._page = paths.pages[0]
        self._shown: int = json.loads(ours.ask(self._page)[1])["results"][0]["id"]
        self._elsewhere = int(paths.details[0].rstrip("/").rpartition("/")[2])
        self._changed = 0

    def __enter__(self) -> Self:
        self._database = self._cluster.connect()
        self._titles = {
            post: self._database.execute("SELECT title FROM api_post WHERE id = %s", [post]).fetchone()[0]
            for post in (self._shown, self._elsewhere)
        }
        self._to_ours, self._to_uncached = (
            kept_connection(self._ours.port),
            kept_connection(self._uncached.port),
        )
        return self

    def __exit__(self, *_: object) -> None:
        for post, title in self._titles.items():
            self._retitle(post, title)
        self._database.close()
        self._to_ours.close()
        self._to_uncached.close()

    def pair(self) -> tuple[float, float]:
        """Return the CPU seconds of a change on the page beyond one elsewhere: until answered, and in all."""
        self._ours.wait_for_hits(self._page)
        with self._used(self._ours) as rebuilding:
            title = self._change(self._shown)
            looks = self._look_until(title)
        with self._used(self._ours) as idle:
            self._change(self._elsewhere)
            time.sleep(_PACE)
            for _ in range(looks - 1):
                self._look(self._to_ours)
                time.sleep(_PACE)
        return rebuilding[0] - idle[0], rebuilding[1] - idle[1]

    def build(self) -> float:
        """Return the CPU seconds in which the uncached view builds the page."""
        with self._used(self._uncached) as used:
            time.sleep(_PACE)
            self._look(self._to_uncached)
        return used[1]

    def require_same(self) -> None:
        """Check that what was rebuilt is what the uncached view builds."""
        if comparable(self._look(self._to_ours)[1]) != comparable(self._look(self._to_uncached)[1]):
            raise RuntimeError("the rebuilt page differs from the uncached one")

    def _look_until(self, title: str) -> int:
        """Ask for the page until it is rebuilt; return how often it was asked for."""
        deadline = time.monotonic() + _PATIENCE
        looks = 0
        while time.monotonic() < deadline:
            time.sleep(_PACE)
            status, body = self._look(self._to_ours)
            looks += 1
            if status != HIT:
                if json.loads(body)["results"][0]["title"] != title:
                    raise RuntimeError(f"the rebuilt page does not show the change: {status}")
                return looks
        raise RuntimeError(f"the page was not rebuilt within {_PATIENCE:.0f} s of a change")

    def _look(self, connection: HTTPConnection) -> tuple[str | None, bytes]:
        connection.request("GET", self._page)
        response = connection.getresponse()
        return response.headers["cache-status"], response.read()

    def _change(self, post: int) -> str:
        self._changed += 1
        title = f"Changed for the {self._changed}th time"
        self._retitle(post, title)
        return title

    def _retitle(self, post: int, title: str) -> None:
        self._database.execute("UPDATE api_post SET title = %s WHERE id = %s", [title, post])

    @contextmanager
    def _used(self, server: Gunicorn) -> Iterator[list[float]]:
        """Yield a list that will hold what the server's process used: in the block, until it had settled."""
        worker = server.worker
        used: list[float] = []
        before = cpu_seconds(worker)
        yield used
        used.append(cpu_seconds(worker) - before)
        time.sleep(_SETTLING)
        used.append(cpu_seconds(worker) - before)
