"""How does a run go? Write and read with faults in between, wait until the queue is empty, judge.

At the end comes a proof that the judge sees what is stale: the wires over which the edges are purged
are cut, a title is changed that every edge has kept, and the old one has to be found at each.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

from tests.edges.chaos import reading, writing
from tests.edges.chaos.faults import FAULTS
from tests.edges.chaos.history import Histories
from tests.edges.chaos.plan import Plan, plan
from tests.edges.chaos.reading import Reads, Stale
from tests.edges.chaos.sharing import Writers, things
from tests.edges.chaos.stage import Edge, Stage, running_stage
from tests.edges.chaos.verdict import Truth, answered, evidence, stale_answers
from tests.edges.chaos.waiting import Waiting
from tests.redis import wait_until

EMPTY_WITHIN = 90.0  # Seconds; an edge that has failed for long is left alone for 15.
_ENDS_WITHIN = 60.0


@dataclass(frozen=True)
class Options:
    """How a run is to be."""

    writes: int
    seed: int = 7
    faults: Sequence[str] = tuple(FAULTS)
    times: int = 1  # How often each fault comes.
    posts: int = 40
    writers: int = 6
    readers: int = 2  # For each edge.
    reads_per_second: float = 150.0


@dataclass
class Outcome:
    """What came of it."""

    options: Options
    writes: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    attempts_lost: int = 0
    longest_write: float = 0.0
    reads: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)  # Things that reads showed, by the edge.
    floors_raised: int = 0
    most_waiting: int = 0
    incidents: list[tuple[str, int, float]] = field(default_factory=list)  # Fault, after writes, seconds.
    seconds: float = 0.0
    empty_after: float = 0.0
    urls: int = 0
    compared: int = 0
    stale_meanwhile: list[Stale] = field(default_factory=list)
    stale: list[Stale] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    # Edges at which the judge has found an answer that was made stale on purpose.
    seen_by_the_judge: set[str] = field(default_factory=set)


def run(options: Options, tell: Callable[[str], None] = lambda text: None) -> Outcome:
    """Start everything, put it to the test, and return what came of it."""
    tell("starting PostgreSQL, Redis, two workers, and two Varnish")
    with running_stage(posts=options.posts) as stage:
        outcome = Outcome(options)
        play = _Play(stage, options, outcome, tell)
        try:
            play.load()
            play.judge()
            play.prove()
        except BaseException:
            for name in ("follower.log", "gunicorn.log"):
                tell(f"the end of {name}:\n{stage.log(name)}")
            raise
        return outcome


class _Play:
    def __init__(self, stage: Stage, options: Options, outcome: Outcome, tell: Callable[[str], None]) -> None:
        self._stage, self._options, self._outcome, self._tell = stage, options, outcome, tell
        self._plan: Plan = plan(
            options.seed, writes=options.writes, faults=options.faults, times=options.times
        )
        edges = tuple(stage.edges)
        self._histories = Histories(edges)
        things(stage.library, self._histories)
        self._reads = Reads(stage.library, self._histories)
        self._waiting = Waiting(stage.fleet.cluster.connecting, self._histories, edges)
        self._writers = Writers(self._plan, stage.library, self._histories)

    def load(self) -> None:
        """Write as much as is planned, and read all the while."""
        began = time.monotonic()
        with self._reading(), self._looking():
            threads = writing.started(
                self._writers,
                self._options.writers,
                port=self._stage.fleet.port,
                connecting=self._stage.fleet.cluster.connecting,
            )
            try:
                self._cause(threads)
            finally:
                self._writers.up_to(self._plan.writes)
                for thread in threads:
                    thread.join(_ENDS_WITHIN)
            self._check()
            self._tell(f"{self._writers.done} writes are acknowledged; waiting until the queue is empty")
            self._outcome.empty_after = self._waiting.until_empty(EMPTY_WITHIN)
        self._check()
        self._note(time.monotonic() - began)

    def judge(self) -> None:
        """Compare all that was ever read."""
        outcome, stage = self._outcome, self._stage
        outcome.urls = len({url for _, url, _ in self._reads.read})
        self._tell(f"comparing {len(self._reads.read):,} answers of {outcome.urls:,} URLs")
        outcome.compared = len(self._reads.read)
        outcome.stale = self._stale(self._reads.read)
        outcome.evidence = evidence(outcome.stale, stage.fleet.port)

    def prove(self) -> None:
        """Make an answer stale at every edge, and see whether the judge finds it."""
        stage = self._stage
        number = next(one for one in self._writers.living["post"] if self._is_public(one))
        history = self._histories.of["post", number]
        url = f"/api/v1/posts/{history.pk}/"
        read = {(edge, url, "identity") for edge in stage.edges}
        for edge in stage.edges.values():
            edge.wire.cut()
        try:
            for edge in stage.edges.values():
                wait_until(lambda edge=edge: _is_kept(edge, url), f"{url} is not kept")
            assert not self._stale(read)
            self._patch(url, number)
            self._outcome.seen_by_the_judge = {one.edge for one in self._stale(read)}
        finally:
            for edge in stage.edges.values():
                edge.wire.mend()

    def _stale(self, read: AbstractSet[tuple[str, str, str]]) -> list[Stale]:
        with closing(Truth(self._stage.truth.port)) as truth:
            return stale_answers(read, self._stage.ports, truth)

    def _is_public(self, number: int) -> bool:
        # Others have been written by SQL since; what counts is what the public sees.
        return self._histories.of["post", number].states[-1] >= 0

    def _patch(self, url: str, number: int) -> None:
        library = self._stage.library
        connection = HTTPConnection("127.0.0.1", self._stage.fleet.port, timeout=_ENDS_WITHIN)
        fields = {
            "Authorization": f"Token {library.tokens[library.author_of(number)]}",
            "Content-Type": "application/json",
        }
        connection.request("PATCH", url, json.dumps({"title": "Written past all edges"}), fields)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        connection.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        options = self._options
        threads = reading.started(
            self._reads,
            self._stage.ports,
            seed=options.seed,
            threads=options.readers,
            per_second=options.reads_per_second,
        )
        try:
            yield
        finally:
            self._reads.ended.set()
            for thread in threads:
                thread.join(_ENDS_WITHIN)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._waiting.run, name="waiting")
        thread.start()
        try:
            yield
        finally:
            self._waiting.ended.set()
            thread.join(_ENDS_WITHIN)

    def _cause(self, writers: Sequence[threading.Thread]) -> None:
        """Cause each fault when its moment has come; return when all is written."""
        dice = random.Random(f"dice {self._options.seed}")
        moments = [moment for moment, _ in self._plan.faults]
        followings = [*moments, self._plan.writes][1:]
        for (moment, name), following in zip(self._plan.faults, followings, strict=True):
            self._writers.up_to(moment)
            self._until(lambda moment=moment: self._writers.done >= moment, writers)
            # Until the next fault, and no further: each of them is to have writes around it.
            self._writers.up_to(following)
            began = time.monotonic()
            self._tell(f"after {self._writers.done:,} of {self._options.writes:,} writes: {name}")
            FAULTS[name](self._stage, dice.random())
            self._outcome.incidents.append((name, self._writers.done, time.monotonic() - began))
        self._writers.up_to(self._plan.writes)
        self._until(lambda: False, writers)

    def _until(self, holds: Callable[[], bool], writers: Sequence[threading.Thread]) -> None:
        while not holds() and any(thread.is_alive() for thread in writers):
            self._check()
            time.sleep(0.01)

    def _check(self) -> None:
        for failures in (self._writers.failures, self._reads.failures, self._waiting.failures):
            for failure in failures:
                raise failure

    def _note(self, seconds: float) -> None:
        outcome, writers, reads = self._outcome, self._writers, self._reads
        outcome.seconds = seconds
        outcome.writes, outcome.refused = writers.acknowledged, writers.refused.total()
        outcome.attempts_lost, outcome.longest_write = writers.attempts_lost, writers.longest
        outcome.reads, outcome.checked, outcome.stale_meanwhile = reads.outcomes, reads.checked, reads.stale
        outcome.floors_raised, outcome.most_waiting = self._waiting.raised, self._waiting.most


def _is_kept(edge: Edge, url: str) -> bool:
    with closing(HTTPConnection("127.0.0.1", edge.varnish.port, timeout=_ENDS_WITHIN)) as connection:
        response, _ = answered(connection, url, "identity")
    return "Varnish; hit" in (response.headers["cache-status"] or "")
