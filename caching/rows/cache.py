"""Where does django-cachalot keep the rows of reference tables, so that none is ever stale?

cachalot goes by clocks: it stamps rows when it stores them, and a table before it is written. A
write that commits between a reader's query and the stamp, or a reader that comes between the
stamp and the write, leaves rows that stay wrong until the next write (docs/decisions/0007). This
cache backend does not believe the stamps. It holds rows in this process, as L1 holds answers:

    get_many    note how often each table has changed ─► the query runs
    set_many    hold its rows with those counts, from before the query
    get_many    rows whose counts are not those of now are not there

What has changed is heard from the log that all workers follow, before its writer is answered:
whoever wrote, by whatever means. Rows are used only while this worker trusts its L1.

A miss, always: inside a transaction (its snapshot may be older than the counts), inside a build,
in a thread that has written to a table in this request, and in a process that has no tail.
"""

from __future__ import annotations

import pickle
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping
from math import inf
from threading import Lock, local
from typing import Any, Final, NamedTuple

from cachalot.cache import cachalot_caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.signals import request_started
from django.db import connections as databases

from caching.building import is_building
from caching.coherence import Coherence
from caching.surrogate_keys import EVERYTHING

TABLE: Final = "rows:"  # Before the name of a table, as `naming.table_key` spells it.

_BYTES: Final = 8 * 1024 * 1024
_SLOT_BYTES: Final = 400
# What cachalot takes for the times at which a table was changed, and at which rows were read since.
_CHANGED: Final = 0.0
_READ_SINCE: Final = 1.0

Counts = tuple[int, ...]


class _Held(NamedTuple):
    pickled: bytes
    counts: Counts
    position: int
    until: float


class KeptRows:
    """The rows that this process holds, and how often their tables have changed. Safe across threads."""

    def __init__(self, coherence: Coherence, kinds: Mapping[str, Collection[str]]) -> None:
        """Keep rows while `coherence` trusts; `kinds` are those of the keys that name changes of a table."""
        self.coherence: Final = coherence
        self._tables: Final[dict[str, list[str]]] = {}
        for table, names in kinds.items():
            for name in names:
                self._tables.setdefault(name, []).append(TABLE + table)
        self._changes: Final[Counter[str]] = Counter()
        self._held: Final[OrderedDict[str, _Held]] = OrderedDict()
        self._lock: Final = Lock()
        self._bytes = 0

    def heard(self, keys: Collection[str]) -> None:
        """Take note of what was invalidated."""
        with self._lock:
            for kind in {key.partition(":")[0] for key in keys}:
                self._changes.update(self._tables.get(kind, ()))
            if EVERYTHING in keys:
                self._changes[EVERYTHING] += 1

    def counts(self, tables: Iterable[str]) -> Counts:
        """Return how often everything, and each table, has changed."""
        with self._lock:
            return (self._changes[EVERYTHING], *(self._changes[table] for table in sorted(tables)))

    def get(self, name: str, counts: Counts, *, position: int) -> tuple[Any] | None:
        """Return the rows held under the name, in a tuple, if they are right for these counts."""
        held = self._held.get(name)
        if (
            held is None
            or held.counts != counts
            or held.until < time.monotonic()
            # Also when this process had to forget all that it held, whatever the counts say.
            or self.coherence.touched((EVERYTHING,), after=held.position)
        ):
            return None
        with self._lock:
            if self._held.get(name) is held:
                # So that the next look at the log is a short one.
                self._held[name] = held._replace(position=position)
        return (pickle.loads(held.pickled),)  # noqa: S301 - it has never left this process.

    def put(self, name: str, rows: Any, counts: Counts, *, position: int, seconds: float) -> None:
        """Hold rows that were read after the counts and the position were noted."""
        # As bytes: of a known size, and nobody can change what another gets.
        pickled = pickle.dumps(rows, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._remove(name)
            self._held[name] = _Held(pickled, counts, position, time.monotonic() + seconds)
            self._bytes += len(pickled) + _SLOT_BYTES
            while self._bytes > _BYTES:
                self._remove(next(iter(self._held)))

    def _remove(self, name: str) -> None:
        held = self._held.pop(name, None)
        if held is not None:
            self._bytes -= len(held.pickled) + _SLOT_BYTES


_kept: Final[list[KeptRows]] = []


def connect(kept: KeptRows) -> None:
    """Let this process keep rows: its tail tells `kept` what changes."""
    _kept[:] = [kept]


def disconnect() -> None:
    """Let every query of this process reach the database."""
    _kept.clear()


class _Thread(local):
    """What this thread is doing."""

    def __init__(self) -> None:
        # From before the query that is running: its name, the counts and the position.
        self.before: tuple[str, Counts, int] | None = None
        self.is_writing = False


_thread: Final = _Thread()


def _new_request(**_: Any) -> None:
    # What this thread's last request wrote was relayed before it was answered.
    _thread.is_writing = False
    if not _is_in_transaction():
        # cachalot would for ever believe to be in a transaction that could not begin, because the
        # database was away, and serve this thread's reads from what that transaction has read.
        cachalot_caches.atomic_caches.clear()


request_started.connect(_new_request)


class RowCache(BaseCache):
    """A cache backend for cachalot alone (`CACHALOT_CACHE`)."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        del location  # Rows are where the process is.

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        """Return the rows, and for each table a time before they were read."""
        del version
        wanted = list(keys)
        names = [key for key in wanted if not key.startswith(TABLE)]
        _thread.before = None
        kept = _usable()
        if kept is None or len(names) != 1:
            return {}
        tables = [key for key in wanted if key.startswith(TABLE)]
        # In this order: all that is noted is from before the query.
        position, counts = kept.coherence.position(), kept.counts(tables)
        found: dict[str, Any] = dict.fromkeys(tables, _CHANGED)
        held = kept.get(names[0], counts, position=position)
        if held is None:
            _thread.before = names[0], counts, position
        else:
            found[names[0]] = (_READ_SINCE, *held)
        return found

    def set_many(
        self, data: Mapping[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """Hold rows that were just read; the time of a table by itself says that we write to it."""
        del version
        rows = [key for key in data if not key.startswith(TABLE)]
        if not rows:
            _thread.is_writing = True
        before, _thread.before = _thread.before, None
        kept = _usable()
        if kept is not None and before is not None and [before[0]] == rows:
            name, counts, position = before
            seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
            lives_for = inf if seconds is None else float(seconds)
            kept.put(name, data[name][1], counts, position=position, seconds=lives_for)
        return []


def _usable() -> KeptRows | None:
    """Return what this process keeps if the calling code may use it now."""
    if (
        not _kept
        or _thread.is_writing
        or is_building()
        or _is_in_transaction()
        or not _kept[0].coherence.is_trusting()
    ):
        return None
    return _kept[0]


def _is_in_transaction() -> bool:
    return any(database.in_atomic_block for database in databases.all(initialized_only=True))
