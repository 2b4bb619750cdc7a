"""Which query string names which representation?

A route declares its parameters. Whatever a client sends is either brought into the one
canonical spelling (sorted, defaults dropped, percent-encoding minimal) or refused: an
unknown, repeated or malformed parameter would multiply the URLs of one representation,
or let a client fill the cache with copies (`?utm_source=...`).

Pure text to text; what a value means is the view's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_MALFORMED_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
# Characters that RFC 3986 §3.4 allows in a query and that need no escape between & and =.
_SAFE: Final = "-._~,:"


class BadParameter(ValueError):
    """A query that names no representation; the message is for the client."""

    def __init__(self, parameter: str | None, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter that a route understands.

    `canonical` maps a sent value to its one spelling and raises `ValueError`, with a
    message for the client, for anything else. A value equal to `default` is dropped
    from the key; a parameter without a default is simply absent when it is not sent.
    """

    name: str
    canonical: Callable[[str], str]
    default: str | None = None


def parse(query_string: bytes, parameters: Sequence[Parameter]) -> dict[str, str]:
    """Return the canonical value of each parameter sent, without those at their default.

    Raises `BadParameter` for what `parameters` does not declare, declares once and came
    twice, or refuses.
    """
    declared = {parameter.name: parameter for parameter in parameters}
    found: dict[str, str] = {}
    for name, value in _pairs(query_string):
        parameter = declared.get(name)
        if parameter is None:
            known = ", ".join(sorted(declared)) or "none"
            raise BadParameter(name, f"unknown parameter {name!r}; this resource takes: {known}")
        if name in found:
            raise BadParameter(name, f"parameter {name!r} may be given once")
        try:
            found[name] = parameter.canonical(value)
        except ValueError as error:
            raise BadParameter(name, f"{name}: {error}") from None
    return {name: value for name, value in found.items() if value != declared[name].default}


def spell(values: Mapping[str, str]) -> str:
    """Return the canonical query string, without a question mark.

    >>> spell({"tag": "ipa", "limit": "5"})
    'limit=5&tag=ipa'
    """
    return "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in sorted(values.items()))


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    if not query_string:
        return []
    pairs = []
    for part in query_string.split(b"&"):
        name, equals, value = part.partition(b"=")
        if not name:
            raise BadParameter(None, "the query has an empty parameter")
        if not equals:
            raise BadParameter(_shown(name), f"parameter {_shown(name)!r} has no value")
        pairs.append((_decoded(name), _decoded(value)))
    return pairs


def _decoded(raw: bytes) -> str:
    if _MALFORMED_PERCENT.search(raw):
        raise BadParameter(None, "the query has a malformed percent-encoding")
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise BadParameter(None, "the query is not UTF-8") from None
    if _CONTROL.search(text):
        raise BadParameter(None, "the query has a control character")
    return text


def _shown(raw: bytes) -> str:
    return raw[:60].decode("ascii", "replace")
