"""A relay and a purger in the test's own process, over the database in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from caching import purge_queue
from caching.coherence import OutOfReach
from caching.edges.edge import Edge
from caching.models import Purge
from caching.purging.purger import Purger
from caching.purging.role import Role
from caching.relaying import outbox
from caching.relaying.relay import Relay
from tests.caching.hearing import Heard
from tests.purging.receivers import PATIENCE
from tests.redis import wait_until

INTERVAL = 0.01


class Workers(Heard):
    """Those who must have dropped a thing before an edge hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0  # How often somebody has tried to reach Redis.
        self.on_wait: Any = lambda position: None

    def last(self) -> int:
        self.asked += 1
        return super().last()

    def wait(self, position: int) -> None:
        super().wait(position)
        self.on_wait(position)

    def lose(self) -> None:
        """Let Redis be out of reach."""
        self.lost = 1.0

    def find(self) -> None:
        """Let it be in reach again."""
        self.lost = 0.0


def purger_of(*edges: Edge, workers: Any = None, lease: float = 0.0, interval: float = INTERVAL) -> Purger:
    """Return who tells these edges."""
    return Purger(edges, workers or Workers(), Role.of(connection), interval=interval, lease=lease)


@contextmanager
def purging(*edges: Edge, is_new: bool = True, **options: Any) -> Iterator[Purger]:
    """Tell these edges while the block runs; they hold nothing from before, and, if new, nothing waits."""
    if is_new:
        registered(*edges)
    purger = purger_of(*edges, **options)
    purger.start()
    try:
        yield purger
    finally:
        purger.stop()
        assert purger._thread is not None
        assert not purger._thread.is_alive(), "it does not end"


def registered(*edges: Edge) -> None:
    """Register edges that hold nothing from before."""
    purge_queue.register({edge.name: edge.through for edge in edges})
    Purge.objects.all().delete()


def put(*keys: str, hard: bool = False) -> None:
    """Queue keys as a relay does, and wake nobody but by the database."""
    with transaction.atomic():
        purge_queue.put(dict.fromkeys(keys, hard))


def relay(workers: Any) -> None:
    """Pass on what waits in the outbox, as the relay's thread does."""
    passing = Relay(workers, None, interval=INTERVAL)
    try:
        passing.relay()
    except OutOfReach:
        outbox.queue_for_edges()


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Return as soon as something holds in the database."""
    wait_until(holds, otherwise, patience=PATIENCE)


def until_settled() -> None:
    """Return once nothing waits for any edge."""
    until(lambda: not Purge.objects.exists(), "something waits on")
