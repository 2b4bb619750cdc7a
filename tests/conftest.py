"""What every test may ask for."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient


@pytest.fixture
def client() -> APIClient:
    """Return a client of the API that carries no credentials."""
    return APIClient()


@pytest.fixture(autouse=True)
def _forgotten_throttles() -> None:
    """Let no test pay for the requests of another."""
    cache.clear()
