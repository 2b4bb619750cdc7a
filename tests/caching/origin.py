"""A stand-in for Django and its database, for tests of what lies in front: it can be held up, and fail.

What it stores and how it answers is the real thing: `make_entry`, `Coherence`, L1.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Semaphore

from caching.answer import unstored
from caching.coherence import Coherence, Start
from caching.entry import Reply, make_entry
from caching.flights import Landing
from caching.freshness import CachePolicy
from caching.parameters import Parameter
from caching.routes import Route, Target, cache_key
from tests.caching.entries import BODY, NOW, POLICY, make_reply

PATIENCE = 20.0  # Seconds until a test that hangs has failed.

SHORT_LIVED = CachePolicy(soft_ttl=5, hard_ttl=5, error_ttl=5, browser_ttl=1, edge_ttl=5)


def _number(value: str) -> str:
    if not value.isdigit():
        raise ValueError("need a number")
    return str(int(value))


THINGS = Route(
    "things", "/things/", POLICY, SHORT_LIVED, (Parameter("limit", _number, "20"), Parameter("page", _number))
)
THING = Route("thing", "/things/{id}/", POLICY, SHORT_LIVED)


def target_of(number: int) -> Target:
    """Return the public read of a thing."""
    path = f"/things/{number}/"
    return Target(THING, path, {}, cache_key(path, {}))


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = NOW

    def __call__(self) -> float:
        """Return the epoch second."""
        return self.now


@dataclass
class Origin:
    """Builds what `rows` holds under a path; a thing that is not there is a 404, tagged all the same."""

    coherence: Coherence
    clock: Clock = field(default_factory=Clock)
    rows: dict[str, Reply] = field(default_factory=dict)
    builds: Counter[str] = field(default_factory=Counter)
    failure: Exception | Reply | None = None
    began: Semaphore = field(default_factory=lambda: Semaphore(0))
    _may_end: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._may_end.set()

    def write(
        self, path: str, body: bytes = BODY, *, keys: Collection[str] = (), changes_at: float | None = None
    ) -> None:
        """Commit a change, and acknowledge it: its keys are invalidated."""
        self.rows[path] = make_reply(body, keys={*keys, key_of(path)}, changes_at=changes_at)
        self.coherence.invalidate({key_of(path), *keys})

    def delete(self, path: str) -> None:
        """Take the thing away."""
        del self.rows[path]
        self.coherence.invalidate({key_of(path)})

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let every build wait inside the block, after it has read the database."""
        self._may_end.clear()
        self.began = Semaphore(0)
        try:
            yield
        finally:
            self._may_end.set()

    def go_on(self) -> None:
        """Let the builds that wait go on."""
        self._may_end.set()

    async def until_building(self, builds: int = 1) -> None:
        """Return when so many builds have read the database since they are held up."""
        for _ in range(builds):
            assert await asyncio.to_thread(self.began.acquire, timeout=PATIENCE), "no build has begun"

    def __call__(self, target: Target, start: Start) -> Landing:
        """Build, as `Flights` wants it."""
        self.builds[target.key.decode()] += 1
        failure, reply = self.failure, self.rows.get(target.path)
        self.began.release()
        assert self._may_end.wait(PATIENCE), "the test does not let the build go on"
        if isinstance(failure, Exception):
            raise failure
        if isinstance(failure, Reply):
            return Landing(unstored(failure))
        reply = reply or make_reply(b'{"status":404}', status=404, keys={key_of(target.path)})
        policy = target.route.policy_for(reply.status, target.values)
        entry = make_entry(target.key, reply, policy, now=self.clock())
        return Landing(entry, self.coherence.store(entry, start=start.position))


def key_of(path: str) -> str:
    """Return the surrogate key of what lies at a path."""
    return "thing:" + path.strip("/").rpartition("/")[2]
