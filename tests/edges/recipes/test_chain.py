"""What does a purge mean where one cache stands behind another?

Varnish in front of Varnish is told after the one behind it: told before, it would fetch from there
what is just being purged. (nginx in front of Varnish: `test_caches_that_are_not_told.py`.)
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.edges.proxies import Nginx, Varnish, running
from tests.edges.recipes.said import status_of
from tests.edges.scripted import Reply, Scripted


class Inner(Varnish):
    """A Varnish that trusts the one in front of it with what is meant for edges."""

    trusted = ("127.0.0.1",)


@pytest.fixture(scope="module")
def inner(origin: Scripted) -> Iterator[Inner]:
    with running(Inner, origin=origin.port) as inner:
        yield inner


@pytest.fixture(scope="module")
def outer(inner: Inner) -> Iterator[Varnish]:
    with running(Varnish, origin=inner.port) as outer:
        yield outer


@pytest.fixture(scope="module")
def nginx(inner: Inner) -> Iterator[Nginx]:
    with running(Nginx, origin=inner.port) as nginx:
        yield nginx


def test_an_outer_edge_told_after_the_inner_one_is_new(origin, inner, outer, page, key):
    origin[page] = Reply(b"old", keys=key)
    assert httpx.get(f"{outer.url}{page}").content == b"old"
    origin[page] = Reply(b"new", keys=key)
    assert (inner.purge(key), outer.purge(key)) == (1, 1)
    assert httpx.get(f"{outer.url}{page}").content == b"new"


def test_an_outer_edge_told_first_is_old_until_it_is_told_again(origin, inner, outer, page, key):
    """Why the purger waits for the inner one (`through=`), and why it tells each one twice."""
    origin[page] = Reply(b"old", keys=key)
    httpx.get(f"{outer.url}{page}")
    origin[page] = Reply(b"new", keys=key)
    outer.purge(key)
    assert httpx.get(f"{outer.url}{page}").content == b"old"
    inner.purge(key)
    assert httpx.get(f"{outer.url}{page}").content == b"old"
    outer.purge(key)
    assert httpx.get(f"{outer.url}{page}").content == b"new"


def test_an_outer_edge_keeps_an_answer_for_no_longer_than_the_inner_one(origin, inner, outer, page):
    """So Age is not left out between edges, as it is towards browsers."""
    origin[page] = Reply(ttl=100, fields={"Age": "60"})
    httpx.get(f"{inner.url}{page}")
    httpx.get(f"{outer.url}{page}")
    assert status_of(httpx.get(f"{outer.url}{page}")) in {
        f"Varnish; hit; ttl={left}" for left in range(35, 41)
    }


def test_every_cache_on_the_way_says_what_it_did(origin, inner, outer, page):
    origin[page] = Reply()
    answer = httpx.get(f"{outer.url}{page}")
    expected = "readpath; hit, Varnish; fwd=miss; stored, Varnish; fwd=miss; stored"
    assert answer.headers["cache-status"] == expected


def test_nobody_purges_through_a_cache(origin, outer, nginx, page, key):
    """The inner one would trust the address of the one in front of it."""
    for url in (outer.url, nginx.url):
        answer = httpx.request("PURGE", url, headers={"xkey-purge": key, "X-Forwarded-For": "192.0.2.1"})
        assert answer.status_code in {403, 405}
