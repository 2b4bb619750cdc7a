"""Which purges are over? The database says what has not been passed on yet, and to which edge.

A change is in the outbox from its commit on, and a relay moves it into the queue of every edge in
one transaction; a row leaves the queue when the edge has been told, and told again. So what stands
in neither table, in one look that began after the change was acknowledged, is over.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import psycopg

from tests.edges.chaos.history import Histories, Thing

_LOOK = "SELECT '', key FROM caching_outbox UNION ALL SELECT edge, key FROM caching_purge"
_PAUSE = 0.1  # Seconds between two looks.
_OUTBOX = ""
_EVERYTHING = "all"


class Waiting:
    """Looks at the database through a connection of its own, and raises the floors of the histories."""

    def __init__(self, connecting: dict[str, str], histories: Histories, edges: Sequence[str]) -> None:
        self.ended = threading.Event()
        self.raised = 0
        self.most = 0  # Rows that waited at once.
        self.failures: list[BaseException] = []
        self._connecting = connecting
        self._histories = histories
        self._edges = edges
        self._connection: psycopg.Connection[Any] | None = None

    def run(self) -> None:
        """Look, and look again, until the end."""
        try:
            while not self.ended.wait(_PAUSE):
                self.step()
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for this thread.
            self.failures.append(error)
        finally:
            self._hang_up()

    def step(self) -> None:
        """Raise the floor of each thing of which nothing waits any more."""
        acknowledged = {thing: history.acknowledged for thing, history in tuple(self._histories.of.items())}
        waiting = self.look()
        if waiting is None:
            return
        for edge in self._edges:
            keys = waiting[edge] | waiting[_OUTBOX]
            for thing, number in acknowledged.items():
                history = self._histories.of[thing]
                if number > history.floors[edge] and not stands_for(keys, thing, history.pk):
                    history.floors[edge] = number
                    self.raised += 1

    def look(self) -> dict[str, set[str]] | None:
        """Return what waits for each edge, and under no name what nobody has relayed; None if not known."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(**self._connecting, autocommit=True)
            rows = self._connection.execute(_LOOK).fetchall()
        except psycopg.Error:
            self._hang_up()
            return None
        found: dict[str, set[str]] = defaultdict(set)
        for edge, key in rows:
            found[edge].add(key.removesuffix("!"))
        self.most = max(self.most, len(rows))
        return found

    def until_empty(self, within: float) -> float:
        """Return once nothing waits for anybody; say how many seconds that took."""
        began = time.monotonic()
        while (waiting := self.look()) is None or any(waiting.values()):
            assert time.monotonic() - began < within, f"after {within} s there still waits: {waiting}"
            time.sleep(_PAUSE / 2)
        return time.monotonic() - began

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def stands_for(keys: set[str], thing: Thing, pk: int) -> bool:
    """Tell whether one of the keys stands for a thing, alone or with all of its kind.

    >>> keys = ({"post:42"}, {"post:*"}, {"all"}, {"post:7", "tag:*"})
    >>> [stands_for(some, ("post", 7), 42) for some in keys]
    [True, True, True, False]
    """
    kind, _ = thing
    return not keys.isdisjoint((f"{kind}:{pk}", f"{kind}:*", _EVERYTHING))
