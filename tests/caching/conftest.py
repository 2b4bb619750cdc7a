"""Databases for the tests of coherence: a SQLite file, and PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.databases import as_default, migrate, sqlite_file


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("migrated") / "readpath.sqlite3"
    with django_db_blocker.unblock(), as_default(sqlite_file(path)) as connection:
        migrate()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM caching_outbox")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def database_file(_migrated_file: Path, tmp_path: Path, django_db_blocker: Any) -> Iterator[Path]:
    """Use a migrated, empty SQLite file that threads and processes can share; nothing is outstanding."""
    path = tmp_path / "readpath.sqlite3"
    shutil.copy(_migrated_file, path)
    with django_db_blocker.unblock(), as_default(sqlite_file(path)):
        yield path


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[dict[str, Any]]:
    """Start PostgreSQL, or skip."""
    if postgres.programs() is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb is in no usual place)")
    with postgres.running_cluster() as database:
        yield database


@pytest.fixture(scope="module")
def postgresql(postgresql_cluster: dict[str, Any], django_db_blocker: Any) -> Iterator[Any]:
    """Use a migrated, empty PostgreSQL database throughout the module."""
    with django_db_blocker.unblock(), as_default(postgresql_cluster) as connection:
        migrate()
        yield connection
