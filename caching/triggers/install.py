"""Has the database exactly the triggers that we want?

Apps register what they watch while Django starts. `migrate` drops all of our triggers
before it touches a table (SQLite rebuilds tables, and a trigger that names a table under
repair breaks that) and puts the wanted ones back after it, with an invalidation of
everything, since what was written meanwhile went unreported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core import checks
from django.db import connections, transaction

from caching.surrogate_keys import EVERYTHING
from caching.triggers import postgresql, sqlite
from caching.triggers.watch import Trigger, Watch

OUTBOX: Final = "caching_outbox"
Derived = Callable[[str], Iterable[Trigger]]

_LIST: Final = {
    "sqlite": (
        "SELECT name, tbl_name FROM sqlite_master"
        " WHERE type = 'trigger' AND name LIKE 'readpath\\_%' ESCAPE '\\'"
    ),
    "postgresql": (
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND t.tgname LIKE 'readpath\\_%'"
        " AND c.relnamespace = quote_ident(current_schema())::regnamespace"
    ),
}
# What the functions will see, whoever fires them; temporary tables come last.
_SEARCH_PATH: Final = "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)"


@dataclass(slots=True)
class _Registry:
    watches: list[Watch] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)


_registry = _Registry()


def register(watches: Iterable[Watch], derived: Derived | None = None) -> None:
    """Add watches, and triggers of an app's own that keep derived columns, given the vendor's name."""
    _registry.watches.extend(watches)
    if derived is not None:
        _registry.derived.append(derived)


def expected(vendor: str) -> dict[str, Trigger]:
    """Return the wanted triggers by name. Raises `NotImplementedError` for an unknown vendor."""
    if vendor not in _LIST:
        raise NotImplementedError(f"need a database with triggers we know (sqlite, postgresql), got {vendor}")
    renderer = sqlite.triggers if vendor == "sqlite" else postgresql.triggers
    wanted = list(renderer(tuple(_registry.watches), OUTBOX))
    for derived in _registry.derived:
        wanted.extend(derived(vendor))
    return {trigger.name: trigger for trigger in wanted}


def present(using: str = "default") -> dict[str, str]:
    """Return the table of each of our triggers that the database has, by the trigger's name."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(_LIST[connection.vendor])
        return dict(cursor.fetchall())


def missing(using: str = "default") -> list[str]:
    """Return the names of triggers that are missing, and of those that should not be there."""
    return sorted(set(expected(connections[using].vendor)) ^ set(present(using)))


def install(using: str = "default") -> None:
    """Make the database have exactly the wanted triggers; invalidate everything if that changed any."""
    connection = connections[using]
    wanted, found = expected(connection.vendor), present(using)
    if set(wanted) == set(found):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_SEARCH_PATH)
        for name in found.keys() - wanted.keys():
            _drop(cursor, connection.vendor, name, found[name])
        for name in sorted(wanted.keys() - found.keys()):
            cursor.execute(wanted[name].sql)
        cursor.execute(f'INSERT INTO "{OUTBOX}" (key) VALUES (%s)', [EVERYTHING])


def drop_all(using: str = "default") -> None:
    """Take our triggers out of the database's way."""
    connection = connections[using]
    if connection.vendor not in _LIST:
        return
    found = present(using)
    if not found:
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        # Whoever serves now stops storing until the triggers are back (`caching/relaying/relay.py`). While
        # they are there: one of them tells him.
        cursor.execute(f'INSERT INTO "{OUTBOX}" (key) VALUES (%s)', [EVERYTHING])
        for name, table in found.items():
            _drop(cursor, connection.vendor, name, table)


def _drop(cursor: Any, vendor: str, name: str, table: str) -> None:
    if vendor == "sqlite":
        cursor.execute(f'DROP TRIGGER "{name}"')
    else:
        cursor.execute(f'DROP TRIGGER "{name}" ON "{table}"')
        cursor.execute(f'DROP FUNCTION "{name}"()')


def before_migrate(*, using: str, plan: list[Any], **_: Any) -> None:
    """Drop the triggers if there is something to migrate."""
    if plan:
        drop_all(using)


def after_migrate(*, using: str, **_: Any) -> None:
    """Put the triggers in place, once the tables that they are on exist."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if {OUTBOX, *(trigger.table for trigger in expected(connection.vendor).values())} <= tables:
        install(using)


def check_triggers(*, databases: Iterable[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Fail `check --deploy --database default` when changes would go unreported."""
    messages: list[checks.CheckMessage] = []
    for using in databases or ():
        names = missing(using)
        if names:
            messages.append(
                checks.Error(
                    f"{len(names)} triggers of database {using!r} are missing or out of date: {names[0]} ...",
                    hint="Run `manage.py migrate`: without them a write is not seen by the cache.",
                    id="caching.E001",
                ),
            )
    return messages
