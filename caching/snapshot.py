"""How does a build see one state of the database, and never half of a write?

All its queries run in one read-only transaction whose snapshot begins with the first of
them. Without it, a page read between two queries of a build could show a state that never
existed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

from django.db import connection, transaction
from psycopg import IsolationLevel

# A build that takes longer than anybody waits for it must not hold its thread.
_LIMIT: Final = "SET statement_timeout = '25s'"
# The connections that have it: told once each, since every telling is a journey.
_limited: Final[WeakSet[Any]] = WeakSet()


@contextmanager
def snapshot() -> Iterator[None]:
    """Let everything that the block reads come from one moment."""
    if connection.vendor == "sqlite":
        with _deferred(), transaction.atomic():
            yield
    elif connection.in_atomic_block:
        # Somebody else's transaction, as in tests: its snapshot is what there is.
        yield
    else:
        with _repeatable(), transaction.atomic():
            yield


@contextmanager
def _repeatable() -> Iterator[None]:
    # Said by BEGIN itself, which is sent with the first query.
    connection.ensure_connection()
    own: Any = connection.connection
    with connection.wrap_database_errors:
        if own not in _limited:
            own.execute(_LIMIT)
            _limited.add(own)
        own.isolation_level, own.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        yield
    finally:
        if not own.closed:
            own.isolation_level, own.read_only = None, None


@contextmanager
def _deferred() -> Iterator[None]:
    # Our settings make transactions take the write lock at once; a reader must not.
    database: Any = connection  # The attribute is SQLite's alone.
    database.ensure_connection()  # Connecting is what sets the mode.
    mode = database.transaction_mode
    database.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        database.transaction_mode = mode
