"""What a schema cannot say: hooks for the schema walk, loaded by schemathesis.

Requests that fit the schema are made to make sense as well: they name rows that exist, and
no two parameters that exclude each other. Requests that break it are left as they are.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import schemathesis

from tests.http.content import CATEGORY, TAG

_numbers = count(1)
_FILTERS = ("author", "category", "tag", "search")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Let a request that fits the schema make sense."""
    del context, kwargs
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.query:
        case.query = sensible_query(case.query)
    if isinstance(case.body, dict):
        case.body = sensible_body(case.body)


def sensible_query(query: dict[str, Any]) -> dict[str, Any]:
    """Keep one filter, no cursor that nobody has given out, no order of what has one, and text for text."""
    filters = [name for name in _FILTERS if name in query]
    dropped = {"cursor", *filters[1:]}
    if filters[:1] == ["search"]:
        dropped.add("ordering")
    kept = {name: value for name, value in query.items() if name not in dropped}
    if "search" in kept:
        said = "".join(character for character in str(kept["search"]) if character.isprintable())
        kept["search"] = f"ale {said}"[:100]
    return kept


def sensible_body(body: dict[str, Any]) -> dict[str, Any]:
    """Refer to what is there, take no name that is taken, and say something."""
    there = {"category": CATEGORY, "tags": [TAG], "parent": None, "slug": f"walk-{next(_numbers)}"}
    sensible = {name: there.get(name, value) for name, value in body.items()}
    for name in ("title", "body"):
        if isinstance(sensible.get(name), str):
            sensible[name] = "Ale " + sensible[name][:200]
    return sensible
