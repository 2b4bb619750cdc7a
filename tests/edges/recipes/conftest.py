"""Varnish in front of an origin that obeys the test, one of each for all tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest

from tests.edges.proxies import Varnish, running
from tests.edges.scripted import Scripted

_targets = (f"/page/{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def origin() -> Iterator[Scripted]:
    with Scripted() as origin:
        yield origin


@pytest.fixture(scope="session")
def varnish(origin: Scripted) -> Iterator[Varnish]:
    with running(Varnish, origin=origin.port) as varnish:
        yield varnish


@pytest.fixture
def client(varnish: Varnish) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=varnish.url, headers={"Accept-Encoding": ""}, timeout=20) as client:
        yield client


@pytest.fixture
def page() -> str:
    """Return a target that nobody has asked for yet."""
    return next(_targets)


@pytest.fixture
def key(page: str) -> str:
    """Return a surrogate key that nothing else carries."""
    return page.replace("/page/", "post:")
