"""How do we talk to the database itself, past the service? SQLite or PostgreSQL, autocommit.

`truth` is what the registers hold, `settled` what one of them holds once nobody else writes to
it: the row is locked for the look, so a transaction under way is waited for.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from tests.oracle.library import Library
from tests.oracle.registers import Kind, Register, liker_of

Trouble = (sqlite3.Error, psycopg.Error)


class Database:
    """A connection that is made when it is needed, and again after it has broken."""

    def __init__(self, connecting: Mapping[str, str]) -> None:
        self._connecting = connecting
        self.is_sqlite = "path" in connecting
        self._open: Any = None

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, with `%s` for each value; return its rows."""
        if self._open is None:
            self._open = self._connected()
        if self.is_sqlite:
            return list(self._open.execute(statement.replace("%s", "?"), values).fetchall())
        cursor = self._open.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []

    def _connected(self) -> Any:
        if self.is_sqlite:
            connection = sqlite3.connect(self._connecting["path"], isolation_level=None, timeout=20)
            connection.execute("PRAGMA recursive_triggers=ON")
            return connection
        # A connection to a socket that nobody listens on fails at once; a hung one must end, too.
        connection = psycopg.connect(**self._connecting, autocommit=True, connect_timeout=5)
        connection.execute("SET lock_timeout = '200ms'")
        return connection

    def begin(self) -> None:
        """Begin a transaction that will write."""
        self.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")

    def end(self, how: str) -> None:
        """End the transaction: COMMIT or ROLLBACK."""
        self.execute(how)

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        if self._open is not None:
            with suppress(*Trouble):
                self._open.close()
            self._open = None


def settled(database: Database, library: Library, register: Register, version: int) -> int | None:
    """Return which of `version - 1` and `version` a register holds, None if that cannot be said now."""
    try:
        database.begin()
        try:
            if not database.is_sqlite:
                table, _, pk = _row(library, register)
                database.execute(f"SELECT id FROM {table} WHERE id = %s FOR UPDATE", [pk])
            return _held(database, library, register, version)
        finally:
            database.end("ROLLBACK")
    except Trouble:
        database.close()
        return None


def _held(database: Database, library: Library, register: Register, version: int) -> int:
    if register.kind is Kind.LIKES:
        liker, likes = liker_of(version, len(library.authors))
        values = [library.posts[register.subject], library.authors[liker]]
        found = database.execute("SELECT 1 FROM api_like WHERE post_id = %s AND author_id = %s", values)
        return version if bool(found) == likes else version - 1
    if register.kind is Kind.EXISTS:
        return version if held(database, library, register) == 1 - version % 2 else version - 1
    return held(database, library, register)


_COLUMNS = {
    Kind.TEXT: ("api_post", "title"),
    Kind.COMMENTS: ("api_post", "comment_count"),
    Kind.LIKES: ("api_post", "like_count"),
    Kind.EXISTS: ("api_post", "status"),
    Kind.SCORES: ("api_post", "score"),
    Kind.PAIR: ("api_post", "licence"),
    Kind.FIRST: ("api_comment", "body"),
    Kind.NAME: ("api_author", "name"),
}


def _row(library: Library, register: Register) -> tuple[str, str, int]:
    """Return where a register is: table, column, primary key."""
    table, column = _COLUMNS[register.kind]
    rows = {"api_post": library.posts, "api_comment": library.comments, "api_author": library.authors}
    return table, column, rows[table][register.subject]


def held(database: Database, library: Library, register: Register) -> int:
    """Return what pages show of a register: its version, or the count or presence that stands for it."""
    table, column, pk = _row(library, register)
    ((value,),) = database.execute(f"SELECT {column} FROM {table} WHERE id = %s", [pk])
    match register.kind:
        case Kind.TEXT | Kind.FIRST | Kind.NAME | Kind.PAIR:
            found = re.search(r"\.(\d+)", value)
            assert found is not None, value
            return int(found[1])
        case Kind.EXISTS:
            return int(value == "published")
        case Kind.COMMENTS:
            return int(value) - 1  # The first comment was there before.
        case _:
            return int(value)
