"""Who sees to it that requests are sent when they are due? One greenlet per process.

It puts each errand, at its moment, into the queue of the users whose kind it is, and never waits
for an answer. A user who is free takes it at once. Where none is, it waits, which is counted, and
its latency goes on from when it was due: a server that stands still does not thereby get fewer
requests, or better figures. What limits the load is the number of users, who are connections, and
the one core that a process of Locust can use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter

import gevent
from gevent.queue import SimpleQueue

from loadtests.errands import Errand
from loadtests.mix import Kind

Queues = Mapping[Kind, "SimpleQueue[Errand | None]"]


class Pump:
    """Hands out errands; `began_at` is the moment, by the monotonic clock, of which they are counted."""

    def __init__(self, errands: Iterator[Errand]) -> None:
        self.queues: Queues = {kind: SimpleQueue() for kind in Kind}
        self.began_at = 0.0
        self.is_done = False
        self._errands = errands

    def run(self) -> None:
        """Hand out all errands, each when it is due."""
        self.began_at = perf_counter()
        for errand in self._errands:
            left = errand.due - self.now()
            if left > 0:
                gevent.sleep(left)
            self.queues[errand.wish.kind].put(errand)
        self.is_done = True

    def now(self) -> float:
        """Return the seconds since the run began."""
        return perf_counter() - self.began_at

    def dismiss(self, users: Mapping[Kind, int]) -> list[Errand]:
        """Tell so many users of each kind to go; return the errands that nobody has taken."""
        left = [errand for queue in self.queues.values() for errand in _taken(queue) if errand]
        for kind, number in users.items():
            for _ in range(number):
                self.queues[kind].put(None)
        return left


def _taken(queue: SimpleQueue[Errand | None]) -> Iterator[Errand | None]:
    while not queue.empty():
        yield queue.get_nowait()
