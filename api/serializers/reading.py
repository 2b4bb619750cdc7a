"""How does a serializer show exactly what was fetched for it?

A reading serializer names the projection that its querysets fetch (`querysets/projections.py`)
and declares one field for each of its names, in the same order; `fields=` leaves some out.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.routes import url_of
from caching.routes import Route
from querysets.projections import Projection


class Shown(serializers.Serializer[Any]):
    """A representation; `only` names the fields to show, all of them if it is None."""

    projection: ClassVar[Projection]

    def __init__(self, instance: Any = None, *, only: Collection[str] | None = None, **options: Any) -> None:
        super().__init__(instance, **options)
        if only is not None:
            for name in set(self.fields) - set(only):
                del self.fields[name]


@extend_schema_field({"type": "string", "format": "uri-reference"})
class URL(serializers.Field[Any, Any, str, Any]):
    """Where a row is found, relative to the origin, so that it is the same behind every host."""

    def __init__(self, route: Route, **options: Any) -> None:
        super().__init__(source="pk", read_only=True, **options)
        self._route = route

    def to_representation(self, value: int) -> str:
        """Return the URL by primary key, which stays when a slug changes."""
        return url_of(self._route, value)


def integer(help_text: str | None = None, **options: Any) -> serializers.IntegerField:
    """Return a field for a number to read."""
    return serializers.IntegerField(read_only=True, help_text=help_text, **options)


def text(help_text: str | None = None) -> serializers.CharField:
    """Return a field for a text to read."""
    return serializers.CharField(read_only=True, help_text=help_text)


def moment(help_text: str | None = None) -> serializers.DateTimeField:
    """Return a field for a moment to read, in UTC."""
    return serializers.DateTimeField(read_only=True, help_text=help_text)
