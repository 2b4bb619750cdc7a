"""An answer says how it was come by, a connection serves many, and JSON can do no harm in a browser.

Rows O1, O3 and O4 of the HTTP contract.
"""

from __future__ import annotations

import threading
from itertools import count

import httpx
import pytest

from tests.http.assertions import SECURITY, assert_cache_status, assert_problem, cache_status_of
from tests.http.content import LIST, POST, ROUTES, Library
from tests.http.reading import read_into_memory
from tests.http.wire import Connection, request
from tests.server import Server
from tests.writer import Writer

CLIENTS = 12
_cold = (f"{LIST}?limit={limit}" for limit in count(40))


def test_o1_the_first_answer_is_a_miss_and_the_next_a_hit(library: Library, http: httpx.Client) -> None:
    url = next(_cold)
    assert_cache_status(http.get(url), fwd="uri-miss", stored=True)
    assert_cache_status(http.get(url), hit=True)


def test_o1_head_and_304_say_it_too(library: Library, http: httpx.Client) -> None:
    url = next(_cold)
    first = http.head(url)
    assert_cache_status(first, fwd="uri-miss", stored=True)
    assert_cache_status(http.head(url), hit=True)
    etag = {"If-None-Match": first.headers["etag"]}
    assert_cache_status(http.get(url, headers=etag), hit=True)
    cold = next(_cold)
    missed = http.get(cold, headers={"If-None-Match": "*"})
    assert missed.status_code == 304
    assert_cache_status(missed, fwd="uri-miss", stored=True)


def test_o1_a_404_is_stored_like_anything_else(library: Library, http: httpx.Client) -> None:
    assert_cache_status(http.get("/api/v1/tags/none-such/"), fwd="uri-miss", stored=True)
    assert_cache_status(http.get("/api/v1/tags/none-such/"), hit=True)


def test_o1_what_was_invalidated_is_a_miss_again(
    library: Library, writer: Writer, http: httpx.Client
) -> None:
    read_into_memory(http, "/api/v1/posts/ale-7/")
    writer.run("Post.objects.filter(slug='ale-7').update(title='Porter')")
    writer.settle()
    assert cache_status_of(http.get("/api/v1/posts/ale-7/"))["fwd"] == "uri-miss"


def test_o1_of_many_who_ask_at_once_one_is_the_builder(library: Library, server: Server) -> None:
    url = next(_cold)
    ready = threading.Barrier(CLIENTS)
    found: list[httpx.Response] = []

    def ask() -> None:
        with httpx.Client(base_url=server.url) as http:
            http.get("/healthz/live")
            ready.wait(timeout=20)
            found.append(http.get(url))

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    said = [cache_status_of(response) for response in found]
    assert len(said) == CLIENTS
    assert said.count({"fwd": "uri-miss", "stored": True}) == 1
    others = [{"fwd": "uri-miss", "collapsed": True}, {"hit": True}]
    assert all(one in [*others, {"fwd": "uri-miss", "stored": True}] for one in said)


@pytest.mark.parametrize("url", ["/api/v1/posts/?x=1", "/api/v1/drafts/", "/healthz/live", "/api/v1/posts"])
def test_o1_what_no_store_has_answered_claims_no_hit(url: str, library: Library, http: httpx.Client) -> None:
    response = http.get(url)
    assert "cache-status" not in response.headers or "hit" not in cache_status_of(response)


def test_o3_a_connection_serves_one_request_after_the_other(library: Library, server: Server) -> None:
    url = library.url(POST)
    token = f"Authorization: Token {library.token}"
    body = b'{"title": "Kept alive"}'
    length = f"Content-Length: {len(body)}"
    asked = [
        ("GET", request(url, keep=True), 200),
        ("GET", request(url, keep=True), 200),
        ("GET", request(url, "If-None-Match: *", keep=True), 304),
        ("HEAD", request(url, method="HEAD", keep=True), 200),
        ("GET", request("/api/v1/posts/?x=1", keep=True), 400),
        ("GET", request("/api/v1/nothing/", keep=True), 404),
        ("GET", request("/api/v1/posts", keep=True), 308),
        ("OPTIONS", request(url, method="OPTIONS", keep=True), 204),
        ("DELETE", request(LIST, method="DELETE", keep=True), 405),
        (
            "PATCH",
            request(
                url, token, "Content-Type: application/json", length, method="PATCH", body=body, keep=True
            ),
            200,
        ),
        ("GET", request("/healthz/ready", keep=True), 200),
        ("GET", request(url), 200),
    ]
    with Connection(server) as connection:
        for method, data, status in asked:
            connection.send(data)
            assert connection.answer(method).status == status
        assert connection.rest() == b""


def test_o3_requests_in_one_segment_are_answered_in_order(library: Library, server: Server) -> None:
    """Pipelining (RFC 9112 §9.3.2): a hit must not overtake the miss in front of it."""
    urls = [next(_cold), library.url(POST), "/api/v1/nothing/", "/api/v1/posts/?x=1", next(_cold), LIST]
    data = [request(url, keep=True) for url in urls]
    with Connection(server) as connection:
        connection.send(b"".join([*data, request("/healthz/live")]))
        statuses = [connection.answer().status for _ in urls]
        assert statuses == [200, 200, 404, 400, 200, 200]
        assert connection.answer().content == b'{"status":"live"}'
        assert connection.rest() == b""


@pytest.mark.parametrize("size", [10_000, 70_000, 300_000, 1_000_000])
def test_o3_a_large_body_may_follow_a_request_at_once(size: int, library: Library, server: Server) -> None:
    body = b'{"title": "Long", "x":"' + b"x" * size + b'"}'
    fields = ("Content-Type: application/json", f"Authorization: Token {library.token}")
    patch = request(
        library.url(POST), *fields, f"Content-Length: {len(body)}", method="PATCH", body=body, keep=True
    )
    with Connection(server) as connection:
        connection.send(request(next(_cold), keep=True) + patch + patch + request("/healthz/live"))
        assert connection.answer().status == 200
        for _ in range(2):
            assert list(assert_problem(connection.answer("PATCH"), 400)["errors"]) == ["x"]
        assert connection.answer().content == b'{"status":"live"}'
        assert connection.rest() == b""


def test_o3_an_unread_body_does_not_become_the_next_request(library: Library, server: Server) -> None:
    smuggled = request("/api/v1/nothing/", keep=True)
    for method in ("GET", "HEAD"):
        with Connection(server) as connection:
            length = f"Content-Length: {len(smuggled)}"
            connection.send(request(LIST, length, method=method, body=smuggled, keep=True))
            connection.send(request("/healthz/live"))
            assert connection.answer(method).status == 200
            assert connection.answer().content == b'{"status":"live"}'
            assert connection.rest() == b""


@pytest.mark.parametrize("name", ROUTES)
def test_o4_json_can_do_no_harm_in_a_browser(name: str, library: Library, http: httpx.Client) -> None:
    response = http.get(library.url(ROUTES[name]))
    for field, value in SECURITY.items():
        assert response.headers[field] == value
    assert response.headers["content-type"] == "application/json"


def test_o4_what_a_client_sent_comes_back_only_as_json(library: Library, http: httpx.Client) -> None:
    payload = "<script>alert(1)</script>"
    for url in (f"/api/v1/posts/?{payload}=1", f"/api/v1/{payload}/", f"{LIST}?ordering={payload}"):
        response = http.get(url)
        assert_problem(response, response.status_code)
