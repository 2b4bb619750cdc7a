"""However a body is framed, no more of it is read than allowed, and only a whole one is a write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.http.wire import Answer, Connection, ask, request
from tests.server import Server, running_server
from tests.writer import Writer

LONGEST = 1000  # Bytes.
CHUNKED = b'5\r\n{"tit\r\n8\r\nle":"x"}\r\n0\r\n\r\n'

SETUP = """
from rest_framework.authtoken.models import Token
user = factories.make_user()
post = factories.make_post(author=factories.make_author(user=user), title="Before")
result = dict(token=Token.objects.create(user=user).key, url=f"/api/v1/posts/{post.pk}/")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that reads short bodies only."""
    with running_server(READPATH_MAX_BODY_BYTES=str(LONGEST)) as running:
        yield running


@pytest.fixture
def post(writer: Writer) -> Any:
    return writer.run(SETUP)


def fields(post: Any, *more: str) -> tuple[str, ...]:
    return (f"Authorization: Token {post['token']}", "Content-Type: application/json", *more)


def patch(server: Server, post: Any, body: bytes, *more: str) -> Answer:
    return ask(server, post["url"], *fields(post, *more), method="PATCH", body=body)


def title(server: Server, post: Any) -> str:
    return httpx.get(f"{server.url}{post['url']}").json()["title"]


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.get("content-type") == "application/problem+json"
    assert answer.get("cache-control") == "no-store"
    assert orjson.loads(answer.content)["status"] == status


def test_body_of_announced_length_is_read_as_far_as_allowed(server: Server, post: Any) -> None:
    short, long = (b'{"title":"%s"}' % (b"x" * length) for length in (200, LONGEST))
    assert patch(server, post, short, f"Content-Length: {len(short)}").status == 200
    assert_problem(patch(server, post, long, f"Content-Length: {len(long)}"), 413)
    assert title(server, post) == "x" * 200


def test_too_long_a_body_is_refused_before_it_has_come(server: Server, post: Any) -> None:
    assert_problem(patch(server, post, b"", "Content-Length: 1000000000"), 413)


def test_chunked_body_is_never_taken_for_an_empty_one(server: Server, post: Any) -> None:
    assert_problem(patch(server, post, CHUNKED, "Transfer-Encoding: chunked"), 411)
    assert title(server, post) == "Before"


def test_half_a_body_is_no_write(server: Server, post: Any) -> None:
    body = b'{"title":"x"}'
    with Connection(server) as connection:
        connection.send(
            request(post["url"], *fields(post, f"Content-Length: {len(body) + 1}"), method="PATCH", body=body)
        )
        connection.finish()
        assert connection.is_closed() or connection.answer("PATCH").status == 400
    assert title(server, post) == "Before"
