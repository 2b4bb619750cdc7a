"""Which process purges? One at a time, so that vendors' rates are kept.

Two at once would do no harm, for a purge may be repeated. On PostgreSQL it is the one that holds a
lock of its session: the server gives it back when the process dies, or, if its machine falls silent,
when the connection is seen to be dead. Elsewhere a lock on a file beside the database does it, as for
the outbox.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from caching.relaying.ownership import Ownership

# A lock of this schema's own, as another installation may live in another schema of the database.
_TRY: Final = "SELECT pg_try_advisory_lock(hashtextextended('readpath purger ' || current_schema(), 0))"
_RELEASE: Final = "SELECT pg_advisory_unlock(hashtextextended('readpath purger ' || current_schema(), 0))"
# The server asks a silent peer after 5 s, and gives it up after 11; and a process that is stopped in a
# transaction, with rows in its hands for which relays wait, after 10 s.
_OF_THE_SESSION: Final = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    " SET idle_in_transaction_session_timeout = 10000"
)


class Role:
    """The role of the one who purges, for the calling thread's connection to the database."""

    def __init__(self, lock: Path | None = None) -> None:
        """`lock`: the file that stands for the role where the database has no locks of sessions."""
        self._file: Final = Ownership(lock) if lock is not None else None
        self._holder: Any = None
        self._asked: Any = None

    @classmethod
    def of(cls, database: BaseDatabaseWrapper) -> Role:
        """Return the role of the one who purges what waits in this database."""
        is_file = database.vendor == "sqlite"
        return cls(Path(f"{database.settings_dict['NAME']}.purger") if is_file else None)

    def acquire(self) -> bool:
        """Try to get the role; return whether this process has it. Raises `DatabaseError`."""
        if self._file is not None:
            return self._file.acquire()
        database = connections["default"]
        database.ensure_connection()
        # A connection that was lost has lost the lock with it.
        if self._holder is None or self._holder is not database.connection:
            with database.cursor() as cursor:
                if self._asked is not database.connection:
                    cursor.execute(_OF_THE_SESSION)
                cursor.execute(_TRY)
                (is_ours,) = cursor.fetchone()
            self._asked = database.connection
            self._holder = self._asked if is_ours else None
        return self._holder is not None

    def release(self) -> None:
        """Let another process have the role. Raises `DatabaseError`."""
        if self._file is not None:
            self._file.release()
        elif self._holder is not None and self._holder is connections["default"].connection:
            with connections["default"].cursor() as cursor:
                cursor.execute(_RELEASE)
        self._holder = None
