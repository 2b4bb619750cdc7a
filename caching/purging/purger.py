"""Who tells the edges of a change, and when?

The last step of a write, after it was acknowledged; nobody waits for it. In this order:

    outbox ── relay ──► invalidated, queued ── every worker has dropped it ──► edges told ──► once more

An edge that were told before the last worker has dropped the old answer would get it back from
him, and keep it. So what is due is taken from the queue first, and then we wait until all workers
that trust their L1 have heard as much as there was to hear. If Redis is out of reach, only that is
told which has waited for a lease: by then nobody trusts what he holds without a look at the outbox.

One thread does what concerns the database; each edge is told in a thread of its own, so that none
waits for another that does not answer. An edge which gets its answers from another edge is told
after that one. What is told to an edge at a time is in `telling.py`, what is due in `due.py`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Final

from django.db import DatabaseError, InterfaceError, connections

from caching import purge_queue
from caching.coherence import OutOfReach
from caching.edges.edge import Edge
from caching.purging import due
from caching.purging.due import Due
from caching.purging.role import Role
from caching.purging.telling import Telling, Told
from caching.relaying.invalidates import Invalidates
from caching.relaying.listening import PURGES, Listening
from caching.shared.leases import DRIFT

logger = logging.getLogger(__name__)

_LONGEST_PAUSE: Final = 1.0  # Seconds between two looks at the queue, whatever we hear.
_BLOCKED_PAUSE: Final = 0.25  # Seconds, while something is due and waits for another edge.
_TIDIED_EVERY: Final = 5.0  # Seconds.
_STOPS_WITHIN: Final = 5.0  # Seconds; then the calls under way are left to themselves.


class Purger:
    """Tells the edges, in one process at a time.

    Where nothing tells us of a commit we look every `interval` seconds. `lease`: how long a worker may
    trust its L1 without hearing of changes; 0 where changes are applied when they are queued.
    """

    def __init__(
        self,
        edges: Sequence[Edge],
        coherence: Invalidates,
        role: Role,
        *,
        interval: float,
        lease: float = 0.0,
    ) -> None:
        self._stopping: Final = Event()
        self._tellings: Final = [Telling(edge, self._stopping) for edge in edges]
        self._coherence: Final = coherence
        self._role: Final = role
        self._interval: Final = interval
        self._lease: Final = lease
        self._made_listening: Listening | None = None
        self._thread: Thread | None = None
        self._holds_role = False
        self._held_for = 0.0
        self._tidied_at = -math.inf
        self._strangers: frozenset[str] = frozenset()
        self.calls = 0

    def start(self) -> None:
        """Begin to purge."""
        self._thread = Thread(target=self.run, name="purger", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop purging: what waits is for another process."""
        self.end()
        if self._thread is not None:
            self._thread.join(timeout=_STOPS_WITHIN)

    def end(self) -> None:
        """Let `run` return. From any thread or signal handler."""
        self._stopping.set()
        self._wake()

    def wake(self) -> None:
        """Look at the queue at once, if it is ours to look at. From any thread or signal handler."""
        if self._holds_role:
            self._wake()

    def run(self) -> None:
        """Purge until `end`, through whatever happens to the database and to the edges."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self._look()
                failures = 0
                self._listening.wait(self._pause())
            except (DatabaseError, InterfaceError) as error:
                if not failures:
                    logger.warning("the queue of purges cannot be read, trying again: %s", error)
                failures += 1
                connections["default"].close()
            except Exception:
                if not failures:
                    logger.exception("purging failed, trying again")
                failures += 1
            if failures:
                self._listening.sleep(min(self._interval * 2 ** min(failures, 10), _LONGEST_PAUSE))
        self._leave()

    def drain(self) -> bool:
        """Purge what is due now, once; return False if another process purges. Raises `DatabaseError`.

        What has failed, or is more than an edge's rate allows at once, goes on waiting.
        """
        try:
            self._tidy()
            if not self._role.acquire():
                return False
            self._begin()
            while any(telling.ready_in() == math.inf for telling in self._tellings):
                self._listening.wait(_LONGEST_PAUSE)
                self._collect()
                self._begin()
        finally:
            self._leave()
        return True

    @property
    def _listening(self) -> Listening:
        # Not before there is a thread that listens: a process may be forked from this one.
        self._made_listening = self._made_listening or Listening(PURGES)
        return self._made_listening

    def _wake(self) -> None:
        if self._made_listening is not None:
            self._made_listening.wake()

    def _look(self) -> None:
        self._tidy()
        self._holds_role = self._role.acquire()
        if self._holds_role:
            self._listening.listen()
            self._collect()
            self._begin()

    def _leave(self) -> None:
        until = time.monotonic() + _STOPS_WITHIN / 2
        self._stopping.set()
        for telling in self._tellings:
            telling.close(within=max(0.0, until - time.monotonic()))
        with suppress(DatabaseError, InterfaceError):
            self._collect()
            self._role.release()
        self._holds_role = False
        self._listening.close()
        connections["default"].close()

    def _tidy(self) -> None:
        """Now and then, have every change queued for our edges, and no edge's queue grow beyond use.

        Our edges may have been forgotten, by a restore perhaps; and nobody else looks at what waits for
        an edge that is configured nowhere any more.
        """
        if time.monotonic() - self._tidied_at < _TIDIED_EVERY:
            return
        ours = {telling.edge.name: telling.edge.through for telling in self._tellings}
        strangers = purge_queue.register(ours)
        for name in sorted(strangers - self._strangers):
            logger.warning(
                "purges wait for edge %s, which is not configured here: manage.py purge --forget %s",
                name,
                name,
            )
        self._strangers = strangers
        if self._holds_role:
            for name in (*ours, *strangers):
                self._is_flushed(name)
        self._tidied_at = time.monotonic()

    def _begin(self) -> None:
        """Begin to tell each edge that is ready what is due there."""
        self._held_for = self._lease * DRIFT if self._is_out_of_reach() else 0.0
        taken = self._taken()
        if taken and self._lease and not self._held_for and not due.is_invalidated():
            self._held_for = self._lease * DRIFT
            taken = self._taken()
        if not taken:
            return
        if not self._held_for:
            try:
                self._coherence.wait(self._coherence.last())
            except OutOfReach:
                return  # Looked at again soon, and told when a lease has passed.
        for telling, rows in taken:
            if telling.may_call():
                telling.begin(rows, self._wake)

    def _taken(self) -> list[tuple[Telling, list[Due]]]:
        ready = [telling for telling in self._tellings if telling.ready_in() == 0]
        return [(telling, rows) for telling in ready if (rows := self._take(telling))]

    def _is_out_of_reach(self) -> bool:
        """Tell whether nobody can say what the workers have heard."""
        if self._coherence.lost_for() > 0:
            with suppress(OutOfReach):  # Where no tail finds out that Redis is back, this does.
                self._coherence.last()
        return self._coherence.lost_for() > 0

    def _take(self, telling: Telling) -> list[Due]:
        rows = self._due(telling)
        if len(rows) == telling.most and self._is_flushed(telling.edge.name):
            rows = self._due(telling)
        return rows

    def _due(self, telling: Telling) -> list[Due]:
        edge = telling.edge
        return due.take(
            edge.name,
            most=telling.most,
            through=edge.through,
            held_for=self._held_for,
            rebound=edge.rebound,
        )

    def _collect(self) -> None:
        """Write down what became of what was told."""
        for telling in self._tellings:
            was_failing = telling.failures
            told = telling.told()
            if told is None:
                continue
            self.calls += told.calls
            if told.failure is not None:
                self._fail(telling, told.failure.reason, telling.pause(told.failure), is_news=not was_failing)
            elif told.rows:
                self._settle(telling, told)
                if was_failing:
                    logger.info("edge %s is purged again", telling.edge.name)

    def _settle(self, telling: Telling, told: Told) -> None:
        edge = telling.edge
        behind = {one.edge.name: one.edge.rebound for one in self._tellings if one.edge.through == edge.name}
        due.settle(edge.name, told.rows, rebound=edge.rebound, calls=told.calls, behind=behind)

    def _fail(self, telling: Telling, reason: str, pause: float, *, is_news: bool) -> None:
        name = telling.edge.name
        if is_news:
            logger.warning("edge %s cannot be purged, trying again: %s", name, reason)
        due.fail(name, reason, retry_in=pause)

    def _is_flushed(self, name: str) -> bool:
        is_flushed = due.give_up_telling_apart(name)
        if is_flushed:
            logger.warning("too much waits for edge %s: all that it keeps will be purged", name)
        return is_flushed

    def _pause(self) -> float:
        """Return for how many seconds nothing need be looked at, if nothing is heard."""
        if not self._holds_role:
            return _LONGEST_PAUSE
        longest = _LONGEST_PAUSE if self._listening.hears else self._interval
        resting = [telling.ready_in() for telling in self._tellings if 0 < telling.ready_in() < math.inf]
        ready = [telling.edge.name for telling in self._tellings if telling.ready_in() == 0]
        soonest = due.next_in(ready, held_for=self._held_for)
        # What is due and was not begun waits for another edge, whose end wakes us, or for the workers.
        pause = min(longest, soonest) if soonest else max(self._interval, _BLOCKED_PAUSE)
        return min([pause, *resting])
