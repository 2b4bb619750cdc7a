"""Which posts contain these words?

SQLite answers from an FTS5 table, PostgreSQL from a full-text index; both are asked for all
the words, in any order, newest post first. What a client typed never becomes part of
a query language: each word is quoted, and is a phrase of what its punctuation separates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connections
from django.db.models.expressions import RawSQL

_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")

# The full-text table comes first and stays first (CROSS JOIN): it yields matches by descending
# rowid, so that a page ends after `limit` of them instead of sorting all there are.
_SQLITE = """\
SELECT p.id FROM api_post_search s CROSS JOIN api_post p ON p.id = s.rowid
WHERE s.api_post_search MATCH %(words)s{beyond} AND +p.listed = 1 AND +p.published_at <= %(now)s
ORDER BY s.rowid {direction} LIMIT %(limit)s"""

# A full-text index of PostgreSQL knows no order: a word that every post contains would have
# them all fetched and sorted for a page. So the nearest posts are looked through first, until
# enough of them match, and the index is asked only if too few do; `+ 0` keeps the planner from
# walking the primary key there, which for a rare word is walking the whole table. Looking through
# a post means making words of its text, so not through many.
_POSTGRESQL = """\
WITH near AS MATERIALIZED (
  SELECT p.id FROM (
    SELECT id, title, text, listed, published_at FROM api_post p
    WHERE TRUE{beyond} ORDER BY id {direction} LIMIT 300
  ) p WHERE {matches} ORDER BY p.id {direction} LIMIT %(limit)s
)
SELECT id FROM near WHERE (SELECT count(*) FROM near) >= %(limit)s
UNION ALL (
  SELECT p.id FROM api_post p WHERE {matches}{beyond} AND (SELECT count(*) FROM near) < %(limit)s
  ORDER BY p.id + 0 {direction} LIMIT %(limit)s
)""".replace(
    "{matches}",
    "to_tsvector('english', p.title || ' ' || p.text) @@ websearch_to_tsquery('english', %(words)s)"
    " AND p.listed = 1 AND p.published_at <= %(now)s",
)


def matching(  # noqa: PLR0913 - all of them belong to one question.
    words: Sequence[str],
    *,
    now: datetime,
    limit: int,
    beyond: int | None,
    down: bool,
    using: str,
) -> RawSQL:
    """Return a subquery for the ids of at most `limit` public posts that contain all the words.

    `beyond` is the id that a page begins after, walking `down` the ids or up.
    """
    connection = connections[using]
    statement, rowid = (_SQLITE, "s.rowid") if connection.vendor == "sqlite" else (_POSTGRESQL, "p.id")
    named = statement.format(
        beyond="" if beyond is None else f" AND {rowid} {'<' if down else '>'} %(beyond)s",
        direction="DESC" if down else "ASC",
    )
    values: dict[str, Any] = {
        "words": _all_of(words),
        "now": connection.ops.adapt_datetimefield_value(now),
        "limit": limit,
        "beyond": beyond,
    }
    # The subquery becomes part of a statement whose other parameters are by position.
    positional = _PLACEHOLDER.sub("%s", named)
    return RawSQL(positional, [values[name] for name in _PLACEHOLDER.findall(named)])  # noqa: S611 - no client's text.


def _all_of(words: Sequence[str]) -> str:
    """Quote each word, in the one way that FTS5 and `websearch_to_tsquery` share.

    >>> _all_of(["pale", 'al"e', "-OR"])
    '"pale" "al e" "-OR"'
    """
    return " ".join('"{}"'.format(word.replace('"', " ")) for word in words)
