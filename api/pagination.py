"""Which page of a list was asked for, and which are its neighbours?

A page is the rows after a position, never "page n": its URL keeps meaning the same rows
when something is added in front of it. The first page has no cursor. A cursor also counts
pages, so that `previous` of the second page is the first page's own URL:

    first ──next──► 2, after r ──next──► 3, after s
      ▲─────────────┘ ▲─── 2, before t ◄──previous──┘

A page that was walked into backwards shows its rows in the same order as forwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from api import cursors, params
from api.cursors import Cursor
from api.routes import ListRoute, list_context
from caching.routes import cache_key
from querysets.keyset import Order, Position

Row = TypeVar("Row")

_FIRST: Final = 1
_SECOND: Final = 2


def _as_it_is(row: Any) -> Position:
    return tuple(row)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of a page, and the URLs of its neighbours, relative to the origin."""

    rows: Sequence[Row]
    first: str
    next: str | None
    previous: str | None

    def document(self, results: Any) -> dict[str, Any]:
        """Return the body for rows that were serialized."""
        return {"next": self.next, "previous": self.previous, "results": results}

    @property
    def link(self) -> str:
        """The same neighbours as a `Link` field (RFC 8288)."""
        links = (("next", self.next), ("prev", self.previous), ("first", self.first))
        return ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links if url is not None)


@dataclass(frozen=True, slots=True)
class Place:
    """The page of a list that a request asks for."""

    path: str
    values: Mapping[str, str]
    order: Order
    limit: int
    cursor: Cursor | None

    @classmethod
    def of(cls, route: ListRoute, path: str, values: Mapping[str, str]) -> Place:
        """Return the page that canonical parameters ask for."""
        limit = int(values.get("limit", params.DEFAULT_LIMIT))
        return cls(path, values, route.order(values), limit, route.cursor(path, values))

    @property
    def position(self) -> Position | None:
        """Where the page begins, None for the list's own beginning."""
        return self.cursor.position if self.cursor else None

    @property
    def forward(self) -> bool:
        """Whether the page is the rows after its position, not those before it."""
        return self.cursor is None or self.cursor.forward

    def extent(self, found: Sequence[Position]) -> tuple[Any, Any] | None:
        """Return between which values of the order's column all rows lie that decide about the page.

        None if one of its ends is open: if it begins where the list does, or nothing is left behind it.
        """
        if self.position is None or len(found) < self.most:
            return None
        return self.position[0], found[-1][0]

    def would_show_greatest(self, found: Sequence[Position]) -> bool:
        """Tell whether a row with the greatest value of all in the order's column would be on the page."""
        walks_up = self.order.descending != self.forward
        return len(found) < self.most if walks_up else self.position is None

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tells queries for such pages apart, whatever the position's values."""
        return self.order, self.forward, self.limit

    @property
    def position_values(self) -> dict[str, Any]:
        """The position's values, each under a name; none at the list's own beginning."""
        return {f"position_{index}": value for index, value in enumerate(self.position or ())}

    @property
    def most(self) -> int:
        """How many rows to fetch: one more than is shown tells whether the walk goes on in its direction."""
        return self.limit + 1

    def page(self, found: Sequence[Row], *, position_of: Callable[[Row], Position] = _as_it_is) -> Page[Row]:
        """Make the page of the rows found: at most `most` of them, nearest to the position first."""
        goes_on = len(found) > self.limit
        rows = list(found[: self.limit])
        if not self.forward:
            rows.reverse()
        ends = [position_of(row) for row in (rows[:1] + rows[-1:])]
        return Page(
            rows, self._first, self._next(ends, goes_on=goes_on), self._previous(ends, goes_on=goes_on)
        )

    @property
    def _ordinal(self) -> int:
        return self.cursor.ordinal if self.cursor else _FIRST

    @property
    def _first(self) -> str:
        return self._url(None)

    def _next(self, ends: Sequence[Position], *, goes_on: bool) -> str | None:
        if self.forward and not goes_on:
            return None
        if not ends:  # Backwards and nothing is left there: what follows is the list's beginning.
            return self._first
        return self._url(Cursor(self._ordinal + 1, forward=True, position=ends[-1]))

    def _previous(self, ends: Sequence[Position], *, goes_on: bool) -> str | None:
        if self.cursor is None or not (self.forward or goes_on):
            return None
        if self.cursor.ordinal == _SECOND:
            return self._first
        # If all that followed is gone: the rows up to and with the one at the position.
        position = ends[0] if ends else self.order.just_past(self.cursor.position, forward=True)
        return self._url(Cursor(self.cursor.ordinal - 1, forward=False, position=position))

    def _url(self, cursor: Cursor | None) -> str:
        values = {name: value for name, value in self.values.items() if name != "cursor"}
        if cursor is not None:
            values["cursor"] = cursors.encode(cursor, list_context(self.path, self.values))
        return cache_key(self.path, values).decode("ascii")
