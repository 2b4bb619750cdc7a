"""What happens in a round of purging? What is due is taken, waited for, told and written down.

    take what is due ──► every worker has dropped it ──► tell each edge ──► settle, or note why not

An edge that were told before the last worker has dropped the old answer would get it back from
him, and keep it. So what is due is taken from the queue first, and then we wait until all workers
that trust their L1 have heard as much as there was to hear. If Redis is out of reach, only that is
told which has waited for a lease: by then nobody trusts what he holds without a look at the outbox.

What concerns the database is done in the calling thread; each edge is told in a thread of its own,
so that none waits for another that does not answer. Who purges, and how often it is looked at, is in
`purger.py`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import Event
from typing import Final

from caching.coherence import OutOfReach
from caching.edges.edge import Edge
from caching.purging import due
from caching.purging.due import Due
from caching.purging.telling import Telling, Told
from caching.relaying.invalidates import Invalidates
from caching.shared.leases import DRIFT

logger = logging.getLogger(__name__)

_BLOCKED_PAUSE: Final = 0.05  # Seconds between two looks, while something waits for Redis to be back.


class Rounds:
    """The rounds of one process. Of one thread, but for `stopping`, which ends what is under way."""

    def __init__(
        self,
        edges: Sequence[Edge],
        coherence: Invalidates,
        stopping: Event,
        *,
        lease: float,
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called, in any thread, when an edge has been told, or could not be."""
        self.edges: Final = tuple(edges)
        self._tellings: Final = [Telling(edge, stopping) for edge in edges]
        self._coherence: Final = coherence
        self._lease: Final = lease
        self._wake: Final = wake
        self._held_for = 0.0
        self.calls = 0

    @property
    def is_under_way(self) -> bool:
        """Whether an edge is being told."""
        return any(telling.ready_in() == math.inf for telling in self._tellings)

    def next_in(self) -> tuple[float, float]:
        """Return in how many seconds something is due, and in how many an edge that rests is ready."""
        resting = [seconds for telling in self._tellings if 0 < (seconds := telling.ready_in()) < math.inf]
        ready = [telling.edge.name for telling in self._tellings if telling.ready_in() == 0]
        soonest = due.next_in(ready, held_for=self._held_for)
        # Redis is seldom away for a whole lease.
        blocked = _BLOCKED_PAUSE if self._held_for and soonest < math.inf else math.inf
        return soonest, min([blocked, *resting])

    def close(self, *, within: float) -> None:
        """Give up the connections to the edges; calls that take longer are left to themselves."""
        until = time.monotonic() + within
        for telling in self._tellings:
            telling.close(within=max(0.0, until - time.monotonic()))

    def tidy(self, others: Iterable[str]) -> None:
        """Let no queue grow beyond use, those of other edges included, nor wait for a clock set back."""
        for edge in self.edges:
            due.mind_the_clock(edge.name, rebound=edge.rebound)
        for name in (*(edge.name for edge in self.edges), *others):
            _is_flushed(name)

    def begin(self) -> None:
        """Begin to tell each edge that is ready what is due there."""
        self._held_for = self._lease * DRIFT if self._is_out_of_reach() else 0.0
        taken = self._taken()
        if taken and self._lease and not self._held_for and not due.is_invalidated():
            self._held_for = self._lease * DRIFT
            taken = self._taken()
        if not taken:
            return
        # What is told once more has been waited for.
        if not self._held_for and any(row.stage == 0 for _, rows in taken for row in rows):
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
        if len(rows) == telling.most and _is_flushed(telling.edge.name):
            rows = self._due(telling)
        return rows

    def _due(self, telling: Telling) -> list[Due]:
        edge = telling.edge
        return due.take(
            edge.name,
            most=telling.most,
            through=edge.through,
            held_for=self._held_for,
        )

    def collect(self) -> None:
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
        due.settle(
            edge.name,
            told.rows,
            rebound=edge.rebound,
            calls=told.calls,
            is_behind=edge.through is not None,
            behind=behind,
        )

    def _fail(self, telling: Telling, reason: str, pause: float, *, is_news: bool) -> None:
        name = telling.edge.name
        if is_news:
            logger.warning("edge %s cannot be purged, trying again: %s", name, reason)
        due.fail(name, reason, retry_in=pause)


def _is_flushed(name: str) -> bool:
    is_flushed = due.give_up_telling_apart(name)
    if is_flushed:
        logger.warning("too much waits for edge %s: all that it keeps will be purged", name)
    return is_flushed
