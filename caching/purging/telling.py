"""How is one edge told of what is due?

In as few calls as its limits allow, and no more of them than its rate. What fails is told again,
after a pause that doubles, or the one that the edge asked for; meanwhile it goes on waiting in the
queue, where changes of the same key become one.

    due rows ──► keys, and the wide keys of each ──► hard ──► calls ──► soft ──► calls ──► Told
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from threading import Event, Thread
from typing import Final, NamedTuple

from caching.edges.batches import calls
from caching.edges.edge import Edge, Failed
from caching.edges.rate import Rate
from caching.labels import purged_with
from caching.purging.due import Due
from caching.surrogate_keys import EVERYTHING

_FIRST_PAUSE: Final = 0.5  # Seconds after a failure.
_LONGEST_PAUSE: Final = 15.0
_CALLS_AT_A_TIME: Final = 4  # A failure repeats no more.
_KEYS_OF_A_ROW: Final = 2  # The key, and its wide key.


class Told(NamedTuple):
    """What became of the rows that were taken for an edge: of none, if we were stopped before the end."""

    rows: Collection[Due]
    calls: int
    failure: Failed | None = None


class Telling:
    """One edge: its rate, its failures, and the calls under way."""

    def __init__(self, edge: Edge, stopping: Event, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.edge: Final = edge
        self.failures = 0
        self.most: Final = max(1, edge.backend.most_keys * _CALLS_AT_A_TIME // _KEYS_OF_A_ROW)
        self._stopping: Final = stopping
        self._clock: Final = clock
        self._rate: Final = Rate(edge.rate, edge.burst)
        self._ready_at = 0.0
        self._thread: Thread | None = None
        self._told: Told | None = None

    def ready_in(self) -> float:
        """Return in how many seconds the edge may be called; infinite while it is."""
        return float("inf") if self._thread else max(0.0, self._ready_at - self._clock())

    def may_call(self) -> bool:
        """Take the first of the calls that the rate allows; False, and not ready, until there is one."""
        pause = self._rate.take(now=self._clock())
        self._ready_at = self._clock() + pause
        return pause == 0

    def begin(self, rows: Collection[Due], done: Callable[[], None]) -> None:
        """Tell the edge, in another thread; `done` is called there at the end. Its first call is allowed."""
        # A daemon: no process waits at its end for an edge that does not answer.
        name = f"purging {self.edge.name}"
        thread = Thread(target=self._run, args=(rows, done), name=name, daemon=True)
        thread.start()
        self._thread = thread

    def told(self) -> Told | None:
        """Return what became of the rows under way, once; None if nothing is or they are not done."""
        if self._told is None:
            return None
        told, self._told, self._thread = self._told, None, None
        if told.failure is not None:
            self.failures += 1
            self._ready_at = self._clock() + self.pause(told.failure)
        elif told.rows:
            self.failures = 0
        return told

    def pause(self, failure: Failed) -> float:
        """Return for how many seconds an edge that has failed is left alone."""
        doubled: float = _FIRST_PAUSE * 2 ** min(self.failures - 1, 10)
        return max(min(doubled, _LONGEST_PAUSE), failure.retry_after or 0.0)

    def close(self, *, within: float) -> None:
        """Give up the connections to the edge, unless a call goes on for more than so many seconds."""
        if self._thread is not None:
            self._thread.join(within)
        if self._thread is None or not self._thread.is_alive():
            self.edge.backend.close()

    def _run(self, rows: Collection[Due], done: Callable[[], None]) -> None:
        self._told = self._tell(rows)
        done()

    def _tell(self, rows: Collection[Due]) -> Told:
        made = 0
        backend = self.edge.backend
        try:
            for keys, is_hard in _grouped(rows):
                for call in calls(keys, most_keys=backend.most_keys, most_bytes=backend.most_bytes):
                    if made and not self._wait_for_a_call():
                        return Told((), made)
                    backend.purge(call, is_hard=is_hard)
                    made += 1
        except Failed as failure:
            if failure.retry_after is not None:
                self._rate.empty(now=self._clock())
            return Told(rows, made, failure)
        except Exception as error:  # noqa: BLE001 - whatever a backend does, what is due stays due.
            return Told(rows, made, Failed(f"{type(error).__name__} while it was told"))
        return Told(rows, made)

    def _wait_for_a_call(self) -> bool:
        """Return when the rate allows another call; False if we are to stop."""
        while pause := self._rate.take(now=self._clock()):
            self._stopping.wait(pause)
            if self._stopping.is_set():
                break
        return not self._stopping.is_set()


def _grouped(rows: Collection[Due]) -> list[tuple[list[str], bool]]:
    """Return the keys to be purged hard, then those that are purged softly; everything is everything."""
    hard = _purged_with(row.key for row in rows if row.is_hard)
    soft = _purged_with(row.key for row in rows if not row.is_hard)
    if EVERYTHING in hard:
        return [([EVERYTHING], True)]
    softly = [EVERYTHING] if EVERYTHING in soft else sorted(soft - hard)
    return [(keys, is_hard) for keys, is_hard in ((sorted(hard), True), (softly, False)) if keys]


def _purged_with(keys: Iterable[str]) -> frozenset[str]:
    """Return the labels by which the answers are found that carry one of these keys: none for none."""
    named = frozenset(keys)
    return purged_with(named) if named else named
