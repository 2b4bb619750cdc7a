"""What is a rung? A server, what it is asked, and what came of it.

Most rungs run all the time, each idle while another is asked. One that builds begins anew before
each go, warms up on other URLs than those that count, and is gone afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any, Final

from benchmarks.ladder import counting
from benchmarks.ladder.asking import Asked, Go, ask
from benchmarks.ladder.stage import Restarted, Stage
from tests.redis import RedisServer

_WARM_UP: Final = 1.0  # Seconds.
_SAMPLE: Final = 40  # Requests whose queries are counted.


@dataclass(slots=True)
class Rung:
    """A server and what it is asked."""

    name: str
    server: Any
    asked: Asked
    # As whom it, or who stands behind it, connects to PostgreSQL.
    application: str = ""
    store: RedisServer | None = None
    # What `Cache-Status` says of the answers that are meant.
    hit: str | None = None
    goes: list[Go] = field(default_factory=list)
    # How often it was looked at right after a go, and how often another answer came than was meant.
    looks: int = 0
    strays: int = 0
    queries: float = 0.0
    redis_calls: float = 0.0

    def begin(self, stage: Stage) -> None:
        """Make sure that what is asked next is answered as it is meant to be."""
        del stage
        if self.hit is not None:
            for path in self.asked.paths:
                self.server.wait_for_hits(path, self.hit)

    def end(self) -> None:
        """Look whether it was answered so until the end; a busy machine may have cost a worker its lease."""
        if self.hit is None:
            return
        found = [self.server.ask(path)[0].headers["cache-status"] for path in self.asked.paths]
        self.looks += len(found)
        self.strays += len([status for status in found if status != self.hit])
        if self.hit not in found:
            raise RuntimeError(f"need {self.hit!r} of {self.name} to the end, got {found[0]!r}")

    def climb(self, stage: Stage, *, seconds: float) -> Go:
        """Let it answer for some seconds."""
        self.begin(stage)
        before = counting.redis_commands(self.store) if self.store else 0
        go = ask(self.server, self.asked, seconds=seconds, core=stage.load_core, directory=stage.directory)
        after = counting.redis_commands(self.store) if self.store else 0
        self.end()
        return replace(go, redis_commands=after - before)

    def count(self, stage: Stage) -> None:
        """Find out how many queries and Redis calls a request takes."""
        fields = {name.replace("-", "_"): value for name, value in self.asked.fields}

        def call(path: str) -> None:
            self.server.ask(path, **fields)

        self.begin(stage)
        paths = [path for path, _ in zip(cycle(self.asked.paths), range(2 * _SAMPLE), strict=False)]
        if self.application:
            counted = counting.queries(stage.cluster, self.application)
            self.queries = counting.per_call(counted, call, paths[:_SAMPLE])
        if self.store is not None:
            counted = counting.redis_calls(self.store)
            self.redis_calls = counting.per_call(counted, call, paths[_SAMPLE:])
        self.end()

    @property
    def bytes(self) -> float:
        """How long an answer was on the wire."""
        return sum(go.bytes for go in self.goes) / sum(go.requests for go in self.goes)


@dataclass(slots=True)
class Building(Rung):
    """A rung that has never seen what it is asked."""

    warm: Sequence[str] = ()

    def begin(self, stage: Stage) -> None:
        """Start it with nothing in its memory nor in Redis, and let it warm up on something else."""
        server: Restarted = self.server
        server.stop()
        if self.store is not None:
            with self.store.client() as client:
                client.flushall()
        server.restart()
        ask(
            server,
            Asked(self.warm),
            seconds=_WARM_UP,
            core=stage.load_core,
            directory=stage.directory,
        )

    def end(self) -> None:
        """Stop it."""
        self.server.stop()
