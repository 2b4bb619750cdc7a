"""What may be answered from L1 while the shared log is out of reach?

What a look at the outbox confirms. Every committed change waits there until it is relayed, so
while nobody relays, the outbox is the log. A reader waits for a look that began after it had
arrived; then all writes that were acknowledged before are in L1 or have been dropped from it.

    reader 1 ──┐ look 1 ────────┐
    reader 2 ────┬ (too late for it)
    reader 3 ────┴──────────────┘ look 2 ───────┐ readers 2 and 3 go on

One look at a time, whoever waits: what the database has to bear does not depend on how much
is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from caching.coherence import Coherence
from caching.surrogate_keys import surrogate_key

logger = logging.getLogger(__name__)


class Look(Protocol):
    """What a look at the outbox shows: the rows that wait, and the last pass that has relayed others."""

    @property
    def last_pass(self) -> int:
        """Identify the pass."""

    @property
    def rows(self) -> Collection[tuple[int, str]]:
        """Return the primary key of each row, and the label that it invalidates."""


class Confirming:
    """Looks at the outbox for the readers of one process. Used in the event loop's thread."""

    def __init__(
        self,
        look: Callable[[], Look],
        coherence: Coherence,
        *,
        is_reported: Callable[[], bool],
        most: int,
    ) -> None:
        """Look with `look`; both functions run in one thread and may raise when the database is away.

        A look that shows `most` rows or more may not show all: it confirms nothing.
        """
        self._look: Final = look
        self._coherence: Final = coherence
        self._is_reported: Final = is_reported
        self._most: Final = most
        self._pool: Final = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._seen: set[int] = set()
        self._waiting: list[asyncio.Future[bool]] = []
        self._task: asyncio.Task[None] | None = None
        # Whether the last look did not come to its end: the database is away, as far as we know.
        self.failed = False

    async def confirm(self) -> bool:
        """Return whether L1 holds nothing now that was outdated when this was called."""
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        return await waiting

    def close(self) -> None:
        """Look no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            served, self._waiting = self._waiting, []
            is_confirmed = False
            try:
                is_confirmed = await loop.run_in_executor(self._pool, self._confirm)
                self.failed = False
            except Exception as error:  # noqa: BLE001 - whatever it was, nothing has been confirmed.
                if not self.failed:
                    logger.warning("the outbox cannot be looked at; nothing stored is served: %s", error)
                self.failed = True
            for waiting in served:
                if not waiting.done():
                    waiting.set_result(is_confirmed)
        self._task = None

    def _confirm(self) -> bool:
        if not self._coherence.is_reported:
            epoch = self._coherence.epoch
            if self._is_reported():
                self._coherence.trust(epoch)
        look = self._look()
        if len(look.rows) >= self._most:
            return False
        new = {surrogate_key(label) for row, label in look.rows if row not in self._seen}
        self._coherence.confirmed(look.last_pass, new)
        self._seen = {row for row, _ in look.rows}
        return True
