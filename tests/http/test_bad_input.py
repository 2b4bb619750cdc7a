"""Whatever a client sends: never 500, never an answer that anyone keeps, never a traceback.

Each kind of the bad input that the service expects, as it comes over a socket. When the tests
of this module are done, the server's log must not hold a single traceback.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.http.assertions import assert_full_response, assert_problem, field, is_same
from tests.http.content import LIST, POST, ROUTES, Library
from tests.http.outage import no_posts
from tests.http.wire import Answer, Connection, ask, exchange, request, sent_in_pieces
from tests.server import Server
from tests.writer import Writer

RANDOM_CURSORS = 10_000
SLOW_CLIENTS = 12  # Three times as many as there are threads for Django.


@pytest.fixture(scope="module", autouse=True)
def _log_without_tracebacks(server: Server) -> Iterator[None]:
    yield
    log = server.log.read_text()
    assert "Traceback" not in log, log[-5_000:]


def assert_refused(answer: Answer | httpx.Response) -> None:
    """Assert that the request was refused as the client's mistake, and that nobody keeps the answer."""
    status = answer.status if isinstance(answer, Answer) else answer.status_code
    assert 400 <= status < 500
    assert_problem(answer, status)


BAD_QUERIES = {
    "unknown": "x=1",
    "unknown and empty": "x=",
    "a known one in upper case": "LIMIT=5",
    "repeated": "limit=5&limit=5",
    "repeated and different": "author=ann&author=bob",
    "repeated, once encoded": "limit=5&%6Cimit=6",
    "no value": "limit",
    "no name": "=5",
    "only separators": "&&&",
    "a semicolon": "limit=5;ordering=score",
    "half a percent-encoding": "author=%",
    "a percent-encoding that is none": "author=%zz",
    "NUL": "author=%00",
    "a line break": "search=a%0D%0AX-Odd:%20b",
    "not UTF-8": "search=%FF%FE",
    "overlong UTF-8": "search=%C0%AF",
    "a surrogate": "search=%ED%A0%80",
    "limit of another script": "limit=%D9%A5",
    "limit too large": "limit=101",
    "limit that no integer holds": "limit=" + "9" * 400,
    "limit of zero": "limit=0",
    "limit below zero": "limit=-5",
    "limit with a point": "limit=5.0",
    "an ordering that is none": "ordering=password",
    "two orderings": "ordering=score,-score",
    "an ordering of the database's": "ordering=author__user__password",
    "a filter of the database's": "author__user__password=x",
    "a field that is none": "fields=password",
    "a field twice": "fields=id,id",
    "an empty field": "fields=",
    "an author that is no reference": "author=Ann%20Lee",
    "an author below zero": "author=-1",
    "an author too long": "author=" + "a" * 81,
    "two filters": "author=ann&tag=hops",
    "search and ordering": "search=ale&ordering=score",
    "search without a word": "search=%20%20",
    "search without a letter": "search=%22%2A%28%29",
    "search too long": "search=" + "a" * 101,
    "a thousand parameters": "&".join(f"p{number}=1" for number in range(300)),
    "SQL": "author=" + quote("1' OR '1'='1"),
    "another kind of array": "author%5B%5D=ann",
    "JSON": quote('{"limit":5}') + "=",
    "a template": "author=" + quote("{{7*7}}"),
    "a path": "author=../../etc/passwd",
}


@pytest.mark.parametrize("query", BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_unknown_repeated_and_malformed_parameters(query: str, library: Library, server: Server) -> None:
    assert_problem(ask(server, f"{LIST}?{query}"), 400)


@pytest.mark.parametrize(
    "words",
    [
        '"',
        'a" OR "b',
        "NEAR(a b)",
        "a*",
        "title:ale",
        "-ale",
        "a AND NOT b",
        "(ale",
        "ale^2",
        "{ale}",
        "\u0130 \ufdfa",
        "🍺a",
    ],
)
def test_a_search_is_words_and_never_a_language(words: str, library: Library, http: httpx.Client) -> None:
    response = http.get(LIST, params={"search": words})
    if response.status_code == 200:
        assert_full_response(response)
    else:
        assert_problem(response, 400)


@pytest.mark.parametrize(
    "target",
    [
        "//",
        "//api/v1/posts/",
        "/api/v1/posts//",
        "/api/../api/v1/posts/",
        "/api/v1/posts/../posts/",
        "/api/v1/./posts/",
        "/api/v1/posts/%2e%2e/posts/",
        "/api/v1/posts/%2E/",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/../settings/base.py",
        "/static/%2e%2e/%2e%2e/settings/base.py",
        "/static/..%2f..%2fsettings/base.py",
        "/static//etc/passwd",
        "/api/v1/posts/;x",
        "/api/v1/posts/ale-1;x=1/",
        "/api/v1/posts/%00/",
        "/api/v1/posts/ale-1%00/",
        "/api/v1/posts/ale-1%0d%0aX-Odd:%20b/",
        "/api/v1/posts/%",
        "/api/v1/posts/%zz/",
        "/api/v1/posts/%ff/",
        "/api/v1/posts/%C3%B6/",
        "/api/v1/posts/%F0%9F%8D%BA/",
        "/api/v1/posts/#ale-1",
        "/api/v1/posts/" + "a" * 3_000 + "/",
        "/api/v1/posts/" + "9" * 3_000 + "/",
        "/api/v1/posts/" + "a-" * 1_000 + "a/",
        "/api/v1/posts/1/comments/1/",
        "/" + "a/" * 1_500,
        "/api/v1/posts/999999999999999999999/",
        "/api/v1/posts/-1/",
        "/api/v1/posts/1.0/",
        "/api/v1/posts/" + "a" * 81 + "/",
        "/*",
    ],
    ids=lambda target: target[:40],
)
def test_paths_that_are_none(target: str, library: Library, server: Server) -> None:
    answer = ask(server, target)
    assert_problem(answer, 404)
    assert field(answer, "x-odd") is None


def test_a_target_in_absolute_form_is_its_path(library: Library, server: Server) -> None:
    plain = ask(server, library.url(POST))
    for prefix in ("http://localhost", "HTTP://other.example:99", "https://localhost"):
        answer = ask(server, prefix + library.url(POST))
        assert_full_response(answer)
        assert is_same(answer, plain)
    assert_problem(ask(server, "http://localhost"), 404)
    assert_problem(ask(server, "ftp://localhost" + LIST), 404)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 400),
        ("evil.example:80", 400),
        ("localhost:99999", 200),
        ("localhost/path", 400),
        ("local host", 400),
        ("a@localhost", 400),
        ("[::1", 400),
        ("", 400),
        ("localhost\\evil", 400),
        ("a" * 3_000, 400),
        ("\xf6.example", 400),
    ],
)
def test_odd_hosts(host: str, status: int, library: Library, server: Server) -> None:
    """A public read does not depend on the host; what Django answers wants one that is ours."""
    public = f"GET {LIST} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    (answer,) = exchange(server, public)
    if answer.status != 400:
        assert_full_response(answer)
        assert is_same(answer, ask(server, LIST))
    health = public.replace(LIST.encode(), b"/healthz/ready")
    (answer,) = exchange(server, health)
    assert answer.status == status
    if status == 400:
        assert_problem(answer, 400)


@pytest.mark.parametrize("target", [LIST, "/healthz/ready", "/api/v1/nothing/"])
@pytest.mark.parametrize("host", ["Host: localhost\r\n", "Host: evil.example\r\n", ""])
def test_clients_of_http_1_0_learn_where_an_answer_ends(
    target: str, host: str, library: Library, server: Server
) -> None:
    with Connection(server) as connection:
        for _ in range(2):
            connection.send(f"GET {target} HTTP/1.0\r\n{host}Connection: keep-alive\r\n\r\n".encode())
            answer = connection.answer()
            assert answer.get("content-length") == str(len(answer.content))
            assert answer.get("transfer-encoding") is None


@pytest.mark.parametrize(
    "line",
    [
        "Range: bytes=0-0",
        "Range: bytes=9999999999999999999999-",
        "Range: bytes=" + ",".join(f"{n}-{n}" for n in range(500)),
        "Range: bytes=5-1",
        "Range: x",
        "If-Range: x",
        "Accept-Encoding: ",
        "Accept-Encoding: ;;;q=,,,",
        "Accept-Encoding: gzip;q=2",
        "Accept-Encoding: gzip;q=-1",
        "Accept-Encoding: gzip;q=1e400",
        "Accept-Encoding: " + "gzip, " * 1_000,
        "Accept-Encoding: " + ", ".join(f"x{n};q=0.1" for n in range(500)),
        "Accept-Encoding: \xff\xfe",
        "Accept: application/xml",
        "Accept: " + "a/b, " * 1_000,
        "Accept: /",
        "If-None-Match: " + '"x", ' * 1_300,
        "If-None-Match: W/" + '"' * 4_000,
        "If-None-Match: \xff",
        "If-Modified-Since: Thu, 01 Jan 0000 00:00:00 GMT",
        "If-Modified-Since: Sun, 06 Nov 99999 08:49:37 GMT",
        "Cookie: " + "a=b; " * 1_000,
        "Cookie: sessionid=\xff",
        "Authorization: Token \xff",
        "Authorization: ",
        "Expect: 100-continue",
        "Upgrade: h2c",
        "TE: trailers",
        "X-Forwarded-For: not, an, address, \xff",
        "Transfer-Encoding: chunked",
        "Content-Length: 0",
    ],
    ids=lambda line: line[:32],
)
def test_odd_fields_do_not_change_a_public_read(line: str, library: Library, server: Server) -> None:
    body = b"0\r\n\r\n" if line.startswith("Transfer-Encoding") else b""
    answer = ask(server, library.url(POST), line, body=body)
    assert_full_response(answer)
    if field(answer, "content-encoding") is None:
        assert is_same(answer, ask(server, library.url(POST)))


def test_a_websocket_is_not_offered(library: Library, server: Server) -> None:
    data = (
        f"GET {LIST} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with Connection(server) as connection:
        connection.send(data.encode())
        assert connection.answer().status in {200, 403}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "X"])
@pytest.mark.parametrize("name", ["author-list", "tag-detail", "post-trending"])
def test_methods_that_are_not_allowed(name: str, method: str, library: Library, server: Server) -> None:
    answer = ask(server, library.url(ROUTES[name]), method=method)
    if method == "X":  # Too short to be a method of this server.
        assert_refused(answer)
    else:
        assert_problem(answer, 405)


@pytest.mark.parametrize(
    "authorization", [None, "", "Token", "Token x", "Token a b c", "token x", "Basic eDp5", "Bearer x"]
)
@pytest.mark.parametrize(
    ("method", "template"),
    [
        ("POST", LIST),
        ("PUT", POST),
        ("PATCH", POST),
        ("DELETE", POST),
        ("POST", POST + "publish/"),
        ("PUT", POST + "like/"),
        ("POST", POST + "comments/"),
        ("GET", "/api/v1/drafts/"),
    ],
)
def test_a_wrong_or_missing_token(
    method: str, template: str, authorization: str | None, library: Library, server: Server
) -> None:
    fields = [] if authorization is None else [f"Authorization: {authorization}"]
    answer = ask(server, library.url(template), *fields, method=method)
    assert_problem(answer, 401)
    assert (answer.get("www-authenticate") or "").startswith("Token")


BODIES = {
    "nothing": b"",
    "blanks": b"   ",
    "half an object": b'{"title": "Ale"',
    "two objects": b"{}{}",
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"7",
    "null": b"null",
    "not a number": b"NaN",
    "a comment": b"{} // comment",
    "single quotes": b"{'title': 'Ale'}",
    "a trailing comma": b'{"title": "Ale",}',
    "not UTF-8": b'{"title": "\xff"}',
    "UTF-16": '{"title": "Ale"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a lone surrogate": b'{"title": "\\ud800"}',
    "NUL": b'{"title": "a\\u0000b", "body": "<p>b</p>", "category": "shelf"}',
    "deep": b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    "deeper": b"[" * 500_000,
    "wide": b"{" + b",".join(b'"p%d": 1' % number for number in range(20_000)) + b"}",
    "a huge number": b'{"title": ' + b"9" * 100_000 + b"}",
    "an unknown member": b'{"score": 1}',
    "a member twice": b'{"title": "a", "title": 7}',
    "a wrong type": b'{"title": ["Ale"], "body": 7, "category": {"id": 1}}',
    "a boolean for an id": b'{"title": "Ale", "body": "<p>b</p>", "category": true}',
    "an id that no integer holds": b'{"title": "Ale", "body": "<p>b</p>", "category": %s}' % (b"9" * 30),
    "XML": b'<?xml version="1.0"?><title>Ale</title>',
    "a form": b"title=Ale&body=b",
}


@pytest.mark.parametrize(
    ("method", "template"), [("POST", LIST), ("PUT", POST), ("POST", POST + "comments/")]
)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bodies_that_are_not_what_is_wanted(
    body: bytes, method: str, template: str, library: Library, http: httpx.Client
) -> None:
    headers = {**library.authorization, "Content-Type": "application/json"}
    assert_problem(http.request(method, library.url(template), content=body, headers=headers), 400)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x", "", "x"],
)
def test_bodies_of_another_media_type(media_type: str, library: Library, http: httpx.Client) -> None:
    headers = {**library.authorization, "Content-Type": media_type}
    assert_problem(http.post(LIST, content=b"{}", headers=headers), 415)


@pytest.mark.parametrize("size", [1_048_577, 5_000_000])
def test_oversize_bodies_with_a_length(size: int, library: Library, server: Server) -> None:
    """Refused unread, and read no further."""
    fields = ("Content-Type: application/json", f"Content-Length: {size}")
    for more in ((), (f"Authorization: Token {library.token}",)):
        assert_problem(ask(server, LIST, *fields, *more, method="POST"), 413)


def test_oversize_bodies_without_a_length(library: Library, server: Server) -> None:
    fields = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    with Connection(server) as connection:
        connection.send(request(LIST, *fields, method="POST", keep=True))
        connection.send((b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 17)
        assert_problem(connection.answer("POST"), 413)
        assert connection.is_closed()


def test_a_body_as_long_as_allowed_is_read(library: Library, http: httpx.Client) -> None:
    content = b'{"title": "x"' + b" " * (1_048_576 - 14) + b"}"
    headers = {**library.authorization, "Content-Type": "application/json"}
    response = http.patch("/api/v1/posts/ale-9/", content=content, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize("left", [1, 20, 1_000_000])
def test_a_body_that_is_cut_off_changes_nothing(
    left: int, library: Library, server: Server, writer: Writer
) -> None:
    """What has arrived may be a whole document by itself."""
    fields = (f"Authorization: Token {library.token}", "Content-Type: application/json")
    body = b"{}"
    with Connection(server) as connection:
        connection.send(
            request(
                "/api/v1/posts/draft/publish/",
                *fields,
                f"Content-Length: {len(body) + left}",
                method="POST",
                body=body,
            )
        )
        connection.finish()
        assert connection.rest() == b""
    with Connection(server) as connection:
        connection.send(request("/api/v1/posts/ale-8/", *fields, "Content-Length: 3", method="DELETE"))
    assert ask(server, "/api/v1/posts/draft/").status == 404
    assert ask(server, "/api/v1/posts/ale-8/").status == 200
    assert writer.run("result = Post.objects.get(slug='draft').status") == "draft"


def test_those_who_send_slowly_hold_up_nobody_else(library: Library, server: Server) -> None:
    body = b'{"title": "Slowly"}'
    fields = (
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Authorization: Token {library.token}",
    )
    slow = [Connection(server) for _ in range(SLOW_CLIENTS)]
    for connection in slow:
        connection.send(request("/api/v1/posts/ale-7/", *fields, method="PATCH", body=body[:5]))
    assert ask(server, "/healthz/ready").status == 200
    assert ask(server, "/api/v1/posts/ale-6/", *fields, method="PATCH", body=body).status == 200
    for connection in slow:
        connection.send(body[5:])
    assert {connection.answer("PATCH").status for connection in slow} == {200}
    for connection in slow:
        connection.__exit__()


def test_a_request_may_come_byte_by_byte(library: Library, server: Server) -> None:
    data = request(library.url(POST), "If-None-Match: *")
    answer = sent_in_pieces(server, (data[position : position + 1] for position in range(len(data))))
    assert answer.status == 304


def test_clients_that_go_away_are_not_missed(library: Library, server: Server) -> None:
    for number in range(30):
        with Connection(server) as connection:
            connection.send(request(f"{LIST}?limit={40 + number}", keep=True)[: 20 + number * 3])
    for number in range(30):
        with Connection(server) as connection:
            connection.send(request(f"{LIST}?limit={40 + number}", keep=True))
    assert_full_response(ask(server, f"{LIST}?limit=50"))


def test_ten_thousand_random_cursors_never_reach_the_database(
    library: Library, writer: Writer, http: httpx.Client, server: Server
) -> None:
    """The table is gone meanwhile, so one that got there would be answered with 503."""
    real = http.get(LIST).json()["next"].partition("cursor=")[2]
    drawn = random.Random(2)

    def random_cursor() -> str:
        if drawn.random() < 0.5:
            return base64.urlsafe_b64encode(drawn.randbytes(drawn.randrange(1, 60))).rstrip(b"=").decode()
        position = drawn.randrange(len(real))
        letter = drawn.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        return real[:position] + letter + real[position + drawn.randrange(3) :]

    with no_posts(writer):
        assert_problem(http.get(f"{LIST}?limit=97"), 503)
        with Connection(server) as connection:
            for _ in range(RANDOM_CURSORS // 100):
                cursors = [cursor for cursor in (random_cursor() for _ in range(100)) if cursor != real]
                connection.send(b"".join(request(f"{LIST}?cursor={cursor}", keep=True) for cursor in cursors))
                assert {connection.answer().status for _ in cursors} == {400}
    assert_problem(http.get(f"{LIST}?cursor={random_cursor()}x"), 400)


def test_a_cursor_of_ten_kilobytes(library: Library, server: Server) -> None:
    assert_problem(ask(server, f"{LIST}?cursor={'A' * 10_000}"), 414)
    assert_problem(ask(server, f"{LIST}?cursor={'A' * 3_900}"), 400)
