"""How is a representation built? By the application's code, from one snapshot of the database.

A build knows a target, which is a route, a path and canonical parameters, and nothing of any
client. It runs in a thread of its own and ends in one of two ways: with an entry, which is stored
unless a write has overtaken it, or with an answer that nobody may keep.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Final, Protocol

from django.db import DatabaseError, InterfaceError, connection

from caching.answer import Answer, refusal, unstored
from caching.building import collecting
from caching.coherence import Coherence, Start
from caching.entry import UNLABELLED, Entry, Reply, make_entry
from caching.flights import Landing
from caching.fragments import Fragments, NoFragments
from caching.labels import Labelling
from caching.relaying import outbox
from caching.routes import Target
from caching.rows.bypass import bypassed
from caching.snapshot import snapshot

logger = logging.getLogger(__name__)

RETRY_AFTER: Final = b"5"  # Seconds; what a client is told when the database is away.

_STORED_STATUSES: Final = frozenset({200, 404})


class Stores(Protocol):
    """Who keeps entries."""

    def __call__(self, entry: Entry, start: Start, *, is_composed: bool) -> bool:
        """Keep an entry, unless a write has overtaken the build that began at the start; tell whether it did.

        One that is composed shows fragments as well: it is kept only if it is certain that none has.
        """


class DjangoBuilds:
    """Builds entries; each call runs in a thread of its own.

    `reply` answers a target, and is called in a snapshot. `store` keeps an entry. `observing` is
    entered around each build; in it, rows that are read become dependencies.
    """

    def __init__(  # noqa: PLR0913 - the parts it is made of, each by name.
        self,
        reply: Callable[[Target], Reply],
        coherence: Coherence,
        store: Stores,
        *,
        observing: Callable[[], AbstractContextManager[None]] = nullcontext,
        labelling: Labelling = UNLABELLED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reply = reply
        self._coherence = coherence
        self._store = store
        self._observing = observing
        self._labelling = labelling
        self._clock = clock

    def __call__(self, target: Target, start: Start) -> Landing:
        """Build the target and store the entry, if what it is may be stored."""
        try:
            return self._built(target, start)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("building %s: the database is away: %s", target.key.decode(), error)
            connection.close()
            return Landing(unavailable("the database cannot be reached", target))
        except Exception:
            logger.exception("building %s failed", target.key.decode())
            return Landing(refusal(500, "the representation could not be built", instance=target.path))

    def _built(self, target: Target, start: Start) -> Landing:
        fragments = Fragments(self._coherence, outbox.waiting, now=self._clock())
        landing = self._landing(target, start, fragments)
        if fragments.is_used and isinstance(landing.result, Entry) and not landing.is_stored:
            # It may show two states of the database at once, so nobody gets it.
            start = self._coherence.begin()
            fragments = NoFragments(self._coherence, outbox.waiting, now=self._clock())
            landing = self._landing(target, start, fragments)
        fragments.store(start)
        return landing

    def _landing(self, target: Target, start: Start, fragments: Fragments) -> Landing:
        reply = self.reply(target, fragments)
        if reply.status not in _STORED_STATUSES:
            return Landing(unstored(reply))
        policy = target.route.policy_for(reply.status, target.values)
        entry = make_entry(target.key, reply, policy, now=self._clock(), labelling=self._labelling)
        return Landing(entry, self._store(entry, start, is_composed=fragments.is_used))

    def reply(self, target: Target, fragments: Fragments | None = None) -> Reply:
        """Return what the application answers, and what that depends on, as of one moment."""
        kept = connection.connection
        try:
            return self._read(target, fragments)
        except (DatabaseError, InterfaceError):
            # A connection that was kept may have died since this thread's last build. To look
            # before each build would cost a journey each time.
            if kept is None or not _has_died(kept):
                raise
            connection.close()
            # Without fragments: what was waiting in the outbox was seen by the snapshot that is gone.
            return self._read(target, None)

    def _read(self, target: Target, fragments: Fragments | None) -> Reply:
        with collecting(fragments) as dependencies, self._observing(), bypassed(), snapshot():
            return replace(self._reply(target), dependencies=dependencies)


def _has_died(kept: Any) -> bool:
    """Tell whether it was this connection that failed, and not what was asked of it."""
    # The end of a transaction may have put another in its place already. And to be told goodbye by the
    # server, before its end is seen, does not count as closed.
    return (
        connection.connection is not kept
        or bool(getattr(kept, "closed", False))
        or not connection.is_usable()
    )


def unavailable(reason: str, target: Target) -> Answer:
    """Return the 503 for a representation that can be neither served nor built now."""
    detail = f"{reason}; try again in a few seconds"
    return refusal(503, detail, fields=[(b"retry-after", RETRY_AFTER)], instance=target.path)
