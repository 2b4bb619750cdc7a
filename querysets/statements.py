"""How is a queryset compiled once, and run with other values ever after?

Making a queryset and compiling it costs Django more than answering costs the database. The
SQL of a read depends on its shape alone: which filter, which order, how many rows. So each
shape is compiled with stand-ins for the values, and the places at which they come out among
the statement's parameters are remembered:

    make(author=<stand-in 0>, now=<stand-in 1>)   ─►  "… author_id = %s AND published_at <= %s …"
                                                      (author, now)

It is compiled twice, with different stand-ins: a value that the queryset makes something else of
(`now - a week`, a slice) would be frozen into the statement, and is refused.

The queryset stays the one place that says what is read, and rows go through Django's converters.
Whoever counts or logs queries, as Django's tests and debug pages do, sees these as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import psycopg
from django.db import connection
from django.db.models import Lookup, QuerySet

Make = Callable[..., Any]  # A queryset.
Row = tuple[Any, ...]

_MOST: Final = 1024  # Shapes; a page size is part of one.
# Stand-ins: no part of one is the same part of the next, neither its year nor its last digit.
_FIRST_NUMBER: Final = 7_104_285_613_000_000_000
_NUMBER_STEP: Final = 1_111_111_111_111_111
_FIRST_MOMENT: Final = datetime(1971, 3, 5, 7, 11, 13, 171_923, tzinfo=UTC)
_MOMENT_STEP: Final = timedelta(days=4051, hours=5, minutes=7, seconds=11, microseconds=1_013)


@dataclass(frozen=True, slots=True)
class Query:
    """Rows to be read: a shape that has a name, what makes its queryset, and the values.

    Equal shapes must be made alike, whatever the values; the types of the values are part of the
    shape. The queryset is one of `values_list`.
    """

    shape: tuple[Any, ...]
    make: Make
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: QuerySet[Any, Any]) -> Self:
        """Return the query for a queryset that is not worth remembering, or whose SQL depends on values."""
        return cls((), lambda: rows)

    def rows(self) -> list[Row]:
        """Return the rows, each a tuple of its columns."""
        if not self.shape:
            return list(self.make())
        key = (connection.vendor, self.shape, *((name, type(value)) for name, value in self.values.items()))
        statement = _statements.get(key)
        if statement is None:
            if len(_statements) >= _MOST:
                _statements.clear()
            statement = _statements[key] = Statement(
                self.make, {name: type(value) for name, value in self.values.items()}
            )
        return statement.rows(self.values)


class Statement:
    """A compiled queryset, to be run with the values of its parameters."""

    def __init__(self, make: Make, kinds: Mapping[str, type]) -> None:
        numbers = {name: 2 * index for index, name in enumerate(kinds)}
        one, other = (
            {name: _stand_in(kind, numbers[name] + step) for name, kind in kinds.items()} for step in (0, 1)
        )
        self._compiler = make(**one).query.get_compiler(connection=connection)
        self.sql, parameters = self._compiler.as_sql()
        sql, others = make(**other).query.get_compiler(connection=connection).as_sql()
        self._parameters = [
            (_name_of(value, another, one), value) for value, another in zip(parameters, others, strict=True)
        ]
        if sql != self.sql:
            raise ValueError(f"need a query whose values are parameters, got two: {self.sql} and {sql}")
        self._sql_of_sqlite = self.sql.replace("%s", "?").replace("%%", "%")
        self._converters = self._compiler.get_converters([column[0] for column in self._compiler.select])

    def rows(self, values: Mapping[str, Any]) -> list[Row]:
        """Return the rows for these values."""
        parameters = [value if name is None else _adapted(values[name]) for name, value in self._parameters]
        if connection.queries_logged or connection.execute_wrappers:
            found = self._watched(parameters)
        else:
            found = self._straight(parameters)
        if self._converters:
            return [tuple(row) for row in self._compiler.apply_converters(found, self._converters)]
        return found

    def _watched(self, parameters: Sequence[Any]) -> list[Row]:
        """Run it in Django's way, for somebody counts, logs or times queries."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            return list(cursor.fetchall())

    def _straight(self, parameters: Sequence[Any]) -> list[Row]:
        """Run it by the driver, which costs a third, and lets PostgreSQL keep its plan."""
        connection.ensure_connection()
        own: Any = connection.connection
        with connection.wrap_database_errors:
            if connection.vendor == "sqlite":
                return list(own.execute(self._sql_of_sqlite, parameters).fetchall())
            # Not the cursor that Django has chosen: that one writes values into the statement.
            with psycopg.Cursor(own) as cursor:
                # Binary, for Django reads moments in text by itself, each in microseconds.
                return list(cursor.execute(self.sql, parameters, binary=True).fetchall())


class Among(Lookup):
    """`id IN (any number of ids)`, which is one statement whatever their number: they are one parameter."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Compare with an array, or with what a JSON array holds."""
        left, parameters = self.process_lhs(compiler, connection)
        among = "IN (SELECT value FROM json_each(%s))" if connection.vendor == "sqlite" else "= ANY(%s)"
        return f"{left} {among}", (*parameters, _adapted(self.rhs))


_statements: Final[dict[tuple[Any, ...], Statement]] = {}


def _name_of(value: Any, another: Any, stand_ins: Mapping[str, Any]) -> str | None:
    """Return which value a parameter is, None for one that is always the same."""
    if value == another:
        return None
    for name, stand_in in stand_ins.items():
        if _adapted(stand_in) == value:
            return name
    raise ValueError(f"need values that are parameters as they are, got one made into {value!r}")


def _stand_in(kind: type, number: int) -> Any:
    """Return a value of the kind that no query has among its own."""
    if kind is int:
        return _FIRST_NUMBER + number * _NUMBER_STEP
    if kind is datetime:
        return _FIRST_MOMENT + number * _MOMENT_STEP
    if kind is str:
        return f" {number}-Aa-{number} "
    if kind is tuple:
        return (_FIRST_NUMBER + number * _NUMBER_STEP,)
    raise TypeError(f"need int, str, datetime or tuple of int for a parameter, got {kind.__name__}")


def _adapted(value: Any) -> Any:
    """Return the value as this database takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, tuple):
        return json.dumps(value) if connection.vendor == "sqlite" else list(value)
    return value
