"""Edges that are told over HTTP: doubles of the vendors', and a cache that takes PURGE."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.edges.doubles.cloudflare import CloudflareDouble
from tests.edges.doubles.fastly import FastlyDouble
from tests.edges.doubles.server import Server
from tests.edges.told import TOKEN, Plain


@pytest.fixture
def plain() -> Iterator[Plain]:
    with Plain() as double:
        yield double


@pytest.fixture
def fastly() -> Iterator[FastlyDouble]:
    """One service, with two answers."""
    with FastlyDouble(token=TOKEN) as double:
        double.keep("/a", "post:1 posts all")
        double.keep("/b", "post:2 posts all")
        yield double


@pytest.fixture
def cloudflare() -> Iterator[CloudflareDouble]:
    """One zone, with two answers."""
    with CloudflareDouble(token=TOKEN) as double:
        double.keep("/a", "post:1,posts,all")
        double.keep("/b", "post:2,posts,all")
        yield double


@pytest.fixture(params=["plain", "fastly", "cloudflare"])
def double(request: pytest.FixtureRequest) -> Server:
    """Each kind of edge that is told over HTTP."""
    return request.getfixturevalue(request.param)
