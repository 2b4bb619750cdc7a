"""What can every resource's queryset do? Walk in an order, and fetch what a projection needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Self

from django.db import connections
from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from seal.query import SealableQuerySet

from querysets.keyset import Order, Position, RowGreater, RowLess
from querysets.plain import needed_columns
from querysets.projections import Projection


class ResourceQuerySet(SealableQuerySet):
    """Rows of one resource of the API."""

    def walk(self, order: Order, position: Position | None = None, *, forward: bool = True) -> Self:
        """Return the rows after `position`, nearest first; all of them without one.

        Backwards they come in the opposite order, and a page of them has to be turned round.
        The last step of a query but for slicing: what comes back may be a union.
        """
        columns = tuple(self._spelled(column) for column in order.columns)
        down = order.descending == forward
        ordering = [f"-{column}" if down else column for column in columns]
        if position is None:
            return self.order_by(*ordering)
        if connections[self.db].vendor == "sqlite" and columns[-1] == "id":
            return self._beyond_on_sqlite(columns, position, down=down).order_by(*ordering)
        beyond = RowLess if down else RowGreater
        return self.filter(beyond(columns, position)).order_by(*ordering)

    def places(self, order: Order) -> Self:
        """Fetch nothing of each row but where it stands in the order: its position, a tuple."""
        columns = [self._spelled(column) for column in order.columns]
        copies = {column: F(column) for column in columns if column in self.query.annotations}
        return self.annotate(**copies).values_list(*columns)

    def _beyond_on_sqlite(self, columns: tuple[str, ...], position: Position, *, down: bool) -> Self:
        """Return the rows beyond the position as the rest of its ties and what follows them.

        SQLite enters an index by a comparison of row values only as far as the columns are no
        rowid, and an integer primary key is one: with 100,000 posts of score 0 it would look
        at all of them for each page. Two ranges it merges without sorting.
        """
        beyond = "lt" if down else "gt"
        if len(columns) == 1:
            return self.filter(**{f"id__{beyond}": position[0]})
        column, (value, primary_key) = columns[0], position
        ties = self.filter(**{column: value, f"id__{beyond}": primary_key})
        return ties.union(self.filter(**{f"{column}__{beyond}": value}), all=True)

    def _spelled(self, column: str) -> str:
        """Return the name under which this query knows a column; a through table's copies have their own."""
        return column

    def _fetching(self, projection: Projection, fields: Collection[str] | None, order: Order | None) -> Self:
        """Fetch what the fields need, and what a position in the order is made of; nothing else.

        The rows are sealed: what was not fetched cannot be had by touching it.
        """
        needed = needed_columns(self.model, projection, fields)
        own = {*needed.own, *(order.columns if order else ())}
        joined = [
            f"{relation}__{column}" for relation, columns in needed.joined.items() for column in columns
        ]
        rows = self.only(*sorted((*own, *joined)))
        rows = rows.select_related(*needed.joined) if joined else rows.select_related(None)
        return rows.prefetch_related(*self._prefetches(needed.many.items())).seal()

    def _prefetches(self, relations: Iterable[tuple[str, Collection[str]]]) -> list[Prefetch[Any]]:
        """Return how to fetch each to-many relation: by name, which is also how it is shown."""
        return [
            Prefetch(
                relation,
                self.model._meta.get_field(relation)
                .related_model._default_manager.only(*sorted(columns))
                .order_by(
                    "name",
                    "id",
                ),
            )
            for relation, columns in relations
        ]

    def _with_counted(self, **relations: str) -> Self:
        """Annotate each row with the true number of its listed rows under each relation.

        A subquery for each, since two joins to many would multiply each other.
        """
        return self.annotate(**{name: self._counted(relation) for name, relation in relations.items()})

    def _counted(self, relation: str) -> Coalesce:
        field: Any = self.model._meta.get_field(relation)
        rows = field.related_model._default_manager.filter(**{field.remote_field.name: OuterRef("pk")})
        if any(column.name == "listed" for column in field.related_model._meta.get_fields()):
            rows = rows.filter(listed=1)
        counted = rows.order_by().values(field.remote_field.name).annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
