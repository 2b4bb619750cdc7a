"""Which PostgreSQL triggers report the watched changes?

One trigger per table and event, for each statement, over its transition tables: a statement
that changes 100,000 rows writes one row per distinct key, or, past `MANY_KEYS` of a kind,
the kind's coarse key alone. `TRUNCATE` invalidates everything. One more trigger, on the outbox,
tells whoever listens that there is something in it.

The functions run with the rights and the search path of whoever installed them: a service that
may write posts need know nothing of the outbox, and cannot put another in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caching.ranges import LENGTHS
from caching.surrogate_keys import EVERYTHING
from caching.triggers.watch import Trigger, Watch, by_table

MANY_KEYS: Final = 500

# Infinity is a moment, too, for PostgreSQL.
_SECONDS: Final = "CASE WHEN isfinite({0}) THEN floor(extract(epoch FROM {0}))::bigint END"
_LENGTHS: Final = f"(VALUES {', '.join(f'({length})' for length in LENGTHS)}) AS lengths (length)"

_TRANSITIONS: Final = {
    "insert": "NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
}

_FUNCTION: Final = """\
CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
%(body)s
  RETURN NULL;
END $body$;
CREATE TRIGGER "{name}" AFTER %(event)s ON "%(table)s"
  %(referencing)sFOR EACH STATEMENT EXECUTE FUNCTION "{name}"()"""

_COLLECT: Final = """\
  WITH %(pairs)stouched (coarse, key) AS (
    %(selects)s
  ), many (coarse) AS (
    SELECT coarse FROM touched WHERE key IS NOT NULL GROUP BY coarse HAVING count(DISTINCT key) > %(limit)d
  )
  INSERT INTO "%(outbox)s" (key)
    SELECT key FROM touched WHERE key IS NOT NULL AND coarse NOT IN (SELECT coarse FROM many)
    UNION SELECT coarse FROM many;"""

# Each row with what became of it; a row whose primary key was changed is gone and new. Joined
# once and in full: PostgreSQL keeps the plan that it made for the first statement, of one row
# perhaps, and a full join is the one kind that it never plans as a loop in a loop, which took
# two minutes for 10,000 rows.
_PAIRS: Final = """\
pairs AS MATERIALIZED (
    SELECT o, n FROM old_rows o FULL JOIN new_rows n USING (id)
  ), """


def triggers(watches: tuple[Watch, ...], outbox: str) -> Iterator[Trigger]:
    """Yield the triggers that feed the outbox table."""
    for table, watched in by_table(watches).items():
        inserted = [select for watch in watched for select in _one_side(watch, "new_rows")]
        deleted = [select for watch in watched for select in _one_side(watch, "old_rows")]
        changed = [select for watch in watched for side in ("(o)", "(n)") for select in _changed(watch, side)]
        yield _trigger(table, "insert", inserted, outbox)
        yield _trigger(table, "delete", deleted, outbox)
        yield _trigger(table, "update", changed, outbox)
        yield _truncated(table, outbox)
    yield _announced(outbox)


def _trigger(table: str, event: str, selects: list[str], outbox: str) -> Trigger:
    pairs = _PAIRS if event == "update" else ""
    collected = "\n    UNION ALL ".join(selects)
    body = _COLLECT % {"pairs": pairs, "selects": collected, "limit": MANY_KEYS, "outbox": outbox}
    referencing = f"REFERENCING {_TRANSITIONS[event]} "
    create = _FUNCTION % {"body": body, "event": event.upper(), "table": table, "referencing": referencing}
    return Trigger(f"{table}_{event}", table, create)


def _truncated(table: str, outbox: str) -> Trigger:
    body = f"  INSERT INTO \"{outbox}\" (key) VALUES ('{EVERYTHING}');"
    create = _FUNCTION % {"body": body, "event": "TRUNCATE", "table": table, "referencing": ""}
    return Trigger(f"{table}_truncate", table, create)


def _announced(outbox: str) -> Trigger:
    # Whoever listens is woken by the writer's commit (`caching/relaying/listening.py`).
    body = "  PERFORM pg_notify('readpath_outbox_' || md5(TG_TABLE_SCHEMA), '');"
    create = _FUNCTION % {"body": body, "event": "INSERT", "table": outbox, "referencing": ""}
    return Trigger(f"{outbox}_insert", outbox, create)


def _one_side(watch: Watch, rows: str) -> list[str]:
    where = f" WHERE {rows}.{watch.only_if} <> 0" if watch.only_if else ""
    return _selects(watch, rows, rows, where)


def _selects(watch: Watch, side: str, rows: str, where: str) -> list[str]:
    selects = [f"SELECT '{watch.coarse}', {watch.spelled(side)} FROM {rows}{where}"]
    if watch.ranged_by:
        spelled = watch.spelled_range(side, _SECONDS)
        selects.append(f"SELECT '{watch.coarse}', {spelled} FROM {rows} CROSS JOIN {_LENGTHS}{where}")
    return selects


def _changed(watch: Watch, side: str) -> list[str]:
    differs = " OR ".join(f"(o).{column} IS DISTINCT FROM (n).{column}" for column in watch.compared_columns)
    conditions = [f"({differs or 'FALSE'})"]
    if watch.only_if:
        conditions.append(f"{side}.{watch.only_if} <> 0")
    if not watch.key_columns:
        conditions.append(f"{side}.id IS NOT NULL")
    return _selects(watch, side, "pairs", f" WHERE {' AND '.join(conditions)}")
