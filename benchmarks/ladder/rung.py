"""What is a rung? A server, what it is asked, and what came of it.

Most rungs run all the time, each idle while another is asked. One that builds begins anew before
each go, warms up on other URLs than those that count, and is gone afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from benchmarks.ladder.asking import Asked, Go, ask
from benchmarks.ladder.counting import StatementLog, redis_calls
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
        before = redis_calls(self.store) if self.store else 0
        go = ask(self.server, self.asked, seconds=seconds, core=stage.load_core, directory=stage.directory)
        after = redis_calls(self.store) if self.store else 0
        self.end()
        return replace(go, redis_calls=after - before)

    def count(self, stage: Stage, log: StatementLog) -> None:
        """Find out how many queries a request takes."""
        if not self.application:
            return
        self.begin(stage)
        fields = {name.replace("-", "_"): value for name, value in self.asked.fields}
        sample = [self.asked.paths[place % len(self.asked.paths)] for place in range(_SAMPLE)]
        self.queries = log.queries_per_call(
            self.application, lambda path: self.server.ask(path, **fields), sample
        )
        self.end()

    @property
    def redis_calls(self) -> float:
        """How many commands Redis ran for each answer."""
        return sum(go.redis_calls for go in self.goes) / sum(go.requests for go in self.goes)

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
