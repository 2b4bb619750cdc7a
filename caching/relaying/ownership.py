"""Which process may store, where several serve one database without Redis?

The one that holds a lock on a file beside the database. The kernel gives the lock back when
the process dies, however it does. With Redis, processes keep each other coherent instead, and
nobody owns the outbox.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Ownership:
    """The right to delete outbox rows: held by one process at a time, given back by its death."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process owns the outbox."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Try to become the owner; return whether we are."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let another process own the outbox."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
