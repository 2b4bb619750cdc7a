"""How is one representation built once, however many ask for it at the same time?

The first request for a key launches a flight, which goes on whether or not its client stays:
it asks what the workers share, and else builds in a pool of threads, unless another worker is
building it already. Others join the flight. A follower may take the result only if the write
it may have heard of is in it: when one of the entry's keys was invalidated after the flight's
start but before the follower arrived, the follower needs a flight of its own.

    position   start ───────────── arrived ──────────── landed
    follower           key invalidated here?  yes ─► fly again
                                                     no ─► take the result

The pool and its queue are bounded; past the bound a flight lands with `Overloaded`. All of this
runs in the event loop's thread, except the builds themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from caching.answer import Answer, refusal
from caching.coherence import Coherence, Start
from caching.entry import Entry
from caching.freshness import Freshness
from caching.routes import Target

LONGEST_WAIT: Final = 30.0  # Seconds; a build that takes longer answers nobody.
_RETRY: Final = (b"retry-after", b"2")


class Overloaded(Exception):
    """No thread is free for another build, and enough builds wait for one already."""


class _Refused(Exception):
    """The client who launched the flight may not have anything built."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason: Final = reason


class Origin(Enum):
    """Where a landing's entry comes from."""

    BUILD = "built by this worker"
    L2 = "found in L2"
    ELSEWHERE = "built by another worker meanwhile"


@dataclass(frozen=True, slots=True)
class Landing:
    """What a flight came to: an entry, or an answer that must not be kept; and whether it was stored."""

    result: Entry | Answer
    is_stored: bool = False
    origin: Origin = Origin.BUILD


class Claim(Protocol):
    """The wish to build a URL for all workers."""

    async def make(self) -> bool:
        """Try to get the right to build."""

    async def other_ended(self) -> int | None:
        """Wait until whoever holds the right has built, or has died; return the status of an error."""

    def held(self) -> AbstractAsyncContextManager[None]:
        """Keep the right while the block builds."""

    def fail(self, status: int) -> None:
        """Let those who wait have an error with this status."""


class Others(Protocol):
    """What the other workers have built, or are building."""

    async def entry(self, key: bytes) -> Entry | None:
        """Return the entry in L2, if it is usable; it is in L1 then, too."""

    def claim(self, key: bytes) -> Claim:
        """Return a claim to build the URL, to be made."""


@dataclass(slots=True)
class _Flight:
    number: int
    start: Start
    landed: asyncio.Future[Landing]


# Runs in a thread of the pool: the target, and where the build began.
Build = Callable[[Target, Start], Landing]


def _unlimited() -> None:
    """Let anybody launch."""


class Flights:
    """The flights of this process, one per cache key."""

    def __init__(  # noqa: PLR0913 - the parts it is made of.
        self,
        build: Build,
        coherence: Coherence,
        *,
        threads: int,
        queue: int,
        others: Others | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._build: Final = build
        self._clock: Final = clock
        self._coherence: Final = coherence
        self._others: Final = others
        self._capacity: Final = threads + queue
        self._pool: Final = ThreadPoolExecutor(threads, thread_name_prefix="build")
        self._building = 0
        self._launched = 0
        self._flights: Final[dict[bytes, _Flight]] = {}
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    def is_flying(self, target: Target) -> bool:
        """Tell whether the target is on its way."""
        return target.key in self._flights

    async def obtain(
        self, target: Target, *, may_build: Callable[[], None] = _unlimited, is_informed: bool = True
    ) -> tuple[Landing, bool]:
        """Launch a flight for the target or join it; return the landing, and whether another launched it.

        `may_build` is called before a build and may raise to refuse it. Not `is_informed`: this
        process may not have heard of writes that the client has, so only a flight that was
        launched after the client's arrival will do. Raises `Overloaded` when there is no room for
        a build, `TimeoutError` when one takes too long.
        """
        arrived, arrived_at, launched = self._coherence.position(), self._clock(), self._launched
        while True:
            flight = self._flights.get(target.key)
            is_follower = flight is not None
            if flight is None:
                flight = self.launch(target, may_build=may_build)
            try:
                # Shielded: a client that goes away takes its own wait with it, not the build.
                async with asyncio.timeout(LONGEST_WAIT):
                    landing = await asyncio.shield(flight.landed)
            except _Refused as refused:
                if is_follower:
                    continue  # That was for the client who launched it.
                raise refused.reason from None
            # A flight launched after we arrived knows all that we may know.
            if flight.number > launched:
                return landing, is_follower
            if is_informed and not self._is_outdated(landing, flight, arrived, arrived_at):
                return landing, is_follower

    def launch(
        self, target: Target, *, may_build: Callable[[], None] = _unlimited, is_renewal: bool = False
    ) -> _Flight:
        """Begin a flight; a renewal takes nothing from L2 that is stale already."""
        loop = asyncio.get_running_loop()
        self._launched += 1
        flight = _Flight(self._launched, self._coherence.begin(), loop.create_future())
        self._flights[target.key] = flight
        task = loop.create_task(self._fly(target, flight, may_build, is_renewal=is_renewal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flight

    def close(self) -> None:
        """Accept no more builds."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _fly(
        self, target: Target, flight: _Flight, may_build: Callable[[], None], *, is_renewal: bool
    ) -> None:
        try:
            if self._others is None:
                landing = await self._built(target, flight, may_build)
            else:
                landing = await self._shared(target, flight, may_build, self._others, is_renewal=is_renewal)
        except (_Refused, Overloaded) as refused:
            self._land(target, flight, refused)
        except BaseException as error:
            self._land(target, flight, error)
            raise
        else:
            self._land(target, flight, landing)

    async def _shared(
        self,
        target: Target,
        flight: _Flight,
        may_build: Callable[[], None],
        others: Others,
        *,
        is_renewal: bool,
    ) -> Landing:
        """Return what another worker has built, or builds now; else build it for all."""
        usable = {Freshness.FRESH} if is_renewal else {Freshness.FRESH, Freshness.STALE}
        claim: Claim | None = None
        origin = Origin.L2
        while True:
            # What we wait for may take long: what was invalidated meanwhile overtakes nothing of ours.
            flight.start = self._coherence.begin()
            entry = await others.entry(target.key)
            if entry is not None and entry.freshness(now=self._clock()) in usable:
                return Landing(entry, is_stored=True, origin=origin)
            claim = claim or others.claim(target.key)
            if await claim.make():
                break
            origin = Origin.ELSEWHERE
            status = await claim.other_ended()
            if status is not None:
                return Landing(_failed_elsewhere(status, target), origin=origin)
        async with claim.held():
            # Who held the claim before us may have ended between our look and our claim.
            entry = await others.entry(target.key)
            if entry is not None and entry.freshness(now=self._clock()) in usable:
                return Landing(entry, is_stored=True, origin=Origin.ELSEWHERE)
            landing = await self._built(target, flight, may_build)
            if not isinstance(landing.result, Entry) and landing.result.status >= 500:
                claim.fail(landing.result.status)
            return landing

    async def _built(self, target: Target, flight: _Flight, may_build: Callable[[], None]) -> Landing:
        if self._building >= self._capacity:
            raise Overloaded
        try:
            may_build()
        except Exception as reason:
            raise _Refused(reason) from reason
        self._building += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._build, target, flight.start)
        finally:
            self._building -= 1

    def _land(self, target: Target, flight: _Flight, outcome: Landing | BaseException) -> None:
        # Taken off the board before anybody hears of it: whoever must fly again finds no flight.
        del self._flights[target.key]
        if isinstance(outcome, Landing):
            flight.landed.set_result(outcome)
            return
        if not isinstance(outcome, _Refused | Overloaded):
            outcome = RuntimeError(f"building {target.key!r} failed")
        flight.landed.set_exception(outcome)
        flight.landed.exception()  # Looked at, for the case that nobody waits any more.

    def _is_outdated(self, landing: Landing, flight: _Flight, arrived: int, arrived_at: float) -> bool:
        entry = landing.result
        if not isinstance(entry, Entry):
            return False
        if entry.changes_at is not None and entry.changes_at <= arrived_at:
            return True  # A moment is like a write: the build looked before it, the follower came after.
        return self._coherence.touched(entry.surrogate_keys, after=flight.start.position, until=arrived)


def _failed_elsewhere(status: int, target: Target) -> Answer:
    detail = "building the representation failed in another worker; try again in a few seconds"
    return refusal(status, detail, fields=[_RETRY], instance=target.path)
