"""Which statements were executed, and how long did the database take over each?

A cursor of Django's that looks at the clock: a statement's time is that of executing it and of
fetching its rows, for SQLite finds the rows while they are fetched. Whatever goes through
`django.db.connection` goes through its cursors: the ORM, prefetches, SQL by hand. Statements
are kept as they were sent, with places for their values.

What is compiled once (`querysets/statements.py`) goes to the driver directly, unless somebody
watches, as here: then it takes Django's way too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper


@dataclass(slots=True)
class Executed:
    """One statement: when it began (epoch seconds), and the seconds that the database took."""

    sql: str
    parameters: Any
    began_at: float
    seconds: float = 0.0


class _Timed(CursorWrapper):
    def __init__(self, cursor: Any, database: Any, into: list[Executed]) -> None:
        super().__init__(cursor, database)
        # Set around CursorWrapper's own ways with attributes, which lead to the cursor inside.
        self.into = into
        self.current = Executed("", None, 0.0)

    def execute(self, sql: Any, params: Any = None) -> Any:
        return self._begun(sql, params, lambda: super(_Timed, self).execute(sql, params))

    def executemany(self, sql: Any, param_list: Any) -> Any:
        return self._begun(sql, param_list, lambda: super(_Timed, self).executemany(sql, param_list))

    def fetchone(self) -> Any:
        return self._timed(super().__getattr__("fetchone"))

    def fetchmany(self, *arguments: Any) -> Any:
        return self._timed(super().__getattr__("fetchmany"), *arguments)

    def fetchall(self) -> Any:
        return self._timed(super().__getattr__("fetchall"))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def _begun(self, sql: Any, parameters: Any, run: Any) -> Any:
        self.current = Executed(str(sql), parameters, time.time())
        self.into.append(self.current)
        return self._timed(run)

    def _timed(self, function: Any, *arguments: Any) -> Any:
        before = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            self.current.seconds += time.perf_counter() - before


@contextmanager
def executed_here() -> Iterator[list[Executed]]:
    """Collect what this thread executes inside the block."""
    statements: list[Executed] = []
    database: Any = connection
    database.make_cursor = lambda cursor: _Timed(cursor, database, statements)
    try:
        with connection.execute_wrapper(_watching):
            yield statements
    finally:
        del database.make_cursor


def _watching(execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
    return execute(sql, parameters, many, context)
