"""What do the edges still have to be told?

For each edge and each surrogate key one row, however often the key changes: so an edge that is
down for an hour finds what it has missed, once. Rows are put in by the transaction that takes the
change out of the outbox; no moment lies between in which a crash could lose it.

    stage 0    tell the edge now ──► stage 1    and once more, after the edge's rebound ──► gone
       ▲                               │
       └────── the key changes again ──┘  a new version: what was sent before it does not count

Why twice: an answer that left us before the change may still be on its way while the edge is
told, and be kept after it. All moments are of the database's clock, which all processes share:
`queued_at` is the first change that the edge has not been told of, `due_at` the last one; in stage
1 the last one that it was told of, and when to repeat it. How rows are taken and settled is in
`purging/due.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import connections, transaction

from caching.labels import kind_of
from caching.surrogate_keys import EVERYTHING, coarse_key, is_gone, key_of

# Keys of a kind that are told apart at a time; more become the coarse key of all.
MOST_OF_A_KIND: Final = 256

NOW: Final = {
    "postgresql": "extract(epoch FROM clock_timestamp())",
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
}
_COLUMNS: Final = "(edge, key, is_hard, stage, due_at, queued_at, version)"
_UPSERT: Final = """\
ON CONFLICT (edge, key) DO UPDATE SET
  is_hard = excluded.is_hard OR caching_purge.is_hard,
  queued_at = CASE WHEN caching_purge.stage = 0 THEN caching_purge.queued_at ELSE excluded.queued_at END,
  stage = 0, due_at = excluded.due_at, version = excluded.version"""
# In order, so that two who put wait for each other and not both.
_PUT_POSTGRESQL: Final = f"""\
WITH put AS (
  INSERT INTO caching_purge {_COLUMNS}
    SELECT e.name, k.key, k.is_hard, 0, {NOW["postgresql"]}, {NOW["postgresql"]}, %s
      FROM caching_edgestanding e CROSS JOIN unnest(%s::text[], %s::bool[]) AS k (key, is_hard)
     WHERE %s = '' OR e.name = %s ORDER BY e.name, k.key
  {_UPSERT} RETURNING 1
) SELECT CASE WHEN EXISTS (SELECT FROM put)
    THEN pg_notify('readpath_purges_' || md5(current_schema()), '') END"""  # noqa: S608 - our own names.
_PUT_SQLITE: Final = f"""\
INSERT INTO caching_purge {_COLUMNS}
  SELECT name, %s, %s, 0, {NOW["sqlite"]}, {NOW["sqlite"]}, %s
    FROM caching_edgestanding WHERE %s = '' OR name = %s
{_UPSERT}"""  # noqa: S608 - our own names.
# No relay is in its pass while we hold its row: on SQLite, while we write.
BETWEEN_PASSES: Final = """\
INSERT INTO caching_relaying (id, last_pass) VALUES (1, 0)
  ON CONFLICT (id) DO UPDATE SET last_pass = caching_relaying.last_pass"""
_NAMES: Final = "SELECT name FROM caching_edgestanding"


def coalesced(labels: Iterable[str]) -> dict[str, bool]:
    """Return the keys that stand for these labels of the outbox, and whether what they name is gone.

    Many of one kind become its coarse key; everything is everything.
    """
    hard: dict[str, bool] = {}
    for label in labels:
        key = key_of(label)
        hard[key] = hard.get(key, False) or is_gone(label)
    if EVERYTHING in hard:
        return {EVERYTHING: any(hard.values())}
    kinds: dict[str, list[str]] = {}
    for key in hard:
        kinds.setdefault(kind_of(key), []).append(key)
    for keys in kinds.values():
        if len(keys) > MOST_OF_A_KIND:
            is_hard = any([hard.pop(key) for key in keys])  # noqa: C419 - all of them are to be popped.
            hard[coarse_key(keys[0])] = is_hard
    return hard


def put(keys: Mapping[str, bool], *, edge: str = "") -> None:
    """Queue keys, in the transaction under way, for all edges or one; the value tells whether it is gone."""
    if not keys:
        return
    version = secrets.randbits(62)
    with connections["default"].cursor() as cursor:
        if connections["default"].vendor == "postgresql":
            ordered = sorted(keys.items())
            columns: list[Any] = [[key for key, _ in ordered], [is_hard for _, is_hard in ordered]]
            cursor.execute(_PUT_POSTGRESQL, [version, *columns, edge, edge])
        else:
            rows: list[list[Any]] = [[key, is_hard, version, edge, edge] for key, is_hard in keys.items()]
            cursor.executemany(_PUT_SQLITE, rows)


def registered() -> frozenset[str]:
    """Return the names of the edges that hear of every change."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_NAMES)
        return frozenset(name for (name,) in cursor.fetchall())


def register(through: Mapping[str, str | None]) -> frozenset[str]:
    """Let these edges hear of every change from now on; return those that do, and are not among them.

    Each with the edge that it gets its answers from, if not from us. An edge that is new here may hold
    answers from before, and may have passed them on: it and those behind it are told to drop everything,
    after whatever a pass under way takes, of which they do not hear.
    """
    known = registered()
    if not known.issuperset(through):
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(BETWEEN_PASSES)
            known = registered()
            new = sorted(set(through) - known)
            for name in new:
                cursor.execute(
                    "INSERT INTO caching_edgestanding (name, failures, retry_at, reason, calls, keys)"
                    " VALUES (%s, 0, 0, '', 0, 0)",
                    [name],
                )
            for name in sorted(through):
                if not _ways(name, through).isdisjoint(new):
                    put({EVERYTHING: False}, edge=name)
    return known.difference(through)


def _ways(name: str, through: Mapping[str, str | None]) -> frozenset[str]:
    """Return an edge, and those that its answers come through."""
    passed = {name}
    while (inner := through.get(name)) is not None and inner not in passed:
        passed.add(inner)
        name = inner
    return frozenset(passed)


def forget(name: str) -> bool:
    """Tell an edge nothing any more; return whether it was one."""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(BETWEEN_PASSES)
        # In this order, which is that of whoever settles.
        cursor.execute("DELETE FROM caching_purge WHERE edge = %s", [name])
        cursor.execute("DELETE FROM caching_edgestanding WHERE name = %s", [name])
        return bool(cursor.rowcount)
