"""What is no public read reaches Django through WSGI, as HTTP wants it, and as a whole or not at all."""

import asyncio

import pytest

from caching.passing_on import PassingOn

PATIENCE = 20.0  # Seconds.
LONGEST = 10


def wsgi(environ, start_response):
    body = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} ".encode()
    body += environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body]


def chunk(body, *, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


def pass_on(method, *, query=b"", incoming=(), announced=None):
    """Send a request whose body comes in pieces; after the last, a client that says no more hangs."""

    async def scenario():
        sent, pieces = [], list(incoming or [chunk(b"")])

        async def send(message):
            sent.append(message)

        async def receive():
            if pieces:
                return pieces.pop(0)
            return await asyncio.Future()

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": "/admin/",
            "raw_path": b"/admin/",
            "query_string": query,
            "root_path": "",
            "headers": [] if announced is None else [(b"content-length", b"%d" % announced)],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        async with asyncio.timeout(PATIENCE):
            await PassingOn(wsgi, threads=1, longest_body=LONGEST, read_within=0.05)(scope, receive, send)
        if not sent:
            return None
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], dict(sent[0]["headers"]), body

    return asyncio.run(scenario())


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_a_request_reaches_the_application(method):
    status, _, body = pass_on(method, query=b"a=1")

    assert (status, body) == (200, f"{method} /admin/ a=1 ".encode())


def test_a_body_that_comes_in_pieces_reaches_it_whole():
    _, _, body = pass_on("POST", incoming=[chunk(b"one ", more=True), chunk(b"two", more=True), chunk(b"")])

    assert body == b"POST /admin/  one two"


def test_an_answer_to_head_has_its_length_and_no_body():
    status, fields, body = pass_on("HEAD")

    assert (status, body) == (200, b"")
    assert fields[b"content-length"] == b"14"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_query_that_is_not_ascii_is_refused(method):
    status, fields, body = pass_on(method, query="q=ä".encode())

    assert status == 400
    assert fields[b"cache-control"] == b"no-store"
    assert fields[b"content-type"] == b"application/problem+json"
    assert bool(body) is (method != "HEAD")


@pytest.mark.parametrize(
    ("incoming", "announced"),
    [
        pytest.param([chunk(b"x" * 11)], 11, id="announced"),
        pytest.param([chunk(b"x" * 6, more=True), chunk(b"x" * 5)], None, id="grown"),
        pytest.param([chunk(b"x" * 11)], 5, id="grown past what was announced"),
    ],
)
def test_a_body_that_is_too_long_is_refused(incoming, announced):
    status, fields, _ = pass_on("POST", incoming=incoming, announced=announced)

    assert status == 413
    assert fields[b"cache-control"] == b"no-store"
    assert fields[b"connection"] == b"close"


def test_the_longest_body_is_taken():
    status, _, body = pass_on("POST", incoming=[chunk(b"x" * 10)], announced=10)

    assert (status, body) == (200, b"POST /admin/  xxxxxxxxxx")


def test_a_body_that_is_not_there_in_time_is_refused():
    status, fields, _ = pass_on("POST", incoming=[chunk(b"x", more=True)])

    assert status == 408
    assert fields[b"connection"] == b"close"


def test_half_a_body_is_acted_on_by_nobody():
    assert pass_on("POST", incoming=[chunk(b"x", more=True), {"type": "http.disconnect"}]) is None
