"""How does a test stop a build at a certain moment? By a lock on what it is about to read.

A build waits for the lock with its snapshot taken already: what is written from now on is
not in it. `freeze` lets go of the lock and stops the build's own session instead, so that
everybody else can read and write while the build still stands where it stood.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Self

from tests.postgres import Cluster

WITHIN = 20.0  # Seconds.

_LOCK = "LOCK TABLE api_post IN ACCESS EXCLUSIVE MODE"
_WAITING = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND state = 'active' AND query LIKE 'SELECT %' ORDER BY query_start"
)


class Hold:
    """No build of a page with posts goes on while this is entered."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._frozen: list[int] = []

    def builders(self, count: int = 1) -> list[int]:
        """Return the sessions of so many builds once they wait, the longest waiting first."""
        deadline = time.monotonic() + WITHIN
        while len(found := self._waiting()) < count:
            assert time.monotonic() < deadline, f"{len(found)} builds wait, need {count}"
            time.sleep(0.005)
        return found

    def release(self) -> None:
        """Let the builds go on."""
        self._locking.rollback()

    def freeze(self) -> None:
        """Let go of the lock, but not the builds that wait for it now."""
        self._frozen = self._waiting()
        for session in self._frozen:
            os.kill(session, signal.SIGSTOP)
        self.release()

    def thaw(self) -> None:
        """Let the frozen builds go on."""
        frozen, self._frozen = self._frozen, []
        for session in frozen:
            os.kill(session, signal.SIGCONT)

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        """Let PostgreSQL refuse what builds have asked for, and ask for again, while the block runs."""
        is_over = Event()

        def fail() -> None:
            while not is_over.wait(0.005):
                for session in self._waiting():
                    self._watching.execute(f"SELECT {how}(%s)", [session])

        thread = Thread(target=fail)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(WITHIN)

    def _waiting(self) -> list[int]:
        return [pid for (pid,) in self._watching.execute(_WAITING)]

    def __enter__(self) -> Self:
        self._watching = self._cluster.connect()
        self._locking = self._cluster.connect()
        self._locking.autocommit = False
        self._locking.execute(_LOCK)
        return self

    def __exit__(self, *_: object) -> None:
        self.thaw()
        self._locking.close()
        self._watching.close()
