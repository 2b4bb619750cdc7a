"""Which values do the members of a written body take? Exactly the declared JSON types.

DRF's own fields are generous: a number is taken for text, `true` for 1, a day for a moment.
Whoever sends those has made a mistake and is better told. References to other rows are by id
or by slug, and must lead somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.content.slugs import LONGEST, RESERVED
from caching.routes import SEGMENTS

MOST_REFERENCES: Final = 20  # In one list; each is a row to lock and count.

_ID: Final = re.compile(SEGMENTS["id"])
_REFERENCE: Final = re.compile(SEGMENTS["reference"])
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
)
_SLUG: Final = r"^(?=[0-9]*[a-z-])[a-z0-9]+(?:-[a-z0-9]+)*$"
_REFERENCE_SCHEMA: Final = {
    "oneOf": [
        {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
        {"type": "string", "pattern": f"^{SEGMENTS['reference']}$", "maxLength": LONGEST},
    ],
}


class Text(serializers.CharField):
    """A JSON string, and nothing that could be made into one."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text without blanks around it."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Moment(serializers.DateTimeField):
    """A date and time with an offset (RFC 3339)."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment; a day alone, or a time without an offset, could mean several."""
        if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss[.f](Z|+hh:mm|-hh:mm)")
        # Lower case is good RFC 3339 and unknown to Django.
        return super().to_internal_value(value.upper())


@extend_schema_field({"type": "string", "pattern": _SLUG, "maxLength": LONGEST})
class Slug(serializers.CharField):
    """A free slug that no URL means something else by."""

    default_error_messages = {
        "grammar": "a slug is words of a-z and 0-9 joined by hyphens, not digits alone",
        "reserved": "this slug is the name of a page",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the slug; whether another row has it is found out under the lock."""
        if not isinstance(data, str) or not _REFERENCE.fullmatch(data) or data.isdigit():
            self.fail("grammar")
        if data in RESERVED:
            self.fail("reserved")
        return str(super().to_internal_value(data))


@extend_schema_field({**_REFERENCE_SCHEMA, "description": "The id or the slug of an existing one."})
class Reference(serializers.Field[Any, Any, Any, Any]):
    """The id or the slug of an existing row."""

    default_error_messages = {
        "invalid": "give an id or a slug",
        "unknown": "there is no {kind} {reference}",
    }

    def __init__(self, rows: models.QuerySet[Any], **options: Any) -> None:
        super().__init__(write_only=True, **options)
        self._rows = rows

    def to_internal_value(self, data: Any) -> models.Model:
        """Return the row."""
        reference = _reference(data)
        if reference is None:
            self.fail("invalid")
        row: models.Model | None = self._rows.filter(_named([reference])).first()
        if row is None:
            self.fail("unknown", kind=_kind(self._rows), reference=reference)
        return row


@extend_schema_field({"type": "array", "items": _REFERENCE_SCHEMA, "maxItems": MOST_REFERENCES})
class References(serializers.Field[Any, Any, Any, Any]):
    """A list of ids and slugs of existing rows, looked up with one query."""

    default_error_messages = {
        "invalid": "give a list of ids and slugs",
        "many": "at most {most} may be given",
        "unknown": "there is no {kind} {reference}",
    }

    def __init__(self, rows: models.QuerySet[Any], **options: Any) -> None:
        super().__init__(write_only=True, **options)
        self._rows = rows

    def to_internal_value(self, data: Any) -> list[models.Model]:
        """Return the rows; one that is named twice comes once."""
        if not isinstance(data, list):
            self.fail("invalid")
        if len(data) > MOST_REFERENCES:
            self.fail("many", most=MOST_REFERENCES)
        references = [reference for reference in map(_reference, data) if reference is not None]
        if len(references) < len(data):
            self.fail("invalid")
        rows = list(self._rows.filter(_named(references))) if references else []
        known = {str(row.pk) for row in rows} | {row.slug for row in rows}
        for reference in references:
            if reference not in known:
                self.fail("unknown", kind=_kind(self._rows), reference=reference)
        return rows


class RowId(serializers.IntegerField):
    """The id of a row, as a number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=10**18 - 1, **options)

    def to_internal_value(self, data: Any) -> int:
        """Return the id."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


def _reference(sent: Any) -> str | None:
    """Return an id or slug as text, None for anything else."""
    if isinstance(sent, bool) or not isinstance(sent, (int, str)):
        return None
    reference = str(sent)
    return reference if len(reference) <= LONGEST and _REFERENCE.fullmatch(reference) else None


def _named(references: Sequence[str]) -> models.Q:
    ids = [int(reference) for reference in references if _ID.fullmatch(reference)]
    slugs = [reference for reference in references if not _ID.fullmatch(reference)]
    return models.Q(pk__in=ids) | models.Q(slug__in=slugs)


def _kind(rows: models.QuerySet[Any]) -> str:
    return str(rows.model._meta.model_name)
