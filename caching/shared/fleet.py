"""How does one worker take part in what all workers share?

Here the parts of `caching.shared` come together for one process: the log that its relay
writes to, the tail that it follows, L2 and claims for its reads. The relay sees it as what it
tells of changes; flights see it as what the other workers have.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from typing import Final

import redis
import redis.asyncio

from caching.coherence import Coherence, OutOfReach, Start
from caching.entry import Entry
from caching.shared.claims import Claim
from caching.shared.l2 import L2
from caching.shared.leases import Leases
from caching.shared.link import Link
from caching.shared.log import SharedLog
from caching.shared.passes import Passes
from caching.shared.tail import Tail
from caching.standing import Standing

logger = logging.getLogger(__name__)


class Fleet:
    """One worker among those that share a Redis."""

    def __init__(  # noqa: PLR0913 - the parts it is made of, each by name.
        self,
        client: redis.Redis,
        coherence: Coherence,
        *,
        lease: float,
        heard: Callable[[Collection[str]], None],
        unsettled: Callable[[], None],
        variant: bytes = b"",
    ) -> None:
        """Write through `client`; for `heard` and `unsettled` see `Tail`, for `variant` see `L2`."""
        self._coherence: Final = coherence
        self._lease: Final = lease
        self._heard: Final = heard
        self._unsettled: Final = unsettled
        self._link: Final = Link()
        self._leases: Final = Leases(lease=lease)
        self._log: Final = SharedLog(client, self._link, leases=self._leases)
        self._l2: Final = L2(client, self._log, coherence, self._link, variant=variant)
        self._passes: Final = Passes(lease=lease, clock=coherence.clock, is_trusting=coherence.is_trusting)
        self._reading: redis.asyncio.Redis | None = None
        self._following: asyncio.Task[None] | None = None

    # --- The life of a worker ---

    async def start(
        self, reading: redis.asyncio.Redis, tailing: redis.asyncio.Redis, *, within: float
    ) -> None:
        """Begin to follow the log; return once L1 is trusted, or after `within` seconds.

        Both clients are for this event loop; a command of `tailing` may take
        `tail.longest_command`.
        """
        self._reading = reading
        tail = Tail(
            tailing,
            self._coherence,
            self._link,
            lease=self._lease,
            leases=self._leases,
            passes=self._passes,
            heard=self._heard,
            unsettled=self._unsettled,
        )
        self._following = asyncio.create_task(tail.run())
        deadline = self._coherence.clock() + within
        # Whether it is trusted is for a clock to say, so there is no event to wait for.
        while not self._coherence.is_trusting() and self._coherence.clock() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Give the lease back."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    # --- What the relay tells of changes (`relay.Invalidates`) ---

    @property
    def epoch(self) -> int:
        """Raised whenever the triggers must be looked at once more."""
        return self._coherence.epoch

    def invalidate(self, keys: Collection[str], *, relay_pass: int = 0) -> int:
        """Invalidate the keys for all workers; return the position to wait for. Raises `OutOfReach`."""
        return self._log.invalidate(keys, relay_pass=relay_pass)

    def last(self) -> int:
        """Return the log's last position. Raises `OutOfReach`."""
        return self._log.last()

    def wait(self, position: int) -> None:
        """Return once every worker that trusts its L1 has come as far. Raises `OutOfReach`."""
        self._log.wait(position)

    def position(self) -> int:
        """Return how far this worker has heard."""
        return self._coherence.position()

    def heard_since(self, position: int) -> frozenset[str] | None:
        """Return the keys that were invalidated since, as the tail has heard; None if some may be missing."""
        return self._coherence.heard_since(position)

    def trust(self, epoch: int) -> None:
        """Believe that every change is reported, as was seen since `epoch`."""
        self._coherence.trust(epoch)

    def distrust(self) -> None:
        """Forget everything and store nothing until `trust`."""
        self._coherence.distrust()

    def is_trusting(self) -> bool:
        """Tell whether this worker trusts its L1 at this moment."""
        return self._coherence.is_trusting()

    def lost_for(self) -> float:
        """Return for how many seconds Redis has been out of reach; 0.0 while it is not."""
        return self._link.lost_for()

    # --- What Django's cache asks (`tiered_fleet.Fleet`) ---

    def is_coherent(self) -> bool:
        """Tell whether this process hears of every change."""
        return self._coherence.is_trusting()

    def reaching(self) -> AbstractContextManager[None]:
        """Talk to Redis in the block. Raises `OutOfReach`, at once if that is known already."""
        return self._link.reaching()

    def looking(self) -> AbstractContextManager[None]:
        """Pass over the outbox in the block: leases count from its beginning."""
        return self._passes.looking()

    def in_vain(self) -> None:
        """Say that the database could not be reached."""
        self._passes.in_vain()

    def reached(self) -> None:
        """Say that it was, by a look from which no lease counts."""
        self._passes.reached()

    # --- What the other workers have (`flights.Others`) ---

    async def entry(self, key: bytes) -> Entry | None:
        """Return the entry in L2, promoted to L1, if it is usable."""
        return None if self._reading is None else await self._l2.get(key, self._reading)

    def claim(self, key: bytes) -> Claim:
        """Return a claim to build the URL, to be made."""
        if self._reading is None:
            raise RuntimeError("need a fleet that was started")
        return Claim(key, self._reading, self._link)

    # --- What a build comes to ---

    def store(self, entry: Entry, start: Start, *, is_composed: bool = False) -> bool:
        """Keep a built entry, in L2 and L1, unless a write has overtaken its build.

        In L1 alone if Redis is out of reach: whatever it was, the tail will tell. But what is
        composed might show two states of the database until then.
        """
        if self._coherence.touched(entry.surrogate_keys, after=start.position):
            return False
        try:
            if not self._l2.put(entry, start):
                return False
        except OutOfReach:
            if is_composed:
                return False
        return self._coherence.store(entry, start=start.position)

    def standing(self) -> Standing:
        """Return how far this worker may trust what it holds."""
        if not self._coherence.is_reported:
            return Standing.STARTING if self._coherence.shared is None else Standing.UNREPORTED
        if self._coherence.is_trusting():
            return Standing.ALONE if self._passes.is_database_away else Standing.COHERENT
        return Standing.CUT_OFF if self._passes.is_database_away else Standing.CONFIRMING
