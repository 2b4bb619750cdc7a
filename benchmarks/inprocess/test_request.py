"""What does it cost to read a request? Its URL, its fields, its coding."""

from __future__ import annotations

from itertools import cycle

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from api.routes import POST_LIST, PUBLIC_ROUTES
from benchmarks.inprocess.material import BROWSER, KEY
from caching.headers import read_request_fields
from caching.negotiation import negotiate
from caching.routes import Elsewhere, RouteTable

pytestmark = pytest.mark.benchmark(group="a request")

_TABLE = RouteTable(PUBLIC_ROUTES)
_CODINGS = ("br", "zstd", "gzip")


def test_canonical_key(benchmark: BenchmarkFixture) -> None:
    """Find the key of a canonical URL."""
    query = b"author=7&limit=50"
    assert _TABLE.find(KEY, query).key == KEY + b"?" + query
    benchmark(_TABLE.find, KEY, query)


def test_uncanonical_key(benchmark: BenchmarkFixture) -> None:
    """Find the key of a URL with a default, unsorted."""
    query = b"ordering=-published_at&limit=50&author=7"
    assert _TABLE.find(KEY, query).key == KEY + b"?author=7&limit=50"
    benchmark(_TABLE.find, KEY, query)


def test_redirected_path(benchmark: BenchmarkFixture) -> None:
    """Find where a path without its slash leads."""
    path = KEY.removesuffix(b"/")
    assert _TABLE.find(path, b"limit=5") == Elsewhere(f"{POST_LIST.template}?limit=5")
    benchmark(_TABLE.find, path, b"limit=5")


def test_fields(benchmark: BenchmarkFixture) -> None:
    """Read a browser's fields."""
    assert read_request_fields(BROWSER).accept_encoding == b"gzip, deflate, br, zstd"
    benchmark(read_request_fields, BROWSER)


def test_known_coding(benchmark: BenchmarkFixture) -> None:
    """Negotiate the coding by a field seen before."""
    assert negotiate(b"gzip, deflate, br, zstd", _CODINGS) == "br"
    benchmark(negotiate, b"gzip, deflate, br, zstd", _CODINGS)


def test_new_coding(benchmark: BenchmarkFixture) -> None:
    """Negotiate the coding by a field never seen."""
    # More of them than are remembered, in a circle: none is remembered when its turn comes.
    fields = cycle([b"gzip;q=0.8, br;q=0.%03d, *;q=0.1" % number for number in range(701)])
    assert negotiate(b"gzip;q=0.8, br;q=0.7, *;q=0.1", _CODINGS) == "gzip"
    benchmark(lambda: negotiate(next(fields), _CODINGS))
