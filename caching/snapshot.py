"""How does a build see one state of the database, and never half of a write?

All its queries run in one read-only transaction whose snapshot begins with the first of
them. Without it, a page read between two queries of a build could show a state that never
existed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection, transaction

# A build that takes longer than anybody waits for it must not hold its thread.
_BEGINNING: Final = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '25s'"
)


@contextmanager
def snapshot() -> Iterator[None]:
    """Let everything that the block reads come from one moment."""
    if connection.vendor == "sqlite":
        with _deferred(), transaction.atomic():
            yield
    else:
        with transaction.atomic():
            if connection.vendor == "postgresql" and not connection.savepoint_ids:
                with connection.cursor() as cursor:
                    cursor.execute(_BEGINNING)
            yield


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
