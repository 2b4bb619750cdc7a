"""Which URLs are public reads, and what is the cache key of each?

A route is a path template, the query parameters it takes and the policies of its
answers. The key of a representation is the canonical URL itself, as bytes: path, and
the canonical query if there is one. `Host`, cookies, credentials and `User-Agent` are
no part of it, since nothing that builds a representation ever sees them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from caching.freshness import CachePolicy
from caching.parameters import BadParameter, Parameter, parse, spell

# What may stand in a path. An id has one spelling; a slug is never all digits, nor longer than
# 80 characters: what cannot be there is not looked for.
SEGMENTS: Final[Mapping[str, str]] = {
    "id": r"[1-9][0-9]{0,17}",
    "reference": r"(?:[1-9][0-9]{0,17}|(?=[0-9]*[a-z-])(?![a-z0-9-]{81})[a-z0-9]+(?:-[a-z0-9]+)*)",
}

# What a field such as Location can carry.
_PRINTABLE: Final = re.compile(rb"[\x21-\x7e]*")

CrossCheck = Callable[[str, Mapping[str, str]], None]


def _accept_all(path: str, values: Mapping[str, str]) -> None:
    del path, values


@dataclass(frozen=True)
class Route:
    """A family of public URLs, such as `/api/v1/posts/{reference}/`.

    `check` sees the path and all canonical values together and raises `BadParameter`
    where each is fine alone but they do not go together.
    """

    name: str
    template: str
    policy: CachePolicy
    not_found_policy: CachePolicy
    parameters: tuple[Parameter, ...] = ()
    deeper_policy: CachePolicy | None = None
    check: CrossCheck = _accept_all
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        expression = re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{SEGMENTS[m[1]]})", self.template)
        object.__setattr__(self, "pattern", re.compile(expression))

    def matches(self, path: str) -> bool:
        """Tell whether the path, in its canonical spelling, is one of ours."""
        return self.pattern.fullmatch(path) is not None

    def segments(self, path: str) -> dict[str, str]:
        """Return what stands in the template's places in a path that matches."""
        match = self.pattern.fullmatch(path)
        return match.groupdict() if match else {}

    def values(self, path: str, query_string: bytes) -> dict[str, str]:
        """Return the canonical parameters of a request, or raise `BadParameter`."""
        values = parse(query_string, self.parameters)
        self.check(path, values)
        return values

    def policy_for(self, status: int, values: Mapping[str, str]) -> CachePolicy:
        """Return how long an answer of this status may be kept; 404s only for a short while."""
        if status == 404:
            return self.not_found_policy
        if self.deeper_policy is not None and "cursor" in values:
            return self.deeper_policy
        return self.policy


@dataclass(frozen=True, slots=True)
class Target:
    """A public read: which route, and which of its representations."""

    route: Route
    path: str
    values: Mapping[str, str]
    key: bytes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The path is not spelled canonically; the public read is at `location`."""

    location: str


def cache_key(path: str, values: Mapping[str, str]) -> bytes:
    """Return the canonical URL of a representation, relative to the origin."""
    query = spell(values)
    return (f"{path}?{query}" if query else path).encode("ascii")


class RouteTable:
    """All public reads of a service. The first route that matches wins, as in a URLconf."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)

    def find(self, raw_path: bytes, query_string: bytes) -> Target | Elsewhere | None:
        """Resolve a request; None if it is no public read. Raises `BadParameter`.

        Percent-encoded spellings of a public path and a missing final slash are sent to
        the canonical URL, so that each representation lives at one place.
        """
        path = unquote_to_bytes(raw_path).decode("utf-8", "replace")
        route = self._match(path)
        if route is None:
            slashed = path + "/"
            if self._match(slashed) is None:
                return None
            return Elsewhere(_located(slashed, query_string))
        if path.encode("ascii", "replace") != raw_path:
            return Elsewhere(_located(path, query_string))
        values = route.values(path, query_string)
        return Target(route, path, values, cache_key(path, values))

    def _match(self, path: str) -> Route | None:
        for route in self.routes:
            if route.matches(path):
                return route
        return None


def _located(path: str, query_string: bytes) -> str:
    """Spell a redirect's target; a query that may not stand in a URL is not worth repeating."""
    if not _PRINTABLE.fullmatch(query_string):
        raise BadParameter(None, "the query has a character that must be percent-encoded")
    query = query_string.decode("ascii")
    return f"{path}?{query}" if query else path
