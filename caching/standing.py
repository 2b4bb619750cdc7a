"""How far may this worker trust what it holds? One word, for probes, logs and people.

starting     nothing is known yet                     builds, stores nothing
unreported   triggers are missing                     builds, stores nothing
coherent     invalidations are heard                  L1, L2, builds
alone        database away, invalidations are heard   L1, L2, stale if need be; cold reads 503
confirming   Redis out of reach                       L1 after a look at the outbox; builds
cut off      neither Redis nor the database           503
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import Enum

logger = logging.getLogger(__name__)

_LOOKED_AT_EVERY = 0.25  # Seconds.


class Standing(Enum):
    """How far this worker may trust what it holds."""

    STARTING = "starting"
    UNREPORTED = "unreported"
    COHERENT = "coherent"
    ALONE = "alone"
    CONFIRMING = "confirming"
    CUT_OFF = "cut off"


def _starting() -> Standing:
    return Standing.STARTING


_sources: list[Callable[[], Standing]] = [_starting]


def report_from(source: Callable[[], Standing]) -> None:
    """Let `source` say how this process stands."""
    _sources[:] = [source]


def standing() -> Standing:
    """Return how this process stands."""
    return _sources[0]()


async def log_changes() -> None:
    """Log each change of how this process stands, until cancelled."""
    known = Standing.STARTING
    while True:
        now = standing()
        if now is not known:
            level = logging.INFO if now is Standing.COHERENT else logging.WARNING
            logger.log(level, "standing: %s, was %s", now.value, known.value)
            known = now
        await asyncio.sleep(_LOOKED_AT_EVERY)
