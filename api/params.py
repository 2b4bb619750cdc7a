"""Which query parameters does the API offer, and how is each value spelled?

Every parameter brings what a client sent into its one canonical spelling or refuses it with
a message for the client (`ValueError`); nothing is clamped or ignored, for that would give
one representation many URLs. What is said here is also what the OpenAPI document says.
What parameters mean together is the route's affair (`api/routes.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Final

from api import cursors
from caching.parameters import Parameter
from caching.routes import SEGMENTS

DEFAULT_LIMIT: Final = 20
GREATEST_LIMIT: Final = 100
LONGEST_SEARCH: Final = 100
TRENDING_DAYS: Final = ("1", "7", "30")
DEFAULT_TRENDING_DAYS: Final = "7"

_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_REFERENCE: Final = re.compile(SEGMENTS["reference"])
_LONGEST_REFERENCE: Final = 80  # Characters: a slug's.
# Databases fold other scripts by their own rules; ASCII they all fold alike.
_FOLDED: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Described(Parameter):
    """A parameter with its description and JSON Schema, for OpenAPI."""

    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)


def limit() -> Described:
    """Return how many rows a page has."""

    def canonical(sent: str) -> str:
        if _INTEGER.fullmatch(sent) is None or not 1 <= int(sent) <= GREATEST_LIMIT:
            raise ValueError(f"need an integer from 1 to {GREATEST_LIMIT}, without leading zeros")
        return sent

    return Described(
        "limit",
        canonical,
        str(DEFAULT_LIMIT),
        "How many results at most.",
        {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_LIMIT},
    )


def choice(name: str, values: Sequence[str], description: str, *, default: str | None = None) -> Described:
    """Return a parameter that is one of a few words; the first is the default unless another is given."""
    default = values[0] if default is None else default

    def canonical(sent: str) -> str:
        if sent not in values:
            raise ValueError(f"need one of {', '.join(values)}")
        return sent

    schema = {"type": "string", "enum": list(values), "default": default}
    return Described(name, canonical, default, description, schema)


def ordering(values: Sequence[str]) -> Described:
    """Return the order of a list; a minus means descending."""
    return choice(
        "ordering", values, "The order of the list; a minus means descending. Ties are broken by id."
    )


def days() -> Described:
    """Return how far back a look at what is trending goes."""
    return choice(
        "days", TRENDING_DAYS, "Posts published within so many days.", default=DEFAULT_TRENDING_DAYS
    )


def reference(name: str, noun: str) -> Described:
    """Return a filter by another resource, named by its id or slug."""

    def canonical(sent: str) -> str:
        if len(sent) > _LONGEST_REFERENCE or _REFERENCE.fullmatch(sent) is None:
            raise ValueError("need an id or a slug")
        return sent

    schema = {"type": "string", "pattern": f"^{SEGMENTS['reference']}$", "maxLength": _LONGEST_REFERENCE}
    return Described(name, canonical, None, f"Only posts of this {noun}: its id or slug.", schema)


def search() -> Described:
    """Return words that all have to occur; sorted, as their order does not matter."""

    def canonical(sent: str) -> str:
        text = unicodedata.normalize("NFC", sent).translate(_FOLDED)
        words = sorted({word for word in text.split() if any(letter.isalnum() for letter in word)})
        if not words:
            raise ValueError("need at least one word")
        if len(sent) > LONGEST_SEARCH:
            raise ValueError(f"need at most {LONGEST_SEARCH} characters, got {len(sent)}")
        return " ".join(words)

    return Described(
        "search",
        canonical,
        None,
        "Only posts that contain all of these words, newest first.",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH},
    )


def fields(names: Collection[str]) -> Described:
    """Return which fields of each result to show; all of them by default, always in their own order."""
    known = ", ".join(names)

    def canonical(sent: str) -> str:
        asked = sent.split(",")
        unknown = sorted(set(asked) - set(names))
        if unknown:
            raise ValueError(f"no field {unknown[0]!r}; the fields are {known}")
        if len(asked) != len(set(asked)):
            raise ValueError("each field may be named once")
        return ",".join(name for name in names if name in asked)

    schema = {
        "type": "array",
        "items": {"type": "string", "enum": list(names)},
        "minItems": 1,
        "uniqueItems": True,
    }
    return Described("fields", canonical, ",".join(names), "Only these fields, separated by commas.", schema)


def cursor() -> Described:
    """Return the place where a page begins; made by us, checked by the route."""

    def canonical(sent: str) -> str:
        if len(sent) > cursors.LONGEST:
            raise ValueError("no cursor of ours is that long")
        return sent

    return Described(
        "cursor",
        canonical,
        None,
        "Where the page begins: taken from `next` or `previous` of another page, and only valid with"
        " the same filter and ordering.",
        {"type": "string", "minLength": 1, "maxLength": cursors.LONGEST, "pattern": "^[A-Za-z0-9_-]+$"},
    )
