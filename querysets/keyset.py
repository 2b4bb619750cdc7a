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

from django.db.models import BooleanField, F, Func, Value
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


class RowComparison(Func):
    """`(a, b) < (x, y)`: a comparison of row values, which is a range of an index on (a, b)."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, columns: Sequence[str], comparison: str, position: Position) -> None:
        super().__init__(*(F(column) for column in columns), *(Value(value) for value in position))
        self.comparison = comparison

    def as_sql(  # type: ignore[override]  # a template has nothing to say here
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Compile both halves; `connection` is the compiler's own."""
        del connection
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        half = len(compiled) // 2
        columns, values = (", ".join(sql for sql, _ in part) for part in (compiled[:half], compiled[half:]))
        parameters = tuple(parameter for _, parameters in compiled for parameter in parameters)
        return f"({columns}) {self.comparison} ({values})", parameters


def unindexed(column: str) -> Coalesce:
    """Return the column's value such that no planner looks for an index on it.

    Two conditions may each offer an index, and the wrong one has every matching row sorted
    for each page. A condition that is almost always true should not be in the competition.
    """
    return Coalesce(column, column)
