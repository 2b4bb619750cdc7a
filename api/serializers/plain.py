"""How is a row shown that was read as plain values, with the same bytes as by its serializer?

A reading serializer declares fields, each over columns of its projection. For plain rows
(`querysets/plain.py`) that declaration is translated once, for one choice of fields, into
places in the tuple: numbers, texts and moments are shown as they are, references and to-many
relations as objects of their own. Any other field over one column represents its value as DRF
would have it do; one that needs a model instance cannot be translated, and `TypeError` says so.

Along with a row go the surrogate keys of all that was read of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import orjson
from django.db.models import Model
from rest_framework import serializers

from api.serializers.reading import URL, Shown
from api.surrogate_keys import row_key_templates
from querysets.plain import PlainRows, Source
from querysets.projections import Projection
from querysets.statements import Row

Many = Mapping[str, Mapping[Any, list[Row]]]
_Make = Callable[[Row, Many], Any]
# A field, and its name -> where its value stands in a tuple.
_Place = Callable[[str, Any], int]

# What orjson writes as these fields do: DRF spells moments in UTC with a Z.
_AS_IT_IS: Final = (serializers.IntegerField, serializers.CharField, serializers.DateTimeField)
_KNOWN: Final = 256


class PlainShown:
    """A serializer's representation of plain rows."""

    def __init__(
        self, serializer_class: type[Shown], model: type[Model], fields: Collection[str] | None
    ) -> None:
        self.rows: Final = PlainRows(model, serializer_class.projection, fields)
        # What tells these representations of a row apart from others.
        self.name: Final = f"{serializer_class.__qualname__} {','.join(fields or ())}".encode()
        self._show = _translated(serializer_class(only=fields), self.rows)
        self._keys = [_Keys(source) for source in self.rows.sources]
        self._many_keys = {relation: _Keys(many.source) for relation, many in self.rows.many.items()}

    def body(self, row: Row, many: Many) -> bytes:
        """Return a row's representation as JSON."""
        # Copied, for a serialiser leaves its result in a buffer of 4 KiB at least, and this is kept.
        return bytes(memoryview(orjson.dumps(self._show(row, many), option=orjson.OPT_UTC_Z)))

    def keys(self, row: Row, many: Many) -> set[str]:
        """Return the surrogate keys of all rows that the representation shows."""
        found: set[str] = set()
        for keys in self._keys:
            keys.add_to(found, row)
        for relation, keys in self._many_keys.items():
            for other in many[relation].get(row[0], ()):
                keys.add_to(found, other)
        return found


@lru_cache(maxsize=_KNOWN)
def plain_shown(
    serializer_class: type[Shown], model: type[Model], fields: tuple[str, ...] | None
) -> PlainShown:
    """Return how the serializer shows these fields, all of them for None."""
    return PlainShown(serializer_class, model, fields)


class _Keys:
    """The surrogate keys that a row in a tuple stands for."""

    def __init__(self, source: Source) -> None:
        self._index = source.index
        templates = row_key_templates(source.model, source.loaded)
        self._parts = [tuple(template.split("{id}")) for template in templates]

    def add_to(self, keys: set[str], row: Row) -> None:
        primary_key = row[self._index]
        if primary_key is not None:  # A reference that leads nowhere.
            keys.update(f"{before}{primary_key}{after}" for before, after in self._parts)


class _Object:
    """Makes an object's members from a tuple."""

    def __init__(self, members: Mapping[str, tuple[int, _Make | None]]) -> None:
        self._names: Final = tuple(members)
        # One place more than names: of a single place, itemgetter would make no tuple.
        self._pick: Final = itemgetter(*(place for place, _ in members.values()), 0)
        self._made: Final = [(name, make) for name, (_, make) in members.items() if make is not None]

    def __call__(self, row: Row, many: Many) -> dict[str, Any]:
        document = dict(zip(self._names, self._pick(row), strict=False))
        for name, make in self._made:
            document[name] = make(row, many)
        return document


def _translated(serializer: Shown, rows: PlainRows) -> _Object:
    projection: Projection = serializer.projection
    members: dict[str, tuple[int, _Make | None]] = {}
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.ListSerializer):
            members[name] = 0, _list(field, str(field.source), rows)
        elif isinstance(field, serializers.BaseSerializer):
            members[name] = 0, _reference(field, str(field.source), rows)
        else:
            paths = projection[name]
            place = rows.indices.get(paths[0], -1) if len(paths) == 1 else -1
            members[name] = _member(field, place)
    return _Object(members)


def _member(field: Any, place: int) -> tuple[int, _Make | None]:
    if place < 0 or field.source == "*":
        raise TypeError(f"need a field over one column that is fetched, got {field!r}")
    if isinstance(field, _AS_IT_IS):
        return place, None
    if isinstance(field, URL):
        return place, _url(field, place)

    def represented(row: Row, many: Many) -> Any:
        del many
        return None if row[place] is None else field.to_representation(row[place])

    return place, represented


def _url(field: URL, place: int) -> _Make:
    before, _, after = field.to_representation(_SOME_ID).partition(str(_SOME_ID))

    def url(row: Row, many: Many) -> str:
        del many
        return f"{before}{row[place]}{after}"

    return url


_SOME_ID: Final = 7_104_285_613


def _reference(serializer: Any, relation: str, rows: PlainRows) -> _Make:
    """Show the row that a foreign key refers to, None if it refers to none."""
    primary_key = rows.indices[f"{relation}__id"]
    show = _Object(
        {
            name: _member(field, rows.indices.get(f"{relation}__{_column(field)}", -1))
            for name, field in serializer.fields.items()
        }
    )

    def reference(row: Row, many: Many) -> dict[str, Any] | None:
        return None if row[primary_key] is None else show(row, many)

    return reference


def _list(serializer: Any, relation: str, rows: PlainRows) -> _Make:
    """Show the rows of a to-many relation."""
    columns = rows.many[relation].columns
    # Before the columns stands the primary key of the row to which they belong.
    places = {column: index for index, column in enumerate(columns, start=1)}
    show = _Object(
        {
            name: _member(field, places.get(_column(field), -1))
            for name, field in serializer.child.fields.items()
        }
    )

    def shown(row: Row, many: Many) -> list[dict[str, Any]]:
        return [show(other, many) for other in many[relation].get(row[0], ())]

    return shown


def _column(field: Any) -> str:
    return "id" if field.source == "pk" else str(field.source)
