"""Which change of which table invalidates which surrogate keys?

A `Watch` is a row of that table of facts; the triggers are made from it. It is read like
this: when a row of `table` appears, disappears, or changes in one of `columns`, then the
key, spelled with the row's old and new values, is invalidated. With `only_if`, a side
(old or new) counts only while that column of it is not 0: drafts move no public list. With
`ranged_by`, a moment of the row, the keys of the intervals in which it lies are invalidated as
well (`caching/ranges.py`).

A row's own key, `post:42`, is marked when the row is gone: deleted, or known by another primary
key, or hidden, which is when its column `public_if` becomes 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from caching.surrogate_keys import coarse_key

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Watch:
    """One fact of invalidation, such as: a new `published_at` of a post moves `posts`."""

    table: str
    key: str
    columns: tuple[str, ...] = ()
    only_if: str | None = None
    ranged_by: str | None = None
    public_if: str | None = None

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that the key is spelled with."""
        return tuple(_PLACEHOLDER.findall(self.key))

    @property
    def compared_columns(self) -> tuple[str, ...]:
        """The columns whose change counts: the declared ones and those that the key depends on."""
        extra = [column for column in (self.only_if, self.ranged_by, self.public_if) if column]
        return tuple(dict.fromkeys((*self.columns, *self.key_columns, *extra)))

    @property
    def coarse(self) -> str:
        """The key that stands for all of this kind, for a statement that touches very many rows."""
        return coarse_key(self.key)

    @property
    def is_of_row(self) -> bool:
        """Whether the key is a row's own: a row that is gone is gone under this key."""
        return self.key == f"{self.coarse.partition(':')[0]}:{{id}}"

    def hidden(self, old: str, new: str) -> str:
        """Return an SQL condition: does the row leave the public by this change?

        >>> Watch("api_post", "post:{id}", public_if="listed").hidden("OLD", "NEW")
        'OLD.listed <> 0 AND NEW.listed = 0'
        """
        column = self.public_if
        return f"{old}.{column} <> 0 AND {new}.{column} = 0" if column else "FALSE"

    def spelled(self, alias: str) -> str:
        """Return an SQL expression for the key; NULL if a column of it is NULL.

        >>> Watch("api_post", "posts:author={author_id}").spelled("NEW")
        "'posts:author=' || NEW.author_id"
        """
        parts = _PLACEHOLDER.split(self.key)
        terms = [f"'{part}'" if index % 2 == 0 else f"{alias}.{part}" for index, part in enumerate(parts)]
        return " || ".join(term for term in terms if term != "''")

    def spelled_range(self, alias: str, seconds: str) -> str:
        """Return an SQL expression for the key of an interval of the `length` that a row beside it says.

        `seconds` spells the whole seconds of a column that stands for `{}`, NULL if it is no moment: then
        the coarse key stands for all intervals.
        """
        number = f"({seconds.format(f'{alias}.{self.ranged_by}')} >> length)"
        key = f"COALESCE({self.spelled(alias)} || ':' || length || '.' || {number}, '{self.coarse}')"
        known = [f"{alias}.{column} IS NOT NULL" for column in self.key_columns]
        return f"CASE WHEN {' AND '.join(known)} THEN {key} END" if known else key


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger with its definition. `create` has `{name}` where the name belongs.

    The name ends in a digest of the definition, so that a trigger which is out of date is
    one whose name is not expected.
    """

    stem: str
    table: str
    create: str

    @property
    def name(self) -> str:
        """The name under which the database knows it."""
        digest = blake2b(self.create.encode(), digest_size=4).hexdigest()
        return f"readpath_{self.stem}_{digest}"

    @property
    def sql(self) -> str:
        """The statements that make it."""
        return self.create.replace("{name}", self.name)


def by_table(watches: tuple[Watch, ...]) -> dict[str, list[Watch]]:
    """Group watches by table, in the order of their declaration."""
    grouped: dict[str, list[Watch]] = {}
    for watch in watches:
        grouped.setdefault(watch.table, []).append(watch)
    return grouped
