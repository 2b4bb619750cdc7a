"""How is what a representation shows read without making a model instance of any row?

For a page of twenty posts, Django makes some ninety instances, and every field of every one is
looked up through descriptors. What a public read shows is known beforehand: the columns of a
projection. So a row is read as a tuple of exactly these, the rows that it refers to along with
it, and those of a to-many relation by a second query:

    (id, slug, …, author__id, author__name, …)            tags: (post_id, id, name), …

What was not fetched is not there: a field that needs it cannot be shown at all. Which rows of
which tables a tuple holds, and which columns of them, is known as well (`Source`), so nobody
has to say by hand what an answer depends on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet

from querysets.projections import Projection
from querysets.statements import Among, Query, Row


@dataclass(frozen=True, slots=True)
class Needed:
    """Columns to fetch: the row's own, those of rows that it refers to, and those of to-many relations."""

    own: tuple[str, ...]
    joined: Mapping[str, tuple[str, ...]]
    many: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a table that are part of a tuple: where their primary key stands, and what was read of them."""

    model: type[Model]
    index: int
    loaded: tuple[str, ...]


def needed_columns(
    model: type[Model], projection: Projection, fields: Collection[str] | None = None
) -> Needed:
    """Return what the fields need; each table's primary key is always among it."""
    own: dict[str, None] = {"id": None}
    joined: dict[str, dict[str, None]] = {}
    many: dict[str, dict[str, None]] = {}
    for name in projection if fields is None else fields:
        for path in projection[name]:
            relation, _, column = path.rpartition("__")
            if not relation:
                own[path] = None
                continue
            is_single = isinstance(model._meta.get_field(relation), ForeignKey)
            (joined if is_single else many).setdefault(relation, {"id": None})[column] = None
    return Needed(
        tuple(own),
        {relation: tuple(columns) for relation, columns in joined.items()},
        {relation: tuple(columns) for relation, columns in many.items()},
    )


class Many:
    """The rows of a to-many relation, in the order in which they are shown: by name."""

    def __init__(self, model: type[Model], relation: str, columns: tuple[str, ...]) -> None:
        field: Any = model._meta.get_field(relation)
        if not isinstance(field, ManyToManyField):
            raise TypeError(f"need a many-to-many field, got {model.__name__}.{relation}")
        self.columns: Final = columns
        # The tuple begins with the primary key of the row that it belongs to.
        self.source: Final = Source(field.related_model, 1, columns)
        self._shape = (model, relation, columns)
        self._through: Any = field.remote_field.through
        self._owner, self._target = field.m2m_field_name(), field.m2m_reverse_field_name()

    def of(self, primary_keys: Sequence[Any]) -> dict[Any, list[Row]]:
        """Return the rows of each owner that has any: its key, then the columns."""
        found: dict[Any, list[Row]] = {}
        for row in Query(self._shape, self._make, {"owners": tuple(primary_keys)}).rows():
            found.setdefault(row[0], []).append(row)
        return found

    def _make(self, owners: tuple[Any, ...]) -> QuerySet[Any, Any]:
        owner = self._through._meta.get_field(self._owner)
        among = Among(owner.get_col(self._through._meta.db_table), owners)
        rows: QuerySet[Any, Any] = (
            self._through._default_manager.filter(among)
            .order_by(f"{self._target}__name", f"{self._target}__id")
            .values_list(f"{self._owner}_id", *(f"{self._target}__{column}" for column in self.columns))
        )
        return rows


class PlainRows:
    """How the rows of a resource are read for one choice of its projection's fields."""

    def __init__(
        self, model: type[Model], projection: Projection, fields: Collection[str] | None = None
    ) -> None:
        needed = needed_columns(model, projection, fields)
        self.model: Final = model
        self.paths: Final = (
            *needed.own,
            *(f"{relation}__{column}" for relation, columns in needed.joined.items() for column in columns),
        )
        self.indices: Final = {path: index for index, path in enumerate(self.paths)}
        self.many: Final = {
            relation: Many(model, relation, columns) for relation, columns in needed.many.items()
        }
        referred = [
            Source(
                model._meta.get_field(relation).related_model,  # type: ignore[arg-type]
                self.indices[f"{relation}__id"],
                columns,
            )
            for relation, columns in needed.joined.items()
        ]
        # A foreign key is a column of the row itself.
        loaded = (*needed.own, *(f"{relation}_id" for relation in needed.joined))
        self.sources: Final = (Source(model, 0, loaded), *referred)

    def read(self, query: Query) -> list[Row]:
        """Return the tuples of the rows that a queryset of this resource holds."""
        shape = (*query.shape, self.paths)
        return Query(
            shape, lambda **values: query.make(**values).values_list(*self.paths), query.values
        ).rows()

    def with_keys(self, primary_keys: Sequence[Any]) -> list[Row]:
        """Return the tuples of the rows with these primary keys, in any order."""

        def make(keys: tuple[Any, ...]) -> QuerySet[Any, Any]:
            column = self.model._meta.pk.get_col(self.model._meta.db_table)
            return self.model._default_manager.filter(Among(column, keys))

        return self.read(Query((self.model, "with keys"), make, {"keys": tuple(primary_keys)}))

    def many_of(self, primary_keys: Sequence[Any]) -> dict[str, dict[Any, list[Row]]]:
        """Return the rows of each to-many relation, by their owner's primary key."""
        return (
            {relation: many.of(primary_keys) for relation, many in self.many.items()} if primary_keys else {}
        )
