"""The answer to a write names the groups of the answers that it has made outdated (RFC 9875 §3)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import http_sf
import httpx
import pytest

from tests.http.content import LIST, POST, ROUTES, Library, fill
from tests.redis import RedisServer, is_installed, running_redis, wait_until
from tests.server import Server, running_server
from tests.writer import Writer

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

FIELD = "Cache-Group-Invalidation"
WRITES = 8
PATIENCE = 60.0  # Seconds until a test that hangs has failed; a busy worker may lose its trust for a while.


@pytest.fixture(scope="module")
def store() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture(scope="module")
def server(store: RedisServer) -> Iterator[Server]:
    labelled = {
        "REDIS_URL": store.url,
        "READPATH_EDGE_LABELS": "cache-groups",
        "READPATH_REDIS_TIMEOUT": "0.5",
    }
    with running_server(WORKERS="2", **labelled) as running:
        running.wait_for_workers()
        yield running


@pytest.fixture(scope="module")
def library(server: Server) -> Iterator[Library]:
    with Writer(server) as writer:
        yield fill(writer)


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def groups_of(answer: httpx.Response, field: str = FIELD) -> set[str]:
    """Return the groups that a field names, as whoever knows structured fields reads it."""
    return {member for member, _ in http_sf.parse(answer.headers[field].encode(), tltype="list")}


@pytest.mark.parametrize("template", sorted(ROUTES.values()))
def test_a_read_says_its_groups_and_invalidates_none(
    http: httpx.Client, library: Library, template: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = http.request(method, library.url(template))
        assert answer.status_code == 200
        assert "all" in groups_of(answer, "Cache-Groups")
        assert FIELD not in answer.headers


def test_an_edit_names_a_group_of_each_answer_that_it_changes(server: Server, library: Library) -> None:
    """Whichever of the workers it comes to: each connection is another one's. All is too much, and right."""
    url = library.url(POST)
    exactly_named = 0
    deadline = time.monotonic() + PATIENCE
    while exactly_named < WRITES:
        assert time.monotonic() < deadline, "a worker that hears of everything names everything all the same"
        with httpx.Client(base_url=server.url, timeout=30, headers=library.authorization) as http:
            kept = [groups_of(http.get(shows), "Cache-Groups") for shows in (url, LIST)]
            answer = http.patch(url, json={"title": f"Edited {time.monotonic_ns()}"})
        assert answer.status_code == 200, answer.text
        named = groups_of(answer)
        assert all(groups & named for groups in kept)
        if named != {"all"}:
            assert f"post:{library.post}" in named
            exactly_named += 1


def test_a_post_that_is_taken_away_names_the_lists_that_it_stood_in(
    http: httpx.Client, library: Library
) -> None:
    page = http.get(LIST, params={"limit": 2}).json()
    last = page["results"][1]["id"]  # Not the one that the other tests are about.
    lists = [LIST, "/api/v1/posts/?author=ann", f"/api/v1/posts/?category={library.category}"]
    kept = [groups_of(http.get(shows), "Cache-Groups") for shows in lists]
    answer = http.delete(f"{LIST}{last}/", headers=library.authorization)

    assert answer.status_code == 204, answer.text
    assert all(groups & groups_of(answer) for groups in kept)


def test_a_write_that_is_refused_names_nothing(http: httpx.Client, library: Library) -> None:
    def is_named() -> bool:
        answer = http.patch(library.url(POST), json={"title": "Mine"})
        assert answer.status_code == 401
        return FIELD in answer.headers

    wait_until(lambda: not is_named(), "a worker names something though nothing changes")


def test_where_nobody_can_tell_what_was_invalidated_everything_is_named(
    store: RedisServer, http: httpx.Client, library: Library
) -> None:
    store.kill()
    try:
        answer = http.patch(library.url(POST), json={"title": "Alone"}, headers=library.authorization)
    finally:
        store.start()

    assert answer.status_code == 200, answer.text
    assert answer.headers[FIELD] == '"all"'
