"""A server, a writer beside it and a client, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.http.content import Library, fill
from tests.server import Server, running_server
from tests.writer import Writer


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a running server on an empty database."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def writer(server: Server) -> Iterator[Writer]:
    """Return another process that writes to the server's database."""
    with Writer(server) as writing:
        yield writing


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    """Return a client of the server that asks for no coding."""
    with httpx.Client(base_url=server.url, headers={"Accept-Encoding": "identity"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def library(writer: Writer) -> Library:
    """Return what was written into the server's database: a little of everything."""
    return fill(writer)
