"""Which SQLite triggers report the watched changes?

One trigger per table and event, for each row; SQLite has no triggers per statement. They
fire inside the writer's transaction, also for raw SQL and the `sqlite3` shell, and write
nothing where no watched column differs.
"""

from __future__ import annotations

from collections.abc import Iterator

from caching.triggers.watch import Trigger, Watch, by_table


def triggers(watches: tuple[Watch, ...], outbox: str) -> Iterator[Trigger]:
    """Yield the triggers that feed the outbox table."""
    for table, watched in by_table(watches).items():
        yield _trigger(table, "insert", [_one_side(watch, "NEW") for watch in watched], outbox)
        yield _trigger(table, "delete", [_one_side(watch, "OLD") for watch in watched], outbox)
        yield _trigger(table, "update", [_both_sides(watch) for watch in watched], outbox)


def _trigger(table: str, event: str, selects: list[str], outbox: str) -> Trigger:
    body = "\n".join(f'  INSERT INTO "{outbox}" (key) {select};' for select in selects)
    create = f'CREATE TRIGGER "{{name}}" AFTER {event.upper()} ON "{table}"\nFOR EACH ROW BEGIN\n{body}\nEND'
    return Trigger(f"{table}_{event}", table, create)


def _one_side(watch: Watch, side: str, *conditions: str) -> str:
    needs = [f"{side}.{column} IS NOT NULL" for column in watch.key_columns]
    if watch.only_if:
        needs.append(f"{side}.{watch.only_if} <> 0")
    needs.extend(conditions)
    where = f" WHERE {' AND '.join(needs)}" if needs else ""
    return f"SELECT {watch.spelled(side)}{where}"


def _both_sides(watch: Watch) -> str:
    # A row that gets another primary key is gone and new, whatever else it keeps.
    columns = dict.fromkeys(("id", *watch.compared_columns))
    changed = f"({' OR '.join(f'OLD.{column} IS NOT NEW.{column}' for column in columns)})"
    return f"{_one_side(watch, 'OLD', changed)} UNION {_one_side(watch, 'NEW', changed)}"
