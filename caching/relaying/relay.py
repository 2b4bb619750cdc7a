"""Who passes on what the database has written down?

Triggers put the surrogate keys of every change into the outbox, in the writer's own
transaction. The relay takes committed rows, invalidates their keys, and only then are they
gone: a crash in between repeats an invalidation and never loses one.

    writer ── COMMIT ──► outbox ──► take ──► invalidate ──► gone
                                      ▲ crash anywhere: the rows are still there

A relay runs in every worker, woken by the database where it can (`listening.py`), and before
a writer is answered (`acknowledging.py`). With Redis, whoever comes first relays for all;
without it, one process owns the outbox (`ownership.py`), and no other stores anything.

Nothing is stored before the triggers were seen in place. `migrate` takes them away for a
while, and leaves a key for everything behind when it does; so that key ends the trust.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from threading import Event, Thread
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError, connections

from caching.coherence import OutOfReach
from caching.relaying import outbox
from caching.relaying.acknowledging import ACKNOWLEDGE_WITHIN, Acknowledging
from caching.relaying.invalidates import Invalidates
from caching.relaying.listening import Listening
from caching.relaying.outbox import Taken
from caching.relaying.ownership import Ownership
from caching.relaying.trust_lock import Passes, TrustLock
from caching.triggers import install

__all__ = ["Invalidates", "Ownership", "Relay", "acknowledge", "activate", "deactivate"]

logger = logging.getLogger(__name__)

_LONGEST_PAUSE: Final = 1.0  # Seconds between two looks at the outbox, whatever we hear.
_TIDIED_EVERY: Final = 60.0  # Seconds.


def changes_are_reported() -> bool:
    """Tell whether the database has the triggers that this release wants."""
    missing = install.missing()
    if missing:
        logger.error("nothing is stored while %d triggers are missing: run manage.py migrate", len(missing))
    return not missing


class Relay:
    """Relays for one process: before a writer is answered, and whenever something was committed.

    Where nothing tells us of a commit we look every `interval` seconds. A process that shares
    nothing needs `ownership`; one that shares Redis has none, but `passes` that its `lease` is
    counted from.
    """

    def __init__(  # noqa: PLR0913 - the parts it is made of, each by name.
        self,
        coherence: Invalidates,
        ownership: Ownership | None,
        *,
        interval: float,
        lease: float = 0.0,
        passes: Passes | None = None,
        is_reported: Callable[[], bool] = changes_are_reported,
        passed: Callable[[], None] = lambda: None,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        """Relay through `coherence`; `passed` is called when something was queued for the edges.

        `tidy` is called once a minute: it lets no queue grow beyond use for which nobody purges.
        """
        self._coherence: Final = coherence
        self._ownership: Final = ownership
        self._interval: Final = interval
        # Often enough that a lease never runs out between two looks.
        self._longest_pause: Final = min(_LONGEST_PAUSE, lease / 4 or _LONGEST_PAUSE)
        self._is_reported: Final = is_reported
        self._passed: Final = passed
        self._tidy: Final = tidy
        self._tidied_at = -math.inf
        self._trust_lock: Final = TrustLock(coherence, passes, lease=lease) if passes else None
        self._acknowledging: Final = Acknowledging(
            coherence, self._relayed, self._trust_lock, lease=lease, pause=interval
        )
        self._listening: Listening | None = None
        self._trusted_epoch: int | None = None
        self._look_again_at = 0.0
        self._stopping: Final = Event()
        self._thread: Thread | None = None
        self.relayed = 0

    def start(self) -> None:
        """Begin to look for changes that came from elsewhere."""
        self._thread = Thread(target=self.run, name="relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, and let another process own the outbox."""
        self.end()
        if self._thread is not None:
            self._thread.join(timeout=ACKNOWLEDGE_WITHIN)
        self._distrust()
        if self._ownership is not None:
            self._ownership.release()

    def end(self) -> None:
        """Let `run` return. From any thread or signal handler."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look at the outbox at once. From any thread or signal handler."""
        if self._listening is not None:
            self._listening.wake()

    def relay(self) -> int:
        """Invalidate what committed changes touched, to the last; return the number of rows relayed.

        Raises `DatabaseError` or `OutOfReach`; nothing is lost then.
        """
        relayed = 0
        while not outbox.is_empty():
            taken, _ = self._pass_over()
            relayed += taken.rows
            if not taken.is_gone:
                break
        return relayed

    def acknowledge(self) -> None:
        """Return once everything that the calling thread has committed is invalidated.

        If nobody can tell, this process forgets all that it stored, so that what follows is
        right in any case.
        """
        if not self._acknowledging.acknowledge():
            self._distrust()

    def position(self) -> int:
        """Return how far this process has heard of invalidations, to be noted before a change."""
        return self._coherence.position()

    def heard_since(self, position: int) -> frozenset[str] | None:
        """Return what was invalidated since; None unless this process is certain to have heard of it all.

        After `acknowledge` that is what the calling thread has changed in between, and what others have.
        """
        return self._coherence.heard_since(position)

    def run(self) -> None:
        """Relay until `end`, through whatever happens to the database."""
        listening = self._listening = Listening()
        failures = 0
        while not self._stopping.is_set():
            try:
                self._look(listening)
                failures = 0
                listening.wait(self._pause(listening))
            except (DatabaseError, InterfaceError) as error:
                # Nobody can tell us of a write while the database is away, and what is
                # stored was right when it went: keep serving it (P6).
                if not failures:
                    logger.warning("the outbox cannot be read, trying again: %s", error)
                failures += 1
                if self._trust_lock is not None and isinstance(error, OperationalError | InterfaceError):
                    self._trust_lock.in_vain()
                connections["default"].close()
            except Exception:
                # Whatever it was, this thread must live, and nobody knows what it has missed.
                self._distrust()
                if not failures:
                    logger.exception("relaying failed, trying again; nothing is stored until then")
                failures += 1
            if failures:
                listening.sleep(min(self._interval * 2 ** min(failures, 10), _LONGEST_PAUSE))
        listening.close()
        connections["default"].close()

    def _look(self, listening: Listening) -> None:
        """Relay what waits, and trust if that was all that was missing."""
        if self._ownership is not None and not self._ownership.acquire():
            return
        listening.listen()
        # In this order: what ends the trust while we look must not be taken for seen.
        epoch = self._coherence.epoch
        try:
            with self._trust_lock.looking() if self._trust_lock else nullcontext():
                if not outbox.is_empty():
                    self.relayed += self._pass_over()[0].rows
        except OutOfReach:
            outbox.queue_for_edges()
            return  # What waits goes on waiting, for all to see.
        self._earn_trust(epoch)
        if time.monotonic() - self._tidied_at > _TIDIED_EVERY:
            self._tidied_at = time.monotonic()
            self._tidy()

    def _pause(self, listening: Listening) -> float:
        """Return for how many seconds nothing need be looked at, if nothing is heard."""
        is_settled = self._trusted_epoch == self._coherence.epoch
        return self._longest_pause if listening.hears and is_settled else self._interval

    def _pass_over(self) -> tuple[Taken, int]:
        """Relay what can be seen now; return what that was, and the position to wait for."""
        with outbox.relaying() as taken:
            if taken.keys:
                position = self._coherence.invalidate(taken.keys, relay_pass=taken.number)
        if not taken.keys:
            position = self._coherence.last()  # Others have relayed it, before that was asked.
        elif taken.number:
            self._passed()
        return taken, position

    def _relayed(self) -> int | None:
        """Relay, if we may; return the position up to which all is, None if it is not yet."""
        if outbox.is_empty():
            return self._coherence.last()
        if self._ownership is not None and not self._ownership.held:
            return None
        return self._pass_over()[1]

    def _earn_trust(self, epoch: int) -> None:
        """Let the process store, once it is certain to hear of changes; look at that once a second."""
        if self._trusted_epoch == epoch or time.monotonic() < self._look_again_at:
            return
        if self._is_reported():
            self._coherence.trust(epoch)
            self._trusted_epoch = epoch
        else:
            self._coherence.distrust()
            self._look_again_at = time.monotonic() + 1.0

    def _distrust(self) -> None:
        self._coherence.distrust()
        self._trusted_epoch = None


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


def position() -> int:
    """Return how far this process has heard of invalidations; 0 if it serves no reads."""
    return _active[0].position() if _active else 0


def heard_since(position: int) -> frozenset[str] | None:
    """Return the keys invalidated since, as this process has heard: none if it serves no reads.

    None if it is not certain to have heard of all of them.
    """
    return _active[0].heard_since(position) if _active else frozenset()
