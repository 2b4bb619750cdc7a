"""Which PostgreSQL triggers report the watched changes?

One trigger per table and event, for each statement, over its transition tables: a statement
that changes 100,000 rows writes one row per distinct key, or, past `MANY_KEYS` of a kind,
the kind's coarse key alone. `TRUNCATE` invalidates everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caching.surrogate_keys import EVERYTHING
from caching.triggers.watch import Trigger, Watch, by_table

MANY_KEYS: Final = 500

_FUNCTION: Final = """\
CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
%(body)s
  RETURN NULL;
END $body$;
CREATE TRIGGER "{name}" AFTER %(event)s ON "%(table)s"
  %(referencing)sFOR EACH STATEMENT EXECUTE FUNCTION "{name}"()"""

_COLLECT: Final = """\
  WITH touched (coarse, key) AS (
    %(selects)s
  ), many (coarse) AS (
    SELECT coarse FROM touched WHERE key IS NOT NULL GROUP BY coarse HAVING count(DISTINCT key) > %(limit)d
  )
  INSERT INTO "%(outbox)s" (key)
    SELECT key FROM touched WHERE key IS NOT NULL AND coarse NOT IN (SELECT coarse FROM many)
    UNION SELECT coarse FROM many;"""


def triggers(watches: tuple[Watch, ...], outbox: str) -> Iterator[Trigger]:
    """Yield the triggers that feed the outbox table."""
    for table, watched in by_table(watches).items():
        inserted = [_one_side(watch, "new_rows") for watch in watched]
        deleted = [_one_side(watch, "old_rows") for watch in watched]
        changed = [_changed(watch, side) for watch in watched for side in ("o", "n")]
        yield _trigger(table, "insert", "REFERENCING NEW TABLE AS new_rows ", inserted, outbox)
        yield _trigger(table, "delete", "REFERENCING OLD TABLE AS old_rows ", deleted, outbox)
        yield _trigger(
            table,
            "update",
            "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows ",
            changed,
            outbox,
        )
        yield _truncated(table, outbox)


def _trigger(table: str, event: str, referencing: str, selects: list[str], outbox: str) -> Trigger:
    body = _COLLECT % {"selects": "\n    UNION ALL ".join(selects), "limit": MANY_KEYS, "outbox": outbox}
    create = _FUNCTION % {"body": body, "event": event.upper(), "table": table, "referencing": referencing}
    return Trigger(f"{table}_{event}", table, create)


def _truncated(table: str, outbox: str) -> Trigger:
    body = f"  INSERT INTO \"{outbox}\" (key) VALUES ('{EVERYTHING}');"
    create = _FUNCTION % {"body": body, "event": "TRUNCATE", "table": table, "referencing": ""}
    return Trigger(f"{table}_truncate", table, create)


def _one_side(watch: Watch, rows: str) -> str:
    where = f" WHERE {rows}.{watch.only_if} <> 0" if watch.only_if else ""
    return f"SELECT '{watch.coarse}', {watch.spelled(rows)} FROM {rows}{where}"


def _changed(watch: Watch, side: str) -> str:
    # A full join, so that a row whose primary key was changed is reported as gone and as new.
    differs = " OR ".join(f"o.{column} IS DISTINCT FROM n.{column}" for column in watch.compared_columns)
    conditions = [f"({differs or 'FALSE'})"]
    if watch.only_if:
        conditions.append(f"{side}.{watch.only_if} <> 0")
    if not watch.key_columns:
        conditions.append(f"{side}.id IS NOT NULL")
    return (
        f"SELECT '{watch.coarse}', {watch.spelled(side)} FROM old_rows o FULL JOIN new_rows n USING (id)"
        f" WHERE {' AND '.join(conditions)}"
    )
