"""How does a worker hear what was invalidated, and for how long may it believe its L1?

The tail follows the shared log in the event loop that answers from L1: whoever answers hears.
It applies each record, says how far it has come, and renews its lease by saying so.

    join ─► read records ─► apply: drop from L1 ─► renew: beat, position ─┐
              ▲                                                           │
              └───────────── at the latest after a fifth of a lease ──────┘

A lease begins once the tail has come as far as the log had when the renewal arrived: between
two leases a writer may have gone on without us. It counts from the beginning of the last pass
over the outbox that had ended when the renewal was sent (`Passes`).

Records are numbered without gaps. A record that is not the next, or another history, means
that something was missed (trimmed, evicted, flushed, lost in a failover): everything is
forgotten, and the tail begins anew at the log's end.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import redis.asyncio

from caching.coherence import Coherence, SharedPosition
from caching.shared import keys, scripts
from caching.shared.connections import TROUBLE
from caching.shared.leases import Leases, Said, State, state_of
from caching.shared.link import Link
from caching.shared.passes import Passes
from caching.surrogate_keys import EVERYTHING

logger = logging.getLogger(__name__)

_SHORTEST_PAUSE: Final = 0.02  # Seconds between two attempts to reach Redis.
_LONGEST_PAUSE: Final = 0.5
_LATE: Final = 0.2  # Seconds; Redis looks ten times a second whose wait is over.
_RECORDS: Final = 500  # Read at a time, so that applying them does not hold up answers.
_JOINING: Final = SharedPosition(b"", 0)


class Tail:
    """The tail of one worker. Runs in the event loop's thread."""

    def __init__(  # noqa: PLR0913 - the parts it is made of.
        self,
        client: redis.asyncio.Redis,
        coherence: Coherence,
        link: Link,
        *,
        lease: float,
        leases: Leases,
        passes: Passes,
        heard: Callable[[Collection[str]], None],
        unsettled: Callable[[], None],
    ) -> None:
        """Follow the log through `client`, whose socket timeout is `longest_command`.

        `heard` is told the keys of each record; `unsettled` is called when the relay should look
        at once, for L1 is not trusted before it has.
        """
        self.worker: Final = secrets.token_hex(6)
        self._client: Final = client
        self._coherence: Final = coherence
        self._link: Final = link
        self._lease: Final = lease
        self._leases: Final = leases
        self._passes: Final = passes
        self._heard: Final = heard
        self._unsettled: Final = unsettled
        self._renewal: Final = client.register_script(scripts.RENEW)
        self._burial: Final = client.register_script(scripts.BURY)
        self._beat = 0
        self._at = _JOINING
        self._promised: tuple[int, float] | None = None

    async def run(self) -> None:
        """Follow the log until cancelled, through whatever happens to Redis."""
        pause = _SHORTEST_PAUSE
        try:
            while not _is_over():
                try:
                    await self._join()
                    pause = _SHORTEST_PAUSE
                    await self._follow()
                except TROUBLE as error:
                    self._link.lost(error)
                except Exception:
                    # Whatever it was, this task must live, and nobody knows what it has missed.
                    logger.exception("following the log failed; L1 is dropped")
                    self._at = _JOINING
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            await self._leave()

    async def _join(self) -> None:
        """Begin to follow, or go on where we were if the history is still the same."""
        state = await self._renew(_JOINING)
        self._promised = None
        if state.history != self._at.history:
            self._forget(SharedPosition(state.history, state.last), state.last_pass)
        await self._renew(self._at)
        self._link.mended()
        self._unsettled()

    async def _follow(self) -> None:
        wait = int(_reading_for(self._lease) * 1000)
        last = self._at.number
        while not _is_over():
            records = await self._records(wait)
            # Nothing comes, though there was more: the log has been evicted.
            is_cut = not records and self._at.number < last
            for number, surrogate_keys, relay_pass in records:
                is_cut = number != self._at.number + 1
                if is_cut:
                    break
                self._apply(number, surrogate_keys, relay_pass)
            if is_cut:
                logger.warning("records of the log are missing after %d; L1 is dropped", self._at.number)
                self._at = _JOINING
                return
            state = await self._renew(self._at)
            if state.history != self._at.history:
                logger.warning("Redis has lost its memory; L1 is dropped")
                return
            last = state.last
            self._link.mended()
            await self._bury(self._leases.ended(state.workers))

    async def _records(self, wait: int) -> Sequence[tuple[int, list[str], int]]:
        """Return the records that follow; none if none came within `wait` milliseconds."""
        after = b"%d-0" % self._at.number
        found: Any = await self._client.xread({keys.LOG: after}, count=_RECORDS, block=wait)
        for _, records in found or ():
            return [
                (
                    int(name.partition(b"-")[0]),
                    fields[b"keys"].decode("ascii").split("\n"),
                    int(fields[b"pass"]),
                )
                for name, fields in records
            ]
        return ()

    def _apply(self, number: int, surrogate_keys: list[str], relay_pass: int) -> None:
        epoch = self._coherence.epoch
        self._coherence.invalidate(surrogate_keys, relay_pass=relay_pass)
        self._heard(surrogate_keys)
        self._move(SharedPosition(self._at.history, number))
        if self._promised is not None and number >= self._promised[0]:
            self._coherence.leased(self._promised[1])
            self._promised = None
        if self._coherence.epoch != epoch:
            self._unsettled()

    async def _renew(self, position: SharedPosition) -> State:
        """Say how far we are; extend the lease if that is as far as the log is, or once it is."""
        self._beat += 1
        until = self._passes.basis() + self._lease
        arguments: list[bytes | str | int] = [
            secrets.token_hex(8),
            self.worker,
            self._beat,
            position.number,
            position.history,
        ]
        state = state_of(await self._renewal(keys.COHERENCE, arguments))
        if position is not _JOINING and state.history == position.history:
            if position.number >= state.last:
                self._coherence.leased(until)
                self._promised = None
            elif self._promised is None:
                self._promised = (state.last, until)
        return state

    async def _bury(self, ended: Mapping[str, Said]) -> None:
        """Take out who does not renew any more, before a writer has to wait for him."""
        for worker, said in ended.items():
            await self._burial(keys.COHERENCE, [secrets.token_hex(8), worker, said.beat])

    def _forget(self, position: SharedPosition, relay_pass: int) -> None:
        self._coherence.forget()
        # What that pass relayed, and those before it, came before all that we shall hold.
        self._coherence.invalidate((), relay_pass=relay_pass)
        self._heard((EVERYTHING,))
        self._move(position)

    def _move(self, position: SharedPosition) -> None:
        self._at = position
        # Builds begin from here. Last, for what was invalidated by then has been applied.
        self._coherence.shared = position

    async def _leave(self) -> None:
        """Give the lease back, so that no writer waits for us."""
        # The lease too, or else the relay, which still runs, would take it up again.
        self._coherence.forget()
        self._coherence.distrust()
        try:
            await self._client.hdel(keys.STATE, f"w:{self.worker}")
        except TROUBLE as error:
            logger.info("the lease runs out by itself, for Redis is out of reach: %s", error)


def _is_over() -> bool:
    """Tell whether this task was cancelled: on Python 3.11, a command that ends just then hides it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def longest_command(lease: float, timeout: float) -> float:
    """Return how many seconds a command of the tail may take, where others may take `timeout`."""
    return _reading_for(lease) + _LATE + timeout


def _reading_for(lease: float) -> float:
    """Return for how many seconds the tail waits for records before it renews its lease."""
    return lease / 5
