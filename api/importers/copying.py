"""How do very many rows get into a table in little time and flat memory?

On PostgreSQL with COPY, on SQLite with one prepared statement. Rows are tuples that carry
their primary keys, taken in advance, so that a comment can name its parent without a query in
between. No model instance is made and `save()` is not asked; triggers of the database fire as
for any other insert.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model


def take_keys(model: type[Model], number: int) -> Sequence[int]:
    """Return primary keys that nobody else will get; to be used in the same transaction."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(sequence, [connection.ops.quote_name(table), number])
            return [key for (key,) in cursor.fetchall()]
        # SQLite has one writer, and that is us until the transaction ends.
        cursor.execute("SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0)", [table])
        (last,) = cursor.fetchone()
        return range(last + 1, last + 1 + number)


def copy_rows(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows, whose values are in the order of the columns `names`.

    Whatever yields the rows must leave the database alone: the connection is busy copying.
    """
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(_column(model, name)) for name in names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(names))
            insert = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - our own names.
            cursor.executemany(insert, rows)  # type: ignore[arg-type] # SQLite's takes any iterable.


def _column(model: type[Model], name: str) -> str:
    column: str = model._meta.get_field(name).column  # type: ignore[union-attr, assignment] # No relation back.
    return column
