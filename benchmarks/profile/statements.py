"""What does a statement ask for? Read from its SQL alone, whoever wrote it.

`shape_of` leaves out what changes from one call to the next: two statements of one shape are the
same question about other rows. `columns_of` names the columns that come back, by table. What only
selects or sorts does not come back, nor does what a subquery in a condition selects; what a
subquery selects that is itself read from does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

ANY: Final = "*"  # Stands for the columns that `SELECT *` does not name.

_VALUE: Final = re.compile(r"'(?:[^']|'')*'|%s|(?<![\w\"])\d+(?:\.\d+)?")
_SEVERAL: Final = re.compile(r"\?(?:\s*,\s*\?)+")
_READS: Final = re.compile(r"[\s(]*(?:SELECT|WITH)\b", re.IGNORECASE)
# Text and comments, of which nothing is taken; calls; names with what they belong to; signs.
_TOKEN: Final = re.compile(
    r"""'(?:[^']|'')*' | --[^\n]* | %s
    | (?P<call>\w+\()
    | (?P<name>(?:"[^"]+"|[A-Za-z_]\w*)(?:\.(?:"[^"]+"|[A-Za-z_]\w*|\*))?)
    | (?P<sign>[()*,])""",
    re.VERBOSE,
)
_CONDITIONS: Final = frozenset({"WHERE", "ON", "ORDER", "GROUP", "HAVING", "LIMIT", "OFFSET"})
_NOT_NAMES: Final = frozenset(
    {
        *("AS", "DISTINCT", "ALL", "CASE", "WHEN", "THEN", "ELSE", "END", "AND", "OR", "NOT", "NULL", "IS"),
        *("INNER", "LEFT", "RIGHT", "OUTER", "CROSS", "LATERAL", "TRUE", "FALSE"),
    }
)


def is_read(sql: str) -> bool:
    """Tell whether the statement reads rows; `BEGIN` and its like do not."""
    return _READS.match(sql) is not None


def shape_of(sql: str) -> str:
    """Return the statement without its values, and with one for a list of any length.

    >>> shape_of("SELECT a FROM t WHERE id IN (%s, %s) AND b = 'x''y' LIMIT 21")
    'SELECT a FROM t WHERE id IN (?) AND b = ? LIMIT ?'
    """
    return " ".join(_SEVERAL.sub("?", _VALUE.sub("?", sql)).split())


@lru_cache(maxsize=4096)
def columns_of(sql: str) -> frozenset[str]:
    """Return the columns that come back, each as `table.column`; `*` where they are not named.

    >>> sorted(columns_of('SELECT p.id, "api_tag"."name" AS "n" FROM api_post p JOIN api_tag ON p.x = 1'))
    ['api_post.id', 'api_tag.name']
    """
    return frozenset(column for select in _selects(sql) for column in select.resolved())


@dataclass(slots=True)
class _Select:
    """One SELECT: what comes back, and the tables that it reads, by the names it has for them."""

    columns: set[tuple[str, str]] = field(default_factory=set)  # Of what, and which.
    tables: dict[str, str] = field(default_factory=dict)
    latest: str = ""  # The table whose alias may come next.

    def take_column(self, name: str) -> None:
        """Take what comes back."""
        owner, _, column = name.replace('"', "").rpartition(".")
        self.columns.add((owner, column))

    def take_table(self, name: str) -> None:
        """Take a table, or the alias of the one before."""
        name = name.replace('"', "")
        self.tables[name] = self.latest or name
        self.latest = "" if self.latest else name

    def resolved(self) -> Iterator[str]:
        """Yield the columns under the names of their tables."""
        tables = sorted(set(self.tables.values()))
        for owner, column in self.columns:
            if owner:
                yield f"{self.tables.get(owner, owner)}.{column}"
            elif column == ANY or len(tables) == 1:
                yield from (f"{table}.{column}" for table in tables)
            else:
                yield f"?.{column}"


@dataclass(slots=True)
class _Place:
    """Between which parentheses are we: in which SELECT, in which of its clauses?"""

    select: _Select | None = None
    clause: str = ""
    comes_back: bool = True

    def inside(self, call: str | None) -> _Place:
        """Return the place behind an opening parenthesis, which may be that of a call."""
        if self.clause == "condition":
            return _Place(comes_back=False)
        return _Place(self.select, "call" if call else self.clause, self.comes_back)

    def step(self, word: str) -> bool:
        """Go on to another clause if this word begins one; tell whether it does."""
        if word == "SELECT":
            self.select = _Select()
            self.clause = "select"
        elif word in {"FROM", "JOIN"} and self.select:
            self.select.latest = ""
            self.clause = "from"
        elif word in _CONDITIONS:
            self.clause = "condition"
        elif word == "UNION":
            self.clause = ""
        else:
            return False
        return True

    def take(self, name: str) -> None:
        """Take a name, or a star, for what it is in this clause."""
        if self.select is None:
            return
        if self.clause == "select" or (self.clause == "call" and name != ANY):
            self.select.take_column(name)
        elif self.clause == "from":
            self.select.take_table(name)


def _selects(sql: str) -> list[_Select]:
    """Return the SELECTs whose columns come back."""
    found: list[_Select] = []
    places = [_Place()]
    before = ""
    for token in _TOKEN.finditer(sql):
        place, text = places[-1], token[0]
        word = text.upper()
        if token["call"] or text == "(":
            places.append(place.inside(token["call"]))
        elif text == ")":
            places = places[:-1] or [_Place()]
        elif not place.comes_back or not (token["name"] or token["sign"]):
            pass
        elif text == ",":
            if place.select:
                place.select.latest = ""
        elif place.step(word):
            if word == "SELECT" and place.select:
                found.append(place.select)
        # What stands behind AS is no column; of a table it is one more name.
        elif word not in _NOT_NAMES and not (before == "AS" and place.clause != "from"):
            place.take(text)
        before = word
    return found
