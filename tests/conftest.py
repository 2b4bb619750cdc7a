"""What every test may ask for, and which tests come first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from hypothesis import settings
from rest_framework.test import APIClient

from tests import postgres
from tests.databases import as_default, emptied, migrate, sqlite_file

# An example that takes long tells of a busy machine, and of nothing else.
settings.register_profile("readpath", deadline=None)
settings.load_profile("readpath")

_TESTS = Path(__file__).parent

# The files that take a minute or nearly, those that wait beside those that compute. Two processes
# share the files, and one of these at the end would leave the other process with nothing to do.
_FIRST = [
    _TESTS / name
    for name in (
        "poison/test_poison.py",
        "edges/test_nothing_is_stale.py",
        "oracle/test_guards.py",
        "faults/test_redis_is_gone.py",
        "oracle/test_oracle.py",
        "django_suite/test_django_suite.py",
        "faults/test_crashes.py",
        "http/test_schema_walk.py",
        "faults/test_under_load.py",
        "coherence/test_model.py",
        "herds/test_herds.py",
        "http/test_the_database_is_away.py",
        "faults/test_standing_still.py",
    )
]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin; all others keep the order that chance gave them."""
    turns = {path: turn for turn, path in enumerate(_FIRST)}
    items.sort(key=lambda item: turns.get(item.path, len(turns)))


@pytest.fixture
def client() -> APIClient:
    """Return a client of the API that carries no credentials."""
    return APIClient()


@pytest.fixture(autouse=True)
def _forgotten_throttles() -> None:
    """Let no test pay for the requests of another."""
    cache.clear()


# Databases that threads, processes and other programs can share: a SQLite file, and PostgreSQL.


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


@pytest.fixture(scope="session")
def _migrated_cluster(postgresql_cluster: dict[str, Any], django_db_blocker: Any) -> dict[str, Any]:
    with django_db_blocker.unblock(), as_default(postgresql_cluster):
        migrate()
    return postgresql_cluster


@pytest.fixture
def empty_postgresql(_migrated_cluster: dict[str, Any], django_db_blocker: Any) -> Iterator[Any]:
    """Use a migrated PostgreSQL database for one test; nothing is in it, and nothing is outstanding."""
    with django_db_blocker.unblock(), as_default(_migrated_cluster) as connection, emptied(connection):
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: Any) -> Any:
    """Use a migrated, empty database of each kind in turn; nothing is outstanding."""
    if request.param == "postgresql":
        return request.getfixturevalue("empty_postgresql")
    request.getfixturevalue("database_file")
    return connections["default"]
