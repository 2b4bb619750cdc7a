"""Databases in which nothing waits for any edge, and edges that listen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests.purging.receivers import Receiver, receiving


def forget_all() -> None:
    """Let no edge be known, and nothing wait."""
    with connections["default"].cursor() as cursor:
        for table in ("caching_purge", "caching_edgestanding", "caching_outbox", "caching_relaying"):
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture
def database(either_database: Any) -> Iterator[Any]:
    """Use a database of each kind in turn; nothing is in it."""
    forget_all()
    yield either_database
    forget_all()


@pytest.fixture
def postgresql_database(empty_postgresql: Any) -> Iterator[Any]:
    """Use a PostgreSQL in which nothing is."""
    forget_all()
    yield empty_postgresql
    forget_all()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return an edge that listens."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    """Return another edge that listens."""
    with receiving() as listening:
        yield listening
