"""Is Redis in reach, and who finds out?

Whoever meets trouble says so, once, after waiting no longer than one timeout; from then on
everybody else goes without Redis at once, until the tail, which tries all the time, has got
through again. A process that has no tail (a command) tries by itself now and then.

    in reach ── trouble ─► lost ── the tail has renewed ─► in reach
                             └─── without a tail: `retry` seconds later
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import redis

from caching.coherence import OutOfReach
from caching.shared.connections import TROUBLE

logger = logging.getLogger(__name__)


class Link:
    """What this process knows about Redis being in reach. Safe across threads."""

    def __init__(self, *, retry: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._retry: Final = retry
        self._clock: Final = clock
        # With a tail, nothing is in reach before it has joined.
        self._lost_at: float | None = None if retry is not None else clock()

    @property
    def is_up(self) -> bool:
        """Whether to try at all."""
        lost_at = self._lost_at
        return lost_at is None or (self._retry is not None and self._clock() - lost_at >= self._retry)

    def lost(self, reason: BaseException) -> None:
        """Say that Redis did not answer as it should."""
        if self._lost_at is None:
            self._lost_at = self._clock()
            logger.warning("Redis is out of reach, going on without it: %s", reason)

    def mended(self) -> None:
        """Say that Redis answers."""
        if self._lost_at is not None:
            if self._retry is None:
                logger.info("Redis is in reach")
            self._lost_at = None

    def lost_for(self) -> float:
        """Return for how many seconds Redis has been out of reach; 0.0 while it is not."""
        lost_at = self._lost_at
        return 0.0 if lost_at is None else self._clock() - lost_at

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Talk to Redis in the block. Raises `OutOfReach`, at once if that is known already."""
        if not self.is_up:
            raise OutOfReach("Redis is out of reach")
        try:
            yield
        except redis.OutOfMemoryError as error:
            # It stores nothing more, but answers: what it holds can be read and invalidated.
            raise OutOfReach(f"Redis is full: {error}") from error
        except TROUBLE as error:
            self.lost(error)
            raise OutOfReach(f"Redis is out of reach: {error}") from error
        if self._retry is not None:
            self.mended()
