"""How does one process of a measurement take part in what workers share?

As a worker does: with an L1, a tail that follows the log, L2 and claims, over a Redis of its
own; borrowed from the tests. No request is served, and nothing waits in any outbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.redis import is_installed, running_redis
from tests.shared.workers import LONG_LEASE, Worker, settled


@contextmanager
def member() -> Iterator[tuple[Worker, str]]:
    """Yield a worker that trusts its L1, and the address of its Redis."""
    if not is_installed():
        raise RuntimeError("need redis-server, which is not installed here")
    with running_redis() as server, settled(server), Worker(lease=LONG_LEASE) as worker:
        worker.until_trusting()
        yield worker, server.url
