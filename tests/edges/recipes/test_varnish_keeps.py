"""What does Varnish keep, and for how long? What says so in so many words, and is the same for everybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.edges.recipes.said import status_of
from tests.edges.scripted import Reply


def test_an_answer_is_kept_for_as_long_as_edges_may(origin, client, page):
    """Not for the few seconds that browsers are told."""
    origin[page] = Reply(b"one", ttl=86_400)
    client.get(page)
    answer = client.get(page)
    assert answer.content == b"one"
    assert status_of(answer) in {"Varnish; hit; ttl=86399", "Varnish; hit; ttl=86400"}
    assert len(origin.asked(page)) == 1


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        pytest.param(("Surrogate-Control",), 300, id="CDN-Cache-Control"),
        pytest.param(("Surrogate-Control", "CDN-Cache-Control"), 5, id="Cache-Control"),
    ],
)
def test_the_next_field_counts_where_one_is_missing(origin, client, page, missing, expected):
    origin[page] = Reply(ttl=300, fields=dict.fromkeys(missing, ""))
    client.get(page)
    assert status_of(client.get(page)) in {f"Varnish; hit; ttl={expected - less}" for less in (0, 1)}


def test_what_has_no_label_is_kept_for_a_minute_only(origin, varnish, client, page):
    """Nothing could purge it, for it is not known what it depends on."""
    origin[page] = Reply(keys="")
    client.get(page)
    assert status_of(client.get(page)) in {"Varnish; hit; ttl=60", "Varnish; hit; ttl=59"}
    varnish.purge(page)
    assert status_of(client.get(page)) == "Varnish; fwd=stale; fwd-status=304; stored"
    assert status_of(client.get(page)) in {"Varnish; hit; ttl=60", "Varnish; hit; ttl=59"}


@pytest.mark.parametrize(
    "fields",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private"},
        {"Surrogate-Control": "no-store"},
        {"Surrogate-Control": "max-age=0"},
        {"Set-Cookie": "a=b"},
        {"Vary": "*"},
        {"Vary": "Accept-Encoding, Cookie"},
    ],
    ids=str,
)
def test_what_is_not_for_everybody_is_not_kept(origin, client, page, fields):
    origin[page] = Reply(b"one", fields=fields)
    client.get(page)
    origin[page] = Reply(b"two", fields=fields)
    assert client.get(page).content == b"two"


@pytest.mark.parametrize("status", [201, 202, 206, 302, 400, 406, 414, 429, 500, 503])
def test_no_other_status_is_kept(origin, client, page, status):
    """Even if it said so."""
    origin[page] = Reply(b"one", status=status)
    assert client.get(page).status_code == status
    origin[page] = Reply(b"two")
    assert client.get(page).content == b"two"
    assert status_of(client.get(page)).startswith("Varnish; hit")


@pytest.mark.parametrize("status", [301, 308, 404, 410])
def test_a_status_that_says_how_long_is_kept(origin, client, page, status):
    origin[page] = Reply(b"", status=status, ttl=60)
    client.get(page)
    assert status_of(client.get(page)).startswith("Varnish; hit")


def test_errors_do_not_make_readers_queue(origin, client, page):
    origin[page] = Reply(b"", status=503, fields={"Cache-Control": "no-store"})
    client.get(page)
    origin[page] = Reply(b"", status=503, fields={"Cache-Control": "no-store"}, delay=0.5)
    origin.most_at_once = 0
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: httpx.get(f"{client.base_url}{page}", timeout=20), range(4)))
    assert origin.most_at_once >= 3


def test_one_fetch_for_many_readers(origin, client, page):
    origin[page] = Reply(b"one", delay=0.3)
    with ThreadPoolExecutor(5) as pool:
        bodies = {
            answer.content
            for answer in pool.map(lambda _: httpx.get(f"{client.base_url}{page}", timeout=20), range(5))
        }
    assert bodies == {b"one"}
    assert len(origin.asked(page)) == 1


def test_a_body_that_breaks_off_is_not_kept(origin, client, page):
    """Its reader notices that it is not whole, or gets 503."""
    origin[page] = Reply(b"half a body", missing=4)
    with suppress(httpx.RemoteProtocolError):
        assert client.get(page).status_code == 503
    origin[page] = Reply(b"a whole body")
    assert client.get(page).content == b"a whole body"


def test_head_comes_from_get_and_get_from_head(origin, client, page):
    origin[page] = Reply(b"one")
    answer = client.head(page)
    assert (answer.content, answer.headers["content-length"]) == (b"", "3")
    assert client.get(page).content == b"one"
    assert [asked.method for asked in origin.asked(page)] == ["GET"]


def test_parts_are_not_served(origin, client, page):
    origin[page] = Reply(b"one")
    for _ in range(2):
        answer = client.get(page, headers={"Range": "bytes=0-0", "If-Range": '"x"'})
        assert (answer.status_code, answer.content) == (200, b"one")
    assert "range" not in origin.asked(page)[0].fields


def test_conditions_are_answered_here(origin, client, page):
    origin[page] = Reply(b"one")
    etag = client.get(page).headers["etag"]
    assert client.get(page, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(page, headers={"If-None-Match": '"other"'}).status_code == 200
    assert len(origin.asked(page)) == 1


def test_a_condition_of_a_client_s_does_not_reach_the_fetch(origin, client, page):
    """Or the 304 would be kept as if it had a body."""
    origin[page] = Reply(b"one")
    client.get(page, headers={"If-None-Match": origin.reply(page).etag, "If-Match": '"x"'})
    assert not {"if-none-match", "if-match"} & set(origin.asked(page)[0].fields)
    assert client.get(page).content == b"one"


def test_clients_do_not_see_what_is_meant_for_edges(origin, client, page):
    origin[page] = Reply(keys="post:1 all")
    for _ in range(2):
        answer = client.get(page)
        assert not {"xkey", "surrogate-key", "cache-tag", "surrogate-control", "cdn-cache-control"} & set(
            answer.headers
        )
        assert not [name for name in answer.headers if name.startswith("readpath-")]
        # RFC 9875 is for every cache on the way, the browser's too.
        assert answer.headers["cache-groups"] == '"post:1", "all"'


def test_cache_status_names_the_origin_first(origin, client, page):
    origin[page] = Reply()
    assert client.get(page).headers["cache-status"] == "readpath; hit, Varnish; fwd=miss; stored"


def test_no_browser_keeps_an_answer_for_longer_than_varnish(origin, client, page):
    """Age is left out while an answer is as good as new, and cuts the browser's time short before the end."""
    origin[page] = Reply(ttl=600)
    client.get(page)
    assert "age" not in client.get(page).headers
    short = f"{page}/short"
    origin[short] = Reply(ttl=3)
    client.get(short)
    assert 2 <= int(client.get(short).headers["age"]) <= 3


def test_an_age_that_came_along_counts(origin, client, page):
    origin[page] = Reply(ttl=100, fields={"Age": "60"})
    client.get(page)
    assert status_of(client.get(page)) in {"Varnish; hit; ttl=40", "Varnish; hit; ttl=39"}
