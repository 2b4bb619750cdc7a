"""What every test may ask for, and which tests come first."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

_TESTS = Path(__file__).parent

# The files that take a minute or nearly, those that wait beside those that compute. Two processes
# share the files, and one of these at the end would leave the other process with nothing to do.
_FIRST = [
    _TESTS / name
    for name in (
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
