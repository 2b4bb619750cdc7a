"""HEAD says what GET would say, methods that are not there say which are, and ranges are not served.

Rows H1 to H5 of the HTTP contract.
"""

from __future__ import annotations

import httpx
import pytest

from tests.http.assertions import assert_full_response, assert_not_modified, assert_problem
from tests.http.content import LIST, POST, ROUTES, Library
from tests.http.reading import read_into_memory
from tests.http.wire import Connection, ask, request
from tests.server import Server

CODINGS = ("identity", "gzip", "br", "zstd")
# They name the moment and the way in which this very answer was come by.
OF_THE_MOMENT = ("date", "cache-status", "last-modified")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("template", ROUTES.values(), ids=ROUTES.keys())
def test_h1_h3_head_has_the_fields_of_get_and_no_content(
    template: str, coding: str, library: Library, server: Server
) -> None:
    url = library.url(template)
    got = ask(server, url, f"Accept-Encoding: {coding}")
    head = ask(server, url, f"Accept-Encoding: {coding}", method="HEAD")
    assert [pair for pair in head.fields if pair[0] not in OF_THE_MOMENT] == [
        pair for pair in got.fields if pair[0] not in OF_THE_MOMENT
    ]
    assert head.content == b""
    assert head.get("content-length") == str(len(got.content))


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/posts/999999/",
        "/api/v1/posts/?x=1",
        "/api/v1/nothing/",
        "/api/v1/posts",
        "/api/v1/drafts/",
        "/healthz/live",
        "/healthz/ready",
        "/api/schema/",
        "/api/docs/",
        "/admin/login/",
    ],
)
def test_h1_no_byte_follows_the_fields_of_an_answer_to_head(
    url: str, library: Library, server: Server
) -> None:
    """Whoever answers: the front, the store or Django. A byte too many would begin the next answer."""
    with Connection(server) as connection:
        connection.send(request(url, method="HEAD", keep=True))
        head = connection.answer("HEAD")
        connection.send(request(url))
        got = connection.answer()
        assert connection.rest() == b""
    assert head.status == got.status
    assert head.get("content-length") == str(len(got.content))
    assert head.get("content-type") == got.get("content-type")
    assert head.get("cache-control") == got.get("cache-control")


@pytest.mark.parametrize("template", ROUTES.values(), ids=ROUTES.keys())
def test_h2_a_conditional_head_is_answered_with_304(
    template: str, library: Library, http: httpx.Client
) -> None:
    url = library.url(template)
    full = http.head(url)
    assert_full_response(full)
    assert_not_modified(http.head(url, headers={"If-None-Match": full.headers["etag"]}), full)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    "template",
    [
        ROUTES["author-detail"],
        ROUTES["tag-list"],
        ROUTES["post-trending"],
        "/api/v1/drafts/",
        "/api/schema/",
        "/api/docs/",
        "/healthz/ready",
    ],
)
def test_h4_a_method_that_is_not_there_says_which_are(
    template: str, method: str, library: Library, http: httpx.Client
) -> None:
    response = http.request(method, library.url(template))
    assert_problem(response, 405)
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert_problem(http.request(method, library.url(template), headers=library.authorization), 405)


def test_h4_unsafe_methods_that_are_there_are_named(library: Library, http: httpx.Client) -> None:
    response = http.delete(LIST)
    assert_problem(response, 405)
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    response = http.post(library.url(POST))
    assert_problem(response, 405)
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    "template",
    [*ROUTES.values(), "/api/v1/drafts/", "/api/schema/", "/api/docs/", "/healthz/live", "/healthz/ready"],
)
def test_h4_options_says_the_same_to_everyone_and_browsers_of_other_origins(
    template: str, library: Library, http: httpx.Client
) -> None:
    response = http.options(library.url(template), headers={"Origin": "https://other.example"})
    assert response.status_code == 204
    assert response.content == b""
    assert "content-length" not in response.headers
    assert "no-store" in response.headers["cache-control"].split(", ")
    assert response.headers["access-control-allow-methods"] == response.headers["allow"]
    assert {"GET", "HEAD", "OPTIONS"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9"},
        {"Range": "bytes=-5"},
        {"Range": "bytes=999999-"},
        {"Range": "bytes=0-0,2-3"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=0-9", "If-Range": "{etag}"},
        {"Range": "bytes=0-9", "If-Range": '"x"'},
    ],
    ids=str,
)
def test_h5_ranges_are_ignored_and_it_says_so(
    headers: dict[str, str], library: Library, http: httpx.Client
) -> None:
    full = read_into_memory(http, library.url(POST))
    sent = {name: value.format(etag=full.headers["etag"]) for name, value in headers.items()}
    response = http.get(library.url(POST), headers=sent)
    assert_full_response(response)
    assert response.headers["accept-ranges"] == "none"
    assert "content-range" not in response.headers
    assert response.content == full.content
