"""Which SQLite triggers report the watched changes?

One trigger per table and event, for each row; SQLite has no triggers per statement. They
fire inside the writer's transaction, also for raw SQL and the `sqlite3` shell, and write
nothing where no watched column differs. The key of a row that is gone is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from caching.ranges import LENGTHS
from caching.surrogate_keys import GONE
from caching.triggers.watch import Trigger, Watch, by_table

# Without the fraction, which strftime would round, up to the next second perhaps.
_SECONDS: Final = "CAST(strftime('%s', substr({}, 1, 19)) AS INTEGER)"
_LENGTHS: Final = f"({' UNION ALL '.join(f'SELECT {length} AS length' for length in LENGTHS)})"


def triggers(watches: tuple[Watch, ...], outbox: str) -> Iterator[Trigger]:
    """Yield the triggers that feed the outbox table."""
    for table, watched in by_table(watches).items():
        ranged = [watch for watch in watched if watch.ranged_by]
        inserted = [_one_side(watch, "NEW") for watch in watched] + [
            _ranges(watch, "NEW") for watch in ranged
        ]
        deleted = [_deleted(watch) for watch in watched] + [_ranges(watch, "OLD") for watch in ranged]
        updated = [_updated(watch) for watch in watched]
        updated += [_both_sides(watch, _ranges) for watch in ranged]
        yield _trigger(table, "insert", inserted, outbox)
        yield _trigger(table, "delete", deleted, outbox)
        yield _trigger(table, "update", updated, outbox)


def _trigger(table: str, event: str, selects: list[str], outbox: str) -> Trigger:
    body = "\n".join(f'  INSERT INTO "{outbox}" (key) {select};' for select in selects)
    create = f'CREATE TRIGGER "{{name}}" AFTER {event.upper()} ON "{table}"\nFOR EACH ROW BEGIN\n{body}\nEND'
    return Trigger(f"{table}_{event}", table, create)


def _one_side(watch: Watch, side: str, *conditions: str) -> str:
    return f"SELECT {watch.spelled(side)}{_where(watch, side, *conditions)}"


def _deleted(watch: Watch) -> str:
    mark = f" || '{GONE}'" if watch.is_of_row else ""
    return f"SELECT {watch.spelled('OLD')}{mark}{_where(watch, 'OLD')}"


def _updated(watch: Watch) -> str:
    if not watch.is_of_row:
        return _both_sides(watch, _one_side)
    # Under one key both sides would be the same row, of which only the old one knows what it was.
    mark = f"CASE WHEN OLD.id <> NEW.id OR {watch.hidden('OLD', 'NEW')} THEN '{GONE}' ELSE '' END"
    old = f"SELECT {watch.spelled('OLD')} || {mark}{_where(watch, 'OLD', _changed(watch))}"
    return f"{old} UNION {_one_side(watch, 'NEW', 'OLD.id <> NEW.id')}"


def _ranges(watch: Watch, side: str, *conditions: str) -> str:
    return f"SELECT {watch.spelled_range(side, _SECONDS)} FROM {_LENGTHS}{_where(watch, side, *conditions)}"


def _where(watch: Watch, side: str, *conditions: str) -> str:
    needs = [f"{side}.{column} IS NOT NULL" for column in watch.key_columns]
    if watch.only_if:
        needs.append(f"{side}.{watch.only_if} <> 0")
    needs.extend(conditions)
    return f" WHERE {' AND '.join(needs)}" if needs else ""


def _both_sides(watch: Watch, selected: Callable[..., str]) -> str:
    changed = _changed(watch)
    return f"{selected(watch, 'OLD', changed)} UNION {selected(watch, 'NEW', changed)}"


def _changed(watch: Watch) -> str:
    # A row that gets another primary key is gone and new, whatever else it keeps.
    columns = dict.fromkeys(("id", *watch.compared_columns))
    return f"({' OR '.join(f'OLD.{column} IS NOT NEW.{column}' for column in columns)})"
