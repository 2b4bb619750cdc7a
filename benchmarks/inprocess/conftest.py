"""What is every step given, and what is it called in the table?

Django is set up on a database of generated posts before anything is imported that needs it:
the one of `BENCHMARK_DATABASE_URL`, else a SQLite of our own.
"""

from __future__ import annotations

import os

import django
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import content
from benchmarks.steps import DATABASE_URL, POSTS

os.environ.update(content.environment(os.environ.get(DATABASE_URL) or content.database_url(POSTS)))
django.setup()

from benchmarks.inprocess import material  # noqa: E402 - it needs Django set up.
from caching.entry import Entry  # noqa: E402


@pytest.fixture(autouse=True)
def _named(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> None:
    """Name the step by its test's docstring, in which `{…}` stands for a parameter."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    benchmark.extra_info["asks_database"] = request.node.get_closest_marker("database") is not None
    benchmark.extra_info["step"] = request.function.__doc__.rstrip(".").format(**parameters)


@pytest.fixture(scope="session")
def body() -> bytes:
    """Have Django answer the first page of the list of posts."""
    return material.body()


@pytest.fixture
def entry(body: bytes) -> Entry:
    """Have an entry of that page that was made a minute ago."""
    return material.entry(body)
