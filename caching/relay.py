"""Who passes on what the database has written down?

Triggers put the surrogate keys of every change into the outbox, in the writer's own
transaction. The relay reads committed rows, invalidates their keys, and only then deletes
them: a crash in between repeats an invalidation and never loses one. Several threads may
relay at once, for the same reason.

    writer ── COMMIT ──► outbox ──► read ──► invalidate ──► delete
                                      ▲ crash anywhere: the rows are still there

Without Redis one process owns the outbox of a database, by a file lock. A second process
on the same database (a reload, a mistake) stores nothing until it owns the lock, and lets
the owner relay its writes.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Event, Thread
from typing import Final, Protocol

from django.db import DatabaseError, InterfaceError, connections, transaction

from caching.models import Outbox
from caching.surrogate_keys import EVERYTHING, surrogate_key
from caching.triggers import install

logger = logging.getLogger(__name__)

_DATABASE_TROUBLE: Final = (DatabaseError, InterfaceError)

# Outbox rows relayed at a time. Where as many wait, everything is invalidated: telling millions of
# keys apart, after an import, takes a minute and spares nothing.
BATCH: Final = 20_000
_OUTSTANDING: Final = f'SELECT id, key FROM "{install.OUTBOX}" ORDER BY id LIMIT %s'  # noqa: S608
ACKNOWLEDGE_WITHIN: Final = 10.0  # Seconds a writer waits for its changes to be relayed.


class Invalidates(Protocol):
    """What the relay tells about changes."""

    def invalidate(self, keys: Collection[str]) -> None:
        """Drop what carries the keys."""

    def trust(self) -> None:
        """Store what is built from now on."""

    def distrust(self) -> None:
        """Drop everything, and store nothing."""


class Ownership:
    """The right to delete outbox rows: held by one process at a time, given back by its death."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process owns the outbox."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Try to become the owner; return whether we are."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let another process own the outbox."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def changes_are_reported() -> bool:
    """Tell whether the database has the triggers that this release wants."""
    missing = install.missing()
    if missing:
        logger.error("nothing is stored while %d triggers are missing: run manage.py migrate", len(missing))
    return not missing


class Relay:
    """Relays for one process: on demand before a writer is answered, and every `interval` seconds.

    Nothing is stored before the triggers were seen in place. `migrate` takes them away for a
    while, and leaves a key for everything behind when it does; so that key ends the trust.
    """

    def __init__(
        self,
        coherence: Invalidates,
        ownership: Ownership,
        *,
        interval: float,
        is_reported: Callable[[], bool] = changes_are_reported,
    ) -> None:
        self._coherence = coherence
        self._ownership = ownership
        self._interval = interval
        self._is_reported = is_reported
        self._is_trusting = False
        self._look_again_at = 0.0
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to look for changes that came from elsewhere."""
        self._thread = Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, and let another process own the outbox."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=ACKNOWLEDGE_WITHIN)
        self._distrust()
        self._ownership.release()

    def relay(self) -> int:
        """Invalidate what committed changes touched; return the number of outbox rows relayed.

        Raises `DatabaseError`; nothing is lost then.
        """
        relayed = 0
        while rows := _outstanding():
            if len(rows) == BATCH:
                relayed += self._relay_everything()
                continue
            self._invalidate({surrogate_key(label) for _, label in rows})
            _delete([pk for pk, _ in rows])
            relayed += len(rows)
        return relayed

    def _relay_everything(self) -> int:
        # What is deleted had been committed before, and is gone only after it was invalidated.
        with transaction.atomic():
            deleted, _ = Outbox.objects.all().delete()
            self._invalidate({EVERYTHING})
        return deleted

    def _invalidate(self, keys: Collection[str]) -> None:
        self._coherence.invalidate(keys)
        if EVERYTHING in keys:
            self._distrust()

    def _distrust(self) -> None:
        self._is_trusting = False
        self._coherence.distrust()

    def _earn_trust(self) -> None:
        """Let the process store, once it is certain to hear of changes; look at that once a second."""
        if self._is_trusting or time.monotonic() < self._look_again_at:
            return
        self._is_trusting = self._is_reported()
        if self._is_trusting:
            self._coherence.trust()
        else:
            self._coherence.distrust()
            self._look_again_at = time.monotonic() + 1.0

    def acknowledge(self) -> None:
        """Return once everything that the calling thread has committed is invalidated.

        If that takes longer than `ACKNOWLEDGE_WITHIN`, this process forgets all that it
        stored, so that what follows is right in any case.
        """
        deadline = time.monotonic() + ACKNOWLEDGE_WITHIN
        while time.monotonic() < deadline:
            try:
                if self._ownership.held:
                    self.relay()
                    return
                if not Outbox.objects.exists():
                    return
            except _DATABASE_TROUBLE as error:
                logger.warning("relaying a write failed, trying again: %s", error)
                connections["default"].close_if_unusable_or_obsolete()
            time.sleep(self._interval)
        logger.error("a write could not be relayed within %.0f s; L1 is dropped", ACKNOWLEDGE_WITHIN)
        self._distrust()

    def _run(self) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                if self._ownership.acquire():
                    self.relay()
                    self._earn_trust()
                failing = False
            except _DATABASE_TROUBLE as error:
                # Nobody can tell us of a write while the database is away, and what is
                # stored was right when it went: keep serving it (P6).
                if not failing:
                    logger.warning("the outbox cannot be read, trying again: %s", error)
                failing = True
                connections["default"].close()
            except Exception:
                # Whatever it was, this thread must live, and nobody knows what it has missed.
                self._distrust()
                if not failing:
                    logger.exception("relaying failed, trying again; nothing is stored until then")
                failing = True
            self._stopping.wait(self._interval)
        connections["default"].close()


def _outstanding() -> list[tuple[int, str]]:
    # Asked twenty times a second by an idle process: the ORM's own time would be most of it.
    with connections["default"].cursor() as cursor:
        cursor.execute(_OUTSTANDING, [BATCH])
        return list(cursor.fetchall())


def _delete(primary_keys: list[int]) -> None:
    # By key and in slices: SQLite bounds the variables of a statement, and a range of keys
    # could delete a row that was committed after we read.
    for first in range(0, len(primary_keys), 500):
        Outbox.objects.filter(pk__in=primary_keys[first : first + 500]).delete()


_active: list[Relay] = []


def activate(relay: Relay) -> None:
    """Make `relay` the one that acknowledges this process's writes."""
    _active[:] = [relay]


def deactivate() -> None:
    """Leave this process without a relay: its writes stay in the outbox for another's."""
    _active.clear()


def acknowledge() -> None:
    """Wait until this thread's committed changes are invalidated, if this process serves reads."""
    if _active:
        _active[0].acknowledge()
