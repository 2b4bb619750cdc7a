"""Which representations do all workers share?

Entries in Redis, each with the generations that its surrogate keys had when it was built. One
is usable while all of them still hold: invalidating a key deletes its generation, and whatever
Redis evicts or forgets can only make an entry unusable.

    read    note the log's position ─► entry, if its generations are those of now ─► promote to L1
    write   generations, vouched for ─► entry, until it could not even be used on error
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

import redis
import redis.asyncio

from caching.codec import encode
from caching.coherence import Coherence, OutOfReach, Start
from caching.entry import Entry
from caching.freshness import Freshness
from caching.shared import keys
from caching.shared.gathering import Gathering
from caching.shared.link import Link
from caching.shared.log import SharedLog

_JITTER: Final = 0.05  # Of a lifetime, so that what was built together does not end together.


class L2:
    """Entries in Redis: read in the event loop, written by the threads that build."""

    def __init__(  # noqa: PLR0913 - the parts it is made of, each by name.
        self,
        writing: redis.Redis,
        log: SharedLog,
        coherence: Coherence,
        link: Link,
        *,
        variant: bytes = b"",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`variant` tells how entries are labelled: others are not ours."""
        self._writing: Final = writing
        self._log: Final = log
        self._coherence: Final = coherence
        self._link: Final = link
        self._variant: Final = variant
        self._clock: Final = clock
        self._gathering: Gathering | None = None

    async def get(self, cache_key: bytes, reading: redis.asyncio.Redis) -> Entry | None:
        """Return the entry of a URL and promote it to L1; None if there is none that is usable.

        None too while this worker does not hear the log, or Redis is out of reach.
        """
        # In this order: what is invalidated while we read must not be promoted.
        start = self._coherence.position()
        if not self._coherence.is_trusting():
            return None
        if self._gathering is None:
            self._gathering = Gathering(reading, self._link, self._variant)
        entry = await self._gathering.get(cache_key)
        if entry is None or entry.freshness(now=self._clock()) is Freshness.EXPIRED:
            return None
        self._coherence.store(entry, start=start)
        return entry

    def put(self, entry: Entry, start: Start) -> bool:
        """Keep an entry for all workers; False if a write has overtaken its build, or may have.

        Raises `OutOfReach`.
        """
        if start.shared is None:
            raise OutOfReach("this worker has not heard of the log yet")
        carried = tuple(entry.surrogate_keys)
        generations = self._log.vouch(carried, start.shared)
        if generations is None:
            return False
        lifetime = (entry.error_until - self._clock()) * (1 - random.random() * _JITTER)  # noqa: S311
        if lifetime > 0:
            data = encode(entry, dict(zip(carried, generations, strict=True)))
            with self._link.reaching():
                name = keys.entry(entry.key, self._variant)
                self._writing.set(name, data, px=max(1, int(lifetime * 1000)))
        return True
