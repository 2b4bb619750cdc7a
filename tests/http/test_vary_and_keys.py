"""One representation, one URL, one key: what a client adds to a request neither forks nor poisons it.

Rows Y1 to Y7 of the HTTP contract.
"""

from __future__ import annotations

from itertools import product

import httpx
import pytest

from tests.http.assertions import assert_cache_status, assert_full_response, assert_problem, is_same
from tests.http.content import LIST, POST, ROUTES, Library
from tests.http.wire import ask, exchange
from tests.server import Server


@pytest.mark.parametrize("name", ROUTES)
def test_y1_vary_is_the_accept_encoding_and_nothing_else(
    name: str, library: Library, http: httpx.Client
) -> None:
    assert http.get(library.url(ROUTES[name])).headers.get_list("vary") == ["Accept-Encoding"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "text/html",
        "application/json;q=0",
        "*/*;q=0",
        "image/*",
        "application/vnd.api+json",
        "application/json; indent=4",
        "nonsense",
        "",
        "application/json" + ", text/html" * 400,
    ],
    ids=lambda accept: accept[:30],
)
@pytest.mark.parametrize("template", [LIST, POST])
def test_y2_whatever_is_accepted_the_answer_is_json(
    template: str, accept: str, library: Library, http: httpx.Client
) -> None:
    plain = http.get(library.url(template))
    response = http.get(library.url(template), headers={"Accept": accept})
    assert_full_response(response)
    assert is_same(response, plain)


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/api/v1/posts/999999/", 404),
        ("GET", "/api/v1/posts/?x=1", 400),
        ("GET", "/api/v1/nothing/", 404),
        ("POST", LIST, 401),
        ("DELETE", LIST, 405),
        ("GET", "/api/v1/drafts/", 401),
    ],
)
def test_y2_errors_are_problem_documents_whatever_is_accepted(
    method: str, url: str, status: int, library: Library, http: httpx.Client
) -> None:
    response = http.request(method, url, headers={"Accept": "text/html, application/xml;q=0.9"})
    assert_problem(response, status, stored=url.endswith("999999/"))


@pytest.mark.parametrize("origin", [None, "https://a.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize("url", [LIST, "/api/v1/posts/?x=1", "/api/v1/nothing/", "/api/v1/drafts/"])
def test_y3_every_origin_may_read_and_sees_the_same(
    url: str, origin: str | None, library: Library, http: httpx.Client
) -> None:
    response = http.get(url, headers={} if origin is None else {"Origin": origin})
    assert response.headers["access-control-allow-origin"] == "*"
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Link", "Cache-Status"} <= set(exposed)
    assert "access-control-allow-credentials" not in response.headers


ODD = [
    "Host: evil.example",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: https",
    "X-Forwarded-For: 203.0.113.7",
    "X-Forwarded-Port: 99",
    "X-Forwarded-Prefix: /evil",
    "X-Original-URL: /admin/",
    "X-Rewrite-URL: /admin/",
    "X-Host: evil.example",
    "Forwarded: host=evil.example;proto=https",
    "Cookie: sessionid=x; csrftoken=y; django_language=de",
    "User-Agent: Mozilla/5.0 (iPhone; like Mac OS X)",
    "Accept-Language: de",
    "Accept-Charset: utf-16",
    "X-HTTP-Method-Override: POST",
    "X-Method-Override: DELETE",
    "X-Requested-With: XMLHttpRequest",
    "Referer: https://evil.example/",
    "Save-Data: on",
    "Prefer: return=minimal",
    "Content-Type: application/x-www-form-urlencoded",
    "Script-Name: /evil",
    "Via: 1.1 evil",
    "Upgrade-Insecure-Requests: 1",
    "Connection: Accept-Encoding, close",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda line: line.split(":")[0])
def test_y4_nothing_that_a_client_claims_reaches_a_representation(
    odd: str, library: Library, server: Server
) -> None:
    """Asked cold, so that whatever came in could be built in: each claim has a URL of its own."""
    url = f"{LIST}?limit={40 + ODD.index(odd)}"
    lines = (
        [odd, "Connection: close"]
        if odd.startswith("Host:")
        else ["Host: localhost", odd, "Connection: close"]
    )
    answer = exchange(server, "\r\n".join([f"GET {url} HTTP/1.1", *lines, "", ""]).encode())[0]
    assert_full_response(answer)
    assert_cache_status(answer, fwd="uri-miss", stored=True)
    assert b"evil" not in answer.content
    assert not any("evil" in value for _, value in answer.fields)
    plain = ask(server, url)
    assert_cache_status(plain, hit=True)
    assert is_same(plain, answer)


def test_y4_links_are_relative_to_the_origin(library: Library, http: httpx.Client) -> None:
    response = http.get(LIST)
    assert response.json()["next"].startswith("/api/v1/posts/?")
    assert all(post["url"].startswith("/api/v1/posts/") for post in response.json()["results"])
    assert "://" not in response.headers["link"]


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("?limit=5&author=ann", "?author=ann&limit=5"),
        ("?author=ann&limit=20", "?author=ann"),
        ("?ordering=-published_at&author=ann&limit=6", "?author=ann&limit=6"),
        ("?limit=%37", "?limit=7"),
        ("?l%69mit=8", "?limit=8"),
        ("?fields=title,id&limit=4", "?fields=id,title&limit=4"),
        ("?fields=id%2Ctitle&limit=3", "?fields=id,title&limit=3"),
        ("?search=QUESTION+be", "?search=be%20question"),
        ("?search=be++question&limit=5", "?limit=5&search=be%20question"),
    ],
)
def test_y5_spellings_of_one_query_are_one_entry(
    sent: str, canonical: str, library: Library, server: Server
) -> None:
    first, second = ask(server, LIST + canonical), ask(server, LIST + sent)
    assert_full_response(first)
    assert_cache_status(second, hit=True)
    assert is_same(first, second)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("utm_source=x", "utm_source"),
        ("limit=5&limit=6", "limit"),
        ("limit=5&limit=5", "limit"),
        ("limit=5&l%69mit=5", "limit"),
        ("Limit=5", "Limit"),
        ("limit", "limit"),
        ("limit=", "limit"),
        ("format=json", "format"),
        ("page=2", "page"),
        ("offset=20", "offset"),
        ("_=1700000000", "_"),
        ("callback=x", "callback"),
        ("limit[]=5", "limit[]"),
        ("limit=5;author=ann", "limit"),
        ("&limit=5", None),
        ("limit=5&", None),
        ("=5", None),
    ],
)
@pytest.mark.parametrize("path", [LIST, "/api/v1/tags/", "/api/v1/posts/1/comments/"])
def test_y5_unknown_and_repeated_parameters_are_refused(
    path: str, query: str, parameter: str | None, library: Library, http: httpx.Client
) -> None:
    assert assert_problem(http.get(f"{path}?{query}"), 400)["parameter"] == parameter


def test_y5_an_empty_query_is_none(library: Library, server: Server) -> None:
    url = library.url(POST)
    plain, empty = ask(server, url), ask(server, url + "?")
    assert_cache_status(empty, hit=True)
    assert is_same(plain, empty)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("/api/v1/posts/%61le-1/", 308),
        ("/api/v1/posts%2Fale-1/", 308),
        ("/%61pi/v1/posts/", 308),
        ("/api/v1/posts/ale-1", 308),
        ("/api/v1/posts/Ale-1/", 404),
        ("/API/v1/posts/", 404),
        ("/api/v1//posts/", 404),
        ("//api/v1/posts/", 404),
        ("/api/v1/posts//", 404),
        ("/api/v1/posts/./ale-1/", 404),
        ("/api/v1/posts/../posts/", 404),
        ("/api/v1/posts/%2e%2e/posts/", 404),
        ("/api/v1/posts/ale-1/;x", 404),
        ("/api/v1/posts/ale-1;x/", 404),
        ("/api/v1/posts/01/", 404),
        ("/api/v1/posts/-1/", 404),
        ("/api/v1/posts/1.0/", 404),
        ("/api/v1/posts/0/", 404),
        ("/api/v1/posts/99999999999999999999/", 404),
        ("/api/v1/posts/ale--1/", 404),
        ("/api/v1/posts/%20ale-1/", 404),
        ("/api/v1/posts/ale-1%0A/", 404),
        ("/api/v1/posts/%D9%A1/", 404),
    ],
)
def test_y6_a_path_has_one_spelling(sent: str, status: int, library: Library, server: Server) -> None:
    answer = ask(server, sent)
    assert answer.status == status
    if status == 404:
        assert_problem(answer, 404)


def test_y7_many_spellings_of_accept_encoding_are_one_build(library: Library, server: Server) -> None:
    url = f"{LIST}?limit=33"
    spellings = [
        f"{first};q={weight}, {second}"
        for first, second, weight in product(
            ("gzip", "br", "zstd", "x-a"), ("gzip", "*", "deflate"), (1, 0.5, 0.25, 0)
        )
    ]
    answers = [ask(server, url, f"Accept-Encoding: {spelling}") for spelling in spellings]
    assert_cache_status(answers[0], fwd="uri-miss", stored=True)
    for answer in answers[1:]:
        assert_cache_status(answer, hit=True)
