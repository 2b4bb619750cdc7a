"""Which PostgreSQL triggers report the watched changes?

One trigger per table and event, for each statement, over its transition tables: a statement
that changes 100,000 rows writes one row per distinct key, or, past `MANY_KEYS` of a kind,
the kind's coarse key alone; a key of which one row is gone is marked. `TRUNCATE` invalidates
everything. One more trigger, on the outbox, tells whoever listens that there is something in it.

The functions run with the rights and the search path of whoever installed them: a service that
may write posts need know nothing of the outbox, and cannot put another in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caching.ranges import LENGTHS
from caching.surrogate_keys import EVERYTHING, GONE
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
  WITH %(pairs)stouched (coarse, key, is_gone) AS (
    %(selects)s
  ), many (coarse, is_gone) AS (
    SELECT coarse, bool_or(is_gone) FROM touched WHERE key IS NOT NULL
      GROUP BY coarse HAVING count(DISTINCT key) > %(limit)d
  )
  INSERT INTO "%(outbox)s" (key)
    SELECT key || CASE WHEN bool_or(is_gone) THEN '%(mark)s' ELSE '' END FROM touched
      WHERE key IS NOT NULL AND coarse NOT IN (SELECT coarse FROM many) GROUP BY key
    UNION ALL SELECT coarse || CASE WHEN is_gone THEN '%(mark)s' ELSE '' END FROM many;"""

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
        inserted = [select for watch in watched for select in _inserted(watch)]
        deleted = [select for watch in watched for select in _deleted(watch)]
        changed = [select for watch in watched for side in ("(o)", "(n)") for select in _changed(watch, side)]
        yield _trigger(table, "insert", inserted, outbox)
        yield _trigger(table, "delete", deleted, outbox)
        yield _trigger(table, "update", changed, outbox)
        yield _truncated(table, outbox)
    yield _announced(outbox)


def _trigger(table: str, event: str, selects: list[str], outbox: str) -> Trigger:
    pairs = _PAIRS if event == "update" else ""
    collected = "\n    UNION ALL ".join(selects)
    body = _COLLECT % {
        "pairs": pairs,
        "selects": collected,
        "limit": MANY_KEYS,
        "outbox": outbox,
        "mark": GONE,
    }
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


def _inserted(watch: Watch) -> list[str]:
    return _selects(watch, "new_rows", "new_rows", _only(watch, "new_rows"))


def _deleted(watch: Watch) -> list[str]:
    is_gone = "TRUE" if watch.is_of_row else "FALSE"
    return _selects(watch, "old_rows", "old_rows", _only(watch, "old_rows"), is_gone)


def _changed(watch: Watch, side: str) -> list[str]:
    differs = " OR ".join(f"(o).{column} IS DISTINCT FROM (n).{column}" for column in watch.compared_columns)
    conditions = [f"({differs or 'FALSE'})", *_only(watch, side)]
    if not watch.key_columns:
        conditions.append(f"{side}.id IS NOT NULL")
    is_gone = "FALSE"
    if watch.is_of_row and side == "(o)":
        is_gone = f"(n).id IS NULL OR {watch.hidden('(o)', '(n)')}"
    return _selects(watch, side, "pairs", conditions, is_gone)


def _only(watch: Watch, side: str) -> list[str]:
    return [f"{side}.{watch.only_if} <> 0"] if watch.only_if else []


def _selects(watch: Watch, side: str, rows: str, conditions: list[str], is_gone: str = "FALSE") -> list[str]:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    selects = [f"SELECT '{watch.coarse}', {watch.spelled(side)}, {is_gone} FROM {rows}{where}"]
    if watch.ranged_by:
        spelled = watch.spelled_range(side, _SECONDS)
        selects.append(f"SELECT '{watch.coarse}', {spelled}, FALSE FROM {rows} CROSS JOIN {_LENGTHS}{where}")
    return selects
