"""How does a change of a cached value reach the L1 of every worker, and who waits for that?

Whoever changes a value waits until no worker believes an L1 that holds the old one. Inside an
HTTP request the wait is put off to its end, and done once for all its changes:

    with deferring():            the middleware
        cache.set(…)             noted: record 7
        cache.delete(…)          noted: record 8
        settle()                 wait until every worker has passed record 8

If Redis goes out of reach meanwhile, a lease is waited for, from when the change was made: by
then everybody who trusts an L1 has passed the record, for a lease is not renewed without that.

A process is `connect`ed once it has a tail: only then does it use an L1. Any other (a command,
a worker that starts) asks Redis each time, and announces and waits like everybody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from typing import Any, Final, NamedTuple, Protocol

from django.conf import settings
from django_redis import get_redis_connection

from caching.coherence import OutOfReach, lease_clock
from caching.shared.leases import DRIFT, Leases
from caching.shared.link import Link
from caching.shared.log import SharedLog

logger = logging.getLogger(__name__)

# Seconds after which a process without a tail tries again to reach Redis.
_RETRY: Final = 1.0


class Fleet(Protocol):
    """What this process knows about Redis and the other workers."""

    def is_coherent(self) -> bool:
        """Tell whether this process is certain to hear of every change: it may use its L1."""

    def reaching(self) -> AbstractContextManager[None]:
        """Talk to Redis in the block. Raises `OutOfReach`, at once if that is known already."""

    def wait(self, position: int) -> None:
        """Return once no worker believes an L1 that has not heard of the record. Raises `OutOfReach`."""


class _WithoutTail:
    """The fleet, as seen by a process that does not follow the log."""

    def __init__(self, client: Any) -> None:
        link = Link(retry=_RETRY)
        log = SharedLog(client, link, leases=Leases(lease=settings.READPATH["LEASE"]))
        self.reaching: Final = link.reaching
        self.wait: Final = log.wait

    def is_coherent(self) -> bool:
        return False


_connected: Final[dict[str, Fleet]] = {}


def connect(alias: str, fleet: Fleet) -> None:
    """Let this process use an L1 over the Redis with this alias: its tail calls `tiered_l1.dropped`."""
    _connected[alias] = fleet


def disconnect(alias: str) -> None:
    """Let this process ask Redis for every value again."""
    _connected.pop(alias, None)


def fleet_of(alias: str) -> Fleet:
    """Return the fleet that shares the Redis with this alias."""
    connected = _connected.get(alias)
    if connected is not None:
        return connected
    return _without_tail(alias, get_redis_connection(alias).connection_pool)


@lru_cache(maxsize=8)
def _without_tail(alias: str, pool: Any) -> Fleet:
    del pool  # Another one, when the settings have changed, is another Redis.
    return _WithoutTail(get_redis_connection(alias))


class _Record(NamedTuple):
    """The last record to be waited for, and when it was written, by `lease_clock`."""

    position: int
    written_at: float


class _Deferred:
    """The changes of one request, by the alias of the Redis that they were made in."""

    def __init__(self) -> None:
        self._is_open = True
        self._last: dict[str, _Record] = {}
        self._lock: Final = Lock()

    def note(self, alias: str, record: _Record) -> bool:
        """Put off the wait for a record; False if the request is over."""
        with self._lock:
            if self._is_open:
                # Threads may come in another order than their records.
                self._last[alias] = max(record, self._last.get(alias, record))
            return self._is_open

    def position(self, alias: str) -> int:
        """Return the last record that was put off, 0 if there is none."""
        record = self._last.get(alias)
        return record.position if record is not None else 0

    def take(self, *, is_last: bool) -> dict[str, _Record]:
        """Return what must be waited for, and forget it."""
        with self._lock:
            # Nothing more is put off after the last time: a task that outlives the request waits itself.
            self._is_open = self._is_open and not is_last
            taken, self._last = self._last, {}
            return taken


_deferred: Final[ContextVar[_Deferred | None]] = ContextVar(
    "changes that nobody has waited for", default=None
)


@contextmanager
def deferring() -> Iterator[None]:
    """Put off the wait for changes in the block, and in threads that work for it, to the block's end."""
    deferred = _Deferred()
    token = _deferred.set(deferred)
    try:
        yield
    finally:
        _deferred.reset(token)
        _settle(deferred, is_last=True)


def pending(alias: str = "l2") -> int:
    """Return the last record of this request that was not waited for, 0 if there is none."""
    deferred = _deferred.get()
    return deferred.position(alias) if deferred is not None else 0


def settle() -> None:
    """Wait for what this request has put off so far."""
    deferred = _deferred.get()
    if deferred is not None:
        _settle(deferred, is_last=False)


def announced(alias: str, position: int) -> None:
    """Wait for a record that was just written, or put that off to the end of the request."""
    record = _Record(position, lease_clock())
    deferred = _deferred.get()
    if deferred is None or not deferred.note(alias, record):
        _wait(alias, record)


def _settle(deferred: _Deferred, *, is_last: bool) -> None:
    for alias, record in deferred.take(is_last=is_last).items():
        _wait(alias, record)


def _wait(alias: str, record: _Record) -> None:
    try:
        fleet_of(alias).wait(record.position)
    except OutOfReach as reason:
        left = max(0.0, record.written_at + settings.READPATH["LEASE"] * DRIFT - lease_clock())
        logger.warning("waiting %.1f s until nobody holds a value that was changed: %s", left, reason)
        time.sleep(left)
