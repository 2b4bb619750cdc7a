"""Who tells the edges of a change, and when?

The last step of a write, after it was acknowledged; nobody waits for it. In this order:

    outbox ── relay ──► invalidated, queued ── every worker has dropped it ──► edges told ──► once more

One thread of one process at a time does it (`role.py`): woken by the database where it can, by the
relay of its own process, and when an edge has been told. What it does then is in `rounds.py`.
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
from caching.edges.edge import Edge
from caching.purging.role import Role
from caching.purging.rounds import Rounds
from caching.relaying.invalidates import Invalidates
from caching.relaying.listening import PURGES, Listening

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
        self._rounds: Final = Rounds(edges, coherence, self._stopping, lease=lease, wake=self._wake)
        self._role: Final = role
        self._interval: Final = interval
        self._made_listening: Listening | None = None
        self._thread: Thread | None = None
        self._holds_role = False
        self._tidied_at = -math.inf
        self._strangers: frozenset[str] = frozenset()

    @property
    def calls(self) -> int:
        """How many calls the edges have taken."""
        return self._rounds.calls

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
            self._rounds.begin()
            while self._rounds.is_under_way:
                self._listening.wait(_LONGEST_PAUSE)
                self._rounds.collect()
                self._rounds.begin()
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
            self._rounds.collect()
            self._rounds.begin()

    def _leave(self) -> None:
        self._stopping.set()
        self._rounds.close(within=_STOPS_WITHIN / 2)
        with suppress(DatabaseError, InterfaceError):
            self._rounds.collect()
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
        strangers = purge_queue.register({edge.name: edge.through for edge in self._rounds.edges})
        for name in sorted(strangers - self._strangers):
            logger.warning(
                "purges wait for edge %s, which is not configured here: manage.py purge --forget %s",
                name,
                name,
            )
        self._strangers = strangers
        if self._holds_role:
            self._rounds.tidy(strangers)
        self._tidied_at = time.monotonic()

    def _pause(self) -> float:
        """Return for how many seconds nothing need be looked at, if nothing is heard."""
        if not self._holds_role:
            return _LONGEST_PAUSE
        longest = _LONGEST_PAUSE if self._listening.hears else self._interval
        soonest, ready_in = self._rounds.next_in()
        # What is due and was not begun waits for another edge, whose end wakes us, or for the workers.
        pause = min(longest, soonest) if soonest else max(self._interval, _BLOCKED_PAUSE)
        return min(pause, ready_in)
