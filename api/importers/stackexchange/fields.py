"""What do the columns of a dump's row say?

Each function takes a row and says what it means in our words, or raises `Malformed` with a
reason that the report can count. Of people nothing is read but what attribution needs: their
id, their name, and since when. What a profile tells about somebody is not ours to publish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from api.importers.stackexchange.dump import Row

QUESTION: Final = "1"
ANSWER: Final = "2"

_GREATEST: Final = 2**31 - 1  # What a column for whole numbers holds on PostgreSQL.
_GREATEST_ID: Final = 2**53
_LONGEST_TAG: Final = 60
_TAG: Final = re.compile(r"[^<>|]+")
_EMAIL: Final = re.compile(r"([^\s@]+)@[^\s@]+\.[^\s@]+")

# Dumps from before 2020 do not name licences; they follow from the date. (moment from which, licence)
_LICENCES: Final = (
    (datetime(2018, 5, 2, tzinfo=UTC), "CC BY-SA 4.0"),
    (datetime(2011, 4, 8, tzinfo=UTC), "CC BY-SA 3.0"),
)
_FIRST_LICENCE: Final = "CC BY-SA 2.5"


class Malformed(Exception):
    """A row lacks a column that it needs, or has one that cannot be read."""


def number_in(row: Row, column: str) -> int:
    """Return the id in a column."""
    number = _whole(row, column, row.get(column))
    if abs(number) > _GREATEST_ID:
        raise Malformed(f"{column} is out of range")
    return number


def optional_number_in(row: Row, column: str) -> int | None:
    """Return the id in a column, None if it is not there."""
    return number_in(row, column) if column in row else None


def figure_in(row: Row, column: str, *, least: int = -_GREATEST - 1) -> int:
    """Return the figure in a column, 0 if it is not there."""
    return max(least, min(_whole(row, column, row.get(column) or "0"), _GREATEST))


def moment_in(row: Row, column: str) -> datetime:
    """Return the moment in a column; dumps speak UTC and do not say so."""
    try:
        moment = datetime.fromisoformat(row[column])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (KeyError, ValueError, OverflowError) as error:
        raise Malformed(f"{column} is not a moment") from error


def optional_moment_in(row: Row, column: str) -> datetime | None:
    """Return the moment in a column, None if it is not there."""
    return moment_in(row, column) if row.get(column) else None


def tags_in(row: Row) -> list[str]:
    """Return the names of the tags, each once.

    >>> tags_in({"Tags": "<hops><ale>"}), tags_in({"Tags": "|hops|ale|"}), tags_in({})
    (['hops', 'ale'], ['hops', 'ale'], [])
    """
    return list(dict.fromkeys(name[:_LONGEST_TAG] for name in _TAG.findall(row.get("Tags", ""))))


def licence_of(row: Row, created_at: datetime) -> str:
    """Return the licence that a row names, or that was in force when it was written."""
    named = row.get("ContentLicense", "").strip()
    return named[:40] or next((name for since, name in _LICENCES if created_at >= since), _FIRST_LICENCE)


def public_name(name: str) -> str:
    """Return a display name without what may be an e-mail address in it.

    >>> public_name("anna@example.com")
    'anna'
    """
    return _EMAIL.sub(r"\1", name).strip()[:100]


def in_batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Yield lists of at most `size` rows."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _whole(row: Row, column: str, text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError as error:
        raise Malformed(f"{column} is not a number" if column in row else f"{column} is missing") from error
