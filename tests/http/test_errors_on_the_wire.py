"""Every error is a problem document that nobody keeps, says how to do better, and hurts nobody else.

Rows R1 to R3 of the HTTP contract, and each status that the service has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.http.assertions import assert_cache_status, assert_full_response, assert_problem
from tests.http.content import LIST, POST, Library, fill
from tests.http.outage import no_posts
from tests.http.reading import read_into_memory
from tests.http.wire import ask, exchange, request
from tests.server import Server, running_server
from tests.writer import Writer

NEW = {"title": "Ale", "body": "<p>Ale.</p>", "category": "shelf"}


@pytest.mark.parametrize(
    ("method", "url", "status", "fields"),
    [
        pytest.param("GET", "/api/v1/posts/?x=1", 400, (), id="400 parameter"),
        pytest.param("GET", "/api/v1/posts/?cursor=x", 400, (), id="400 cursor"),
        pytest.param("POST", LIST, 401, ("www-authenticate",), id="401 no token"),
        pytest.param("GET", "/api/v1/drafts/", 401, ("www-authenticate",), id="401 private"),
        pytest.param("DELETE", LIST, 405, ("allow",), id="405"),
        pytest.param("PUT", "/healthz/ready", 405, ("allow",), id="405 health"),
        pytest.param("POST", "/healthz/live", 405, ("allow",), id="405 live"),
        pytest.param("POST", "/api/schema/", 405, ("allow",), id="405 schema"),
        pytest.param("GET", "/", 404, (), id="404 root"),
        pytest.param("GET", "/api/v1/nothing/", 404, (), id="404 of no route"),
        pytest.param("POST", "/api/v1/nothing/", 404, (), id="404 of no route, unsafe"),
        pytest.param("GET", "/api/v1/posts/ale-1/publish/x", 404, (), id="404 deeper"),
    ],
)
def test_r1_r2_errors_are_problem_documents_with_the_fields_of_their_status(
    method: str, url: str, status: int, fields: tuple[str, ...], library: Library, http: httpx.Client
) -> None:
    response = http.request(method, url)
    assert assert_problem(response, status)["instance"] == url.partition("?")[0]
    for name in fields:
        assert response.headers[name]


def test_r1_a_404_that_is_kept_looks_like_the_others(library: Library, http: httpx.Client) -> None:
    document = assert_problem(http.get("/api/v1/posts/nothing/"), 404, stored=True)
    assert document["instance"] == "/api/v1/posts/nothing/"


@pytest.mark.parametrize(
    ("method", "template", "headers", "body", "status"),
    [
        ("POST", LIST, {"Authorization": "Token wrong"}, NEW, 401),
        ("POST", LIST, {"Authorization": "Token"}, NEW, 401),
        ("POST", LIST, {"Authorization": "Token a b"}, NEW, 401),
        ("POST", LIST, {"Authorization": b"Token \xff\xfe"}, NEW, 401),
        ("POST", LIST, {"Authorization": "Bearer {token}"}, NEW, 401),
        ("PATCH", POST, {"Authorization": "Token {other_token}"}, {"title": "Mine"}, 403),
        ("PATCH", "/api/v1/posts/999999/", {}, {"title": "x"}, 404),
        ("PATCH", POST, {"If-Match": '"x"'}, {"title": "x"}, 412),
        ("POST", LIST, {"Content-Type": "text/plain"}, NEW, 415),
        ("POST", LIST, {"Content-Type": "application/x-www-form-urlencoded"}, NEW, 415),
        ("POST", LIST, {"Content-Type": ""}, NEW, 415),
        ("POST", LIST, {}, b"{", 400),
        ("POST", LIST, {}, b"", 400),
        ("POST", LIST, {}, b"[]", 400),
        ("POST", LIST, {}, b"null", 400),
        ("POST", LIST, {}, b"\xff\xfe", 400),
        ("POST", LIST, {}, b"NaN", 400),
        ("POST", LIST, {}, b"[" * 100_000, 400),
        ("POST", LIST, {}, {**NEW, "title": 7}, 400),
        ("POST", LIST, {}, {**NEW, "title": None}, 400),
        ("POST", LIST, {}, {**NEW, "title": "x" * 251}, 400),
        ("POST", LIST, {}, {**NEW, "title": "a\0b"}, 400),
        ("POST", LIST, {}, {**NEW, "category": "nothing"}, 400),
        ("POST", LIST, {}, {**NEW, "category": 2**70}, 400),
        ("POST", LIST, {}, {**NEW, "tags": "hops"}, 400),
        ("POST", LIST, {}, {**NEW, "tags": [["hops"]]}, 400),
        ("POST", LIST, {}, {**NEW, "score": 5}, 400),
        ("POST", LIST, {}, {**NEW, "body": "<script>x()</script>"}, 400),
        ("POST", LIST + "?fields=id", {}, NEW, 400),
    ],
)
def test_r1_bad_writes_are_problem_documents(
    method: str,
    template: str,
    headers: dict[str, str | bytes],
    body: dict[str, object] | bytes,
    status: int,
    library: Library,
    http: httpx.Client,
) -> None:
    names = {"token": library.token, "other_token": library.other_token}
    sent = {
        "Authorization": f"Token {library.token}",
        "Content-Type": "application/json",
        **{
            name: value.format(**names) if isinstance(value, str) else value
            for name, value in headers.items()
        },
    }
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = http.request(
        method,
        library.url(template),
        headers=[(k.encode(), v if isinstance(v, bytes) else v.encode()) for k, v in sent.items()],
        content=content,
    )
    assert_problem(response, status)
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Token")


@pytest.mark.parametrize("accept_encoding", ["identity;q=0", "*;q=0"])
def test_r1_406_is_a_problem_document(accept_encoding: str, library: Library, http: httpx.Client) -> None:
    response = http.get(library.url(POST), headers={"Accept-Encoding": accept_encoding})
    assert assert_problem(response, 406)["instance"] == library.url(POST)


def test_r1_412_of_a_read_is_a_problem_document(library: Library, http: httpx.Client) -> None:
    response = http.get(library.url(POST), headers={"If-Match": '"x"'})
    assert assert_problem(response, 412)["instance"] == library.url(POST)


def test_r1_411_a_body_of_unknown_length_is_refused(library: Library, server: Server) -> None:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (2, b"{}")
    answer = ask(
        server,
        LIST,
        f"Authorization: Token {library.token}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        method="POST",
        body=body,
    )
    assert_problem(answer, 411)


def test_r1_413_a_body_that_is_announced_too_long_is_refused_unread(library: Library, server: Server) -> None:
    fields = ["Content-Type: application/json", "Content-Length: 1048577"]
    for more in ([], [f"Authorization: Token {library.token}"]):
        assert_problem(ask(server, LIST, *fields, *more, method="POST"), 413)


def test_r1_413_a_body_that_grows_too_long_is_refused(library: Library, server: Server) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = ask(
        server,
        LIST,
        f"Authorization: Token {library.token}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        method="POST",
        body=chunk * 17 + b"0\r\n\r\n",
    )
    assert_problem(answer, 413)


def test_r1_500_says_nothing_of_what_went_wrong_inside(
    library: Library, writer: Writer, http: httpx.Client
) -> None:
    """A row that no code of ours could have written."""
    broken = writer.run(
        "broken = factories.make_post(author=author, category=factories.make_category(slug='broken'))\n"
        "connection.cursor().execute(\"UPDATE api_post SET score = X'FF' WHERE id = %s\", [broken.pk])\n"
        "result = broken.pk"
    )
    writer.settle()
    for url in (f"/api/v1/posts/{broken}/", f"{LIST}?category=broken"):
        for _ in range(2):
            response = http.get(url)
            assert_problem(response, 500)
            assert "score" not in response.text
    writer.run("connection.cursor().execute('DELETE FROM api_post WHERE id = %s', [broken.pk])")
    writer.settle()


def test_r1_r2_503_says_when_to_come_back(library: Library, writer: Writer, http: httpx.Client) -> None:
    with no_posts(writer):
        for method, url in (
            ("GET", f"{LIST}?limit=77"),
            ("HEAD", f"{LIST}?limit=77"),
            ("PATCH", "/api/v1/posts/ale-1/"),
        ):
            content = {"title": "x"} if method == "PATCH" else None
            response = http.request(method, url, headers=library.authorization, json=content)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) > 0
            if method != "HEAD":
                assert_problem(response, 503)
    assert_full_response(http.get(f"{LIST}?limit=77"))


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    """Return a server that allows few writes and few cold reads, and wants every write to be conditional."""
    limits = {
        "READPATH_WRITE_RATE": "6/hour",
        "READPATH_BUILD_RATE": "0.001",
        "READPATH_BUILD_BURST": "4",
        "READPATH_REQUIRE_IF_MATCH": "on",
    }
    with running_server(**limits) as running:
        yield running


def test_r1_r2_428_and_429_say_what_to_do(strict: Server) -> None:
    with Writer(strict) as writer, httpx.Client(base_url=strict.url) as http:
        library = fill(writer)
        url = library.url(POST)
        refused = http.patch(url, headers=library.authorization, json={"title": "x"})
        assert_problem(refused, 428)
        for _ in range(10):
            refused = http.patch(url, headers=library.authorization, json={"title": "x"})
            if refused.status_code == 429:
                break
        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) > 0

        read_into_memory(http, url)
        for limit in range(1, 10):
            refused = http.get(f"{LIST}?limit={limit}")
        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) > 0
        assert_cache_status(http.get(url), hit=True)


MALFORMED = {
    "a 9 kB field": (request(LIST, "X-Long: " + "a" * 9_000), 431),
    "a 9 kB cookie": (request(LIST, "Cookie: a=" + "b" * 9_000), 431),
    "150 fields": (request(LIST, *[f"X-{number}: a" for number in range(150)]), 431),
    "an 8 kB query": (request(f"{LIST}?search=" + "a" * 8_000), 414),
    "a 60 kB path": (request("/api/v1/" + "a" * 60_000), 414),
    "a control character in a field": (request(LIST, "X-Odd: a\x01b"), 400),
    "NUL in a field": (request(LIST, "X-Odd: a\x00b"), 400),
    "a bare CR in a field": (request(LIST, "X-Odd: a\rb"), 400),
    "DEL in a field": (request(LIST, "X-Odd: a\x7fb"), 400),
    "a blank before the colon": (request(LIST, "X-Odd : a"), 400),
    "a field without a name": (request(LIST, ": a"), 400),
    "a line without a colon": (request(LIST, "odd"), 400),
    "a control character in the path": (request("/api/v1/\x01posts/"), 400),
    "NUL in the path": (request("/api/v1/posts/\x00/"), 400),
    "a blank in the path": (request("/api/v1/po sts/"), 400),
    "bytes beyond ASCII in the path": (request("/api/v1/p\xf6sts/"), 400),
    "bytes beyond ASCII in the query": (request(f"{LIST}?search=\xf6"), 400),
    "a method in lower case": (request(LIST, method="get"), 400),
    "a method that is no token": (request(LIST, method="GE(T"), 400),
    "a very long method": (request(LIST, method="A" * 300), 400),
    "two hosts": (request(LIST, "Host: other"), 400),
    "no host": (f"GET {LIST} HTTP/1.1\r\n\r\n".encode(), 400),
    "another protocol": (f"GET {LIST} HTTP/3.7\r\nHost: a\r\n\r\n".encode(), 400),
    "no protocol": (f"GET {LIST}\r\n\r\n".encode(), 400),
    "no request at all": (b"what\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "two lengths": (request(LIST, "Content-Length: 1", "Content-Length: 2", method="POST", body=b"{}"), 400),
    "a list of lengths": (request(LIST, "Content-Length: 2, 2", method="POST", body=b"{}"), 400),
    "a negative length": (request(LIST, "Content-Length: -2", method="POST", body=b"{}"), 400),
    "a signed length": (request(LIST, "Content-Length: +2", method="POST", body=b"{}"), 400),
    "a length that is no number": (request(LIST, "Content-Length: two", method="POST", body=b"{}"), 400),
    "a length beyond all numbers": (
        request(LIST, f"Content-Length: {'9' * 40}", method="POST", body=b"{}"),
        400,
    ),
    "a length and chunks": (
        request(LIST, "Content-Length: 4", "Transfer-Encoding: chunked", method="POST", body=b"0\r\n\r\n"),
        400,
    ),
    "a length and chunks on GET": (
        request(LIST, "Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        400,
    ),
    "chunks twice": (
        request(LIST, "Transfer-Encoding: chunked, chunked", method="POST", body=b"0\r\n\r\n"),
        400,
    ),
    "a coding that is not chunks": (
        request(LIST, "Transfer-Encoding: gzip", method="POST", body=b"0\r\n\r\n"),
        400,
    ),
    "nearly chunks": (request(LIST, "Transfer-Encoding: xchunked", method="POST", body=b"0\r\n\r\n"), 400),
    "a chunk of no size": (
        request(LIST, "Transfer-Encoding: chunked", method="POST", body=b"zz\r\n\r\n"),
        400,
    ),
}


@pytest.mark.parametrize(("data", "status"), MALFORMED.values(), ids=MALFORMED.keys())
def test_r3_what_cannot_be_understood_is_refused_and_hurts_nobody_else(
    data: bytes, status: int, library: Library, server: Server
) -> None:
    clean = ask(server, LIST)
    (answer,) = exchange(server, data)
    assert_problem(answer, status)
    assert answer.get("connection") == "close"
    assert ask(server, LIST).content == clean.content


def test_r3_refusals_leave_no_traceback_in_the_log(library: Library, server: Server) -> None:
    before = server.log.read_text().count("Traceback")
    for data, _ in MALFORMED.values():
        exchange(server, data)
    assert server.log.read_text().count("Traceback") == before


def test_r3_no_field_can_override_the_method(library: Library, server: Server) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for method in ("POST", "DELETE", "HEAD"):
            assert_full_response(ask(server, library.url(POST), f"{name}: {method}"))
    assert_full_response(ask(server, library.url(POST)))


def test_r3_errors_end_with_the_request_that_caused_them(library: Library, http: httpx.Client) -> None:
    url = library.url(POST)
    plain = read_into_memory(http, url)
    for headers in ({"Accept-Encoding": "identity;q=0"}, {"If-Match": '"x"'}):
        assert http.get(url, headers=headers).status_code in {406, 412}
        after = http.get(url)
        assert_cache_status(after, hit=True)
        assert after.content == plain.content
