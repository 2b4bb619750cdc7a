"""How do many readers get their entries from Redis by few journeys?

A journey to Redis costs a worker far more than what is asked on it. So whoever wants an entry
while enough journeys are under way waits for the next, and that one asks for all who wait:

    reader 1 ──┐ journey ──────┐
    reader 2 ────┬ (too late for it)
    reader 3 ────┴─────────────┘ journey ──────┐ readers 2 and 3 go on

A reader alone waits for nobody. What a journey brings was asked after its readers came.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from hashlib import sha1
from typing import Final

import redis.asyncio

from caching import codec
from caching.coherence import OutOfReach
from caching.entry import Entry
from caching.shared import keys, scripts
from caching.shared.link import Link

logger = logging.getLogger(__name__)

_UNDER_WAY: Final = 2  # Journeys at a time, so that Redis has work while we read what it has sent.
_TOGETHER: Final = 16  # Entries on one journey: Redis and the event loop do other things, too.


class Gathering:
    """Gets usable entries for the readers of one event loop."""

    def __init__(self, client: redis.asyncio.Redis, link: Link, variant: bytes = b"") -> None:
        self._client: Final = client
        self._link: Final = link
        self._variant: Final = variant
        self._script: Final = scripts.READ
        self._digest: Final = sha1(scripts.READ.encode(), usedforsecurity=False).hexdigest()
        self._waiting: list[tuple[bytes, asyncio.Future[Entry | None]]] = []
        self._journeys: Final[set[asyncio.Task[None]]] = set()

    async def get(self, cache_key: bytes) -> Entry | None:
        """Return the entry of a URL if all its generations hold; None too while Redis is out of reach."""
        wanted: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((cache_key, wanted))
        if len(self._journeys) < _UNDER_WAY:
            journey = asyncio.create_task(self._travel())
            self._journeys.add(journey)  # The event loop itself would not keep it alive.
            journey.add_done_callback(self._ended)
        return await wanted

    def _ended(self, journey: asyncio.Task[None]) -> None:
        self._journeys.discard(journey)
        if self._waiting and not self._journeys:  # They came between its last look and its end.
            again = asyncio.create_task(self._travel())
            self._journeys.add(again)
            again.add_done_callback(self._ended)

    async def _travel(self) -> None:
        while self._waiting:
            served, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            found: Sequence[Entry | None] = [None] * len(served)
            try:
                with self._link.reaching():
                    found = await self._fetched([cache_key for cache_key, _ in served])
            except OutOfReach:
                pass
            except Exception:
                # Whatever it was, nobody may be left waiting; a miss is always right.
                logger.exception("reading L2 failed")
            finally:
                for (_, wanted), entry in zip(served, found, strict=True):
                    if not wanted.done():
                        wanted.set_result(entry)

    async def _fetched(self, cache_keys: Sequence[bytes]) -> Sequence[Entry | None]:
        asking = self._client.pipeline(transaction=False)
        # The first one brings the script along, so that the others can name it.
        how: tuple[str, str] = ("EVAL", self._script)
        for cache_key in cache_keys:
            name = keys.entry(cache_key, self._variant)
            asking.execute_command(*how, 1, name, keys.GENERATION, codec.READABLE)
            how = ("EVALSHA", self._digest)
        found: list[bytes | None] = await asking.execute()
        return [_decoded(data, key) for key, data in zip(cache_keys, found, strict=True)]


def _decoded(data: bytes | None, cache_key: bytes) -> Entry | None:
    if data is None:
        return None
    try:
        return codec.decode(data, cache_key).entry
    except codec.Undecodable as error:
        # Another release's, or damaged: it will be overwritten.
        logger.info("the entry of %s in Redis is not used: %s", cache_key.decode(), error)
        return None
