"""How is one representation built once, however many ask for it at the same time?

The first request for a key launches a flight: a build in a pool of threads, which goes on
whether or not its client stays. Others join it. A follower may take the result only if the
write it may have heard of is in it: when one of the entry's keys was invalidated after the
flight's start but before the follower arrived, the follower needs a flight of its own.

    position   start ───────────── arrived ──────────── landed
    follower           key invalidated here?  yes ─► fly again
                                                     no ─► take the result

The pool and its queue are bounded; past the bound a launch raises `Overloaded`. All of this
runs in the event loop's thread, except the builds themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from caching.answer import Answer
from caching.coherence import Coherence
from caching.entry import Entry
from caching.routes import Target

LONGEST_WAIT: Final = 30.0  # Seconds; a build that takes longer answers nobody.


class Overloaded(Exception):
    """No thread is free for another build, and enough builds wait for one already."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What a build came to: an entry, or an answer that must not be kept; and whether it was stored."""

    result: Entry | Answer
    is_stored: bool = False


@dataclass(slots=True)
class _Flight:
    start: int
    landed: asyncio.Future[Landing]


# Runs in a thread of the pool: the target, and the log's position at the start of the build.
Build = Callable[[Target, int], Landing]


class Flights:
    """The builds under way in this process, one per cache key."""

    def __init__(
        self,
        build: Build,
        coherence: Coherence,
        *,
        threads: int,
        queue: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._build: Final = build
        self._clock: Final = clock
        self._coherence: Final = coherence
        self._capacity: Final = threads + queue
        self._pool: Final = ThreadPoolExecutor(threads, thread_name_prefix="build")
        self._flights: Final[dict[bytes, _Flight]] = {}
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    def is_flying(self, target: Target) -> bool:
        """Tell whether the target is being built."""
        return target.key in self._flights

    async def obtain(self, target: Target, *, may_launch: Callable[[], None]) -> tuple[Landing, bool]:
        """Build the target or join its build; return the landing, and whether another launched it.

        `may_launch` is called before a launch and may raise to refuse it. Raises `Overloaded`
        when no build can be launched, `TimeoutError` when one takes too long.
        """
        arrived, arrived_at = self._coherence.position(), self._clock()
        while True:
            flight = self._flights.get(target.key)
            is_follower = flight is not None
            if flight is None:
                may_launch()
                flight = self.launch(target)
            # Shielded: a client that goes away takes its own wait with it, not the build.
            landing = await asyncio.wait_for(asyncio.shield(flight.landed), LONGEST_WAIT)
            if not is_follower or not self._is_outdated(landing, flight, arrived, arrived_at):
                return landing, is_follower

    def launch(self, target: Target) -> _Flight:
        """Begin to build the target. Raises `Overloaded`."""
        if len(self._flights) >= self._capacity:
            raise Overloaded
        loop = asyncio.get_running_loop()
        flight = _Flight(self._coherence.position(), loop.create_future())
        self._flights[target.key] = flight
        task = loop.create_task(self._fly(target, flight))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flight

    def close(self) -> None:
        """Accept no more builds."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _fly(self, target: Target, flight: _Flight) -> None:
        loop = asyncio.get_running_loop()
        try:
            landing = await loop.run_in_executor(self._pool, self._build, target, flight.start)
        except BaseException as error:
            self._land(target, flight, error)
            raise
        self._land(target, flight, landing)

    def _land(self, target: Target, flight: _Flight, outcome: Landing | BaseException) -> None:
        # Taken off the board before anybody hears of it: whoever must fly again finds no flight.
        del self._flights[target.key]
        if isinstance(outcome, Landing):
            flight.landed.set_result(outcome)
        else:
            flight.landed.set_exception(RuntimeError(f"building {target.key!r} failed"))
            flight.landed.exception()  # Looked at, for the case that nobody waits any more.

    def _is_outdated(self, landing: Landing, flight: _Flight, arrived: int, arrived_at: float) -> bool:
        entry = landing.result
        if not isinstance(entry, Entry):
            return False
        if entry.changes_at is not None and entry.changes_at <= arrived_at:
            return True  # A moment is like a write: the build looked before it, the follower came after.
        return self._coherence.touched(entry.surrogate_keys, after=flight.start, until=arrived)
