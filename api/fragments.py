"""How is a list put together from rows that are shown already, and rows that have to be read?

One query has said which rows the page shows. Those of which a fragment is kept need nothing
more; the others are read together, shown, and kept for the next page that they are on. So after
one row has changed, a page costs the query for its rows, that row, and a join of bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from api.serializers.plain import PlainShown
from caching.building import KeepsFragments, depends_on, fragments


def shown_rows(shown: PlainShown, primary_keys: Sequence[Any]) -> list[orjson.Fragment]:
    """Return the representations of these rows, in this order, and depend on all that they show."""
    kept = fragments()
    bodies: dict[Any, bytes] = {}
    if kept is not None:
        for primary_key in primary_keys:
            body = kept.get(_name(shown, primary_key))
            if body is not None:
                bodies[primary_key] = body
    missing = [primary_key for primary_key in primary_keys if primary_key not in bodies]
    if missing:
        bodies.update(_read(shown, missing, kept))
    return [orjson.Fragment(bodies[primary_key]) for primary_key in primary_keys]


def _read(shown: PlainShown, primary_keys: Sequence[Any], kept: KeepsFragments | None) -> dict[Any, bytes]:
    rows = shown.rows.with_keys(primary_keys)
    many = shown.rows.many_of(primary_keys)
    bodies = {}
    for row in rows:
        body, keys = shown.body(row, many), shown.keys(row, many)
        depends_on(keys)
        if kept is not None:
            kept.keep(_name(shown, row[0]), body, keys)
        bodies[row[0]] = body
    return bodies


def _name(shown: PlainShown, primary_key: Any) -> bytes:
    # No URL begins like this.
    return b"\0%b %d" % (shown.name, primary_key)
