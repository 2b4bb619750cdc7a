"""How does a page begin where the one before ended, at any depth, for the price of the first?

A list has a total order: one column, ties broken by the primary key. A page is the rows
after a *position*, the values of those columns in some row, and the condition is one
comparison of row values, `(score, id) < (5, 42)`, which a database answers by entering an
index at that place (SQLite needs help, see `ResourceQuerySet.walk`). No OFFSET, no COUNT;
the row at the position need not exist any more. Cursors, which carry positions to a client
and back, are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import BooleanField, F, Func, Lookup, Value
from django.db.models.functions import Coalesce

Position = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A total order that an index has. `kind` is the type of the column's values."""

    column: str
    kind: type[int | str | datetime] = int
    descending: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a position; the last is the primary key."""
        return (self.column,) if self.column == "id" else (self.column, "id")

    @property
    def kinds(self) -> tuple[type, ...]:
        """The types of a position's values."""
        return (int,) if self.column == "id" else (self.kind, int)

    def position_of(self, row: Any) -> Position:
        """Return where a row stands in this order."""
        return tuple(getattr(row, column) for column in self.columns)

    def just_past(self, position: Position, *, forward: bool) -> Position:
        """Return the place right behind a row's, as seen by who walks on; no row stands in between."""
        step = -1 if self.descending == forward else 1
        return (*position[:-1], position[-1] + step)


NEWEST_FIRST: Final = Order("id", descending=True)


class _Row(Func):
    """Several values as one: `(a, b)`."""

    function = ""
    output_field = BooleanField()  # Of no meaning; an expression must have one.


class _RowComparison(Lookup):
    """A comparison of row values, which is a range of an index on their columns.

    A lookup and not a function: only for what it knows as a condition does Django 6 leave out
    the `= TRUE` that hides the range from SQLite.
    """

    operator: str

    def __init__(self, columns: Sequence[str], position: Position) -> None:
        row = _Row(*(F(column) for column in columns))
        super().__init__(row, _Row(*(Value(value) for value in position)))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Compile both rows and what stands between them."""
        columns, column_parameters = self.process_lhs(compiler, connection)
        values, value_parameters = self.process_rhs(compiler, connection)
        return f"{columns} {self.operator} {values}", (*column_parameters, *value_parameters)


class RowLess(_RowComparison):
    """`(a, b) < (x, y)`."""

    operator = "<"


class RowGreater(_RowComparison):
    """`(a, b) > (x, y)`."""

    operator = ">"


def unindexed(column: str) -> Coalesce:
    """Return the column's value such that no planner looks for an index on it.

    Two conditions may each offer an index, and the wrong one has every matching row sorted
    for each page. A condition that is almost always true should not be in the competition.
    """
    return Coalesce(column, column)
