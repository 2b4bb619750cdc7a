"""Another database in the place of the tests' own, for what needs files, threads, processes or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def as_default(database: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """Make all code use this database by default, in new threads too."""
    before, settings = connections["default"], connections.settings["default"]
    connections.settings["default"] = connections.configure_settings({"default": {**database}})["default"]
    connections["default"] = connections.create_connection("default")
    try:
        yield connections["default"]
    finally:
        connections["default"].close()
        connections.settings["default"] = settings
        connections["default"] = before


def sqlite_file(path: Path) -> dict[str, Any]:
    """Return how Django connects to a SQLite file as our settings do, whatever the tests run on."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }


def migrate() -> None:
    """Bring the default database up to date."""
    call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def emptied(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let nothing of ours be in the tables, before the block and after it."""
    tables = ", ".join(
        name
        for name in connection.introspection.table_names()
        if name.startswith("api_") or name in {"caching_outbox", "caching_relaying"}
    )

    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
            cursor.execute("DELETE FROM caching_outbox")

    empty()
    try:
        yield
    finally:
        empty()
