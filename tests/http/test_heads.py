"""A head that is sent again is what gunicorn would have written, and was checked as gunicorn checks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from gunicorn.asgi import protocol
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.http.errors import InvalidResponseHeader

from caching.headers import PUBLIC_FIELDS, FixedFields
from settings import head
from settings.worker import Protocol
from tests.http.wire import Connection, request
from tests.server import Server

FIELDS = (
    (b"etag", b'"a"'),
    (b"content-length", b"2"),
    (b"link", b'</?cursor=1>; rel="next"'),
    *PUBLIC_FIELDS,
)
DATE = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"


@pytest.fixture(autouse=True)
def _nothing_written_before(monkeypatch):
    monkeypatch.setattr(head, "_written", {})
    # The same second for both that are compared.
    monkeypatch.setattr(
        protocol, "_get_cached_date_header", lambda: b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    )


def written_by(cls, fields, *, status=200, version=(1, 1), close=False):
    connection = cls.__new__(cls)
    cls._send_response_start(connection, status, fields, SimpleNamespace(version=version), close=close)
    return connection._response_buffer


@pytest.mark.parametrize("status", [200, 304, 404])
@pytest.mark.parametrize("version", [(1, 0), (1, 1)])
@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("own", [(), ((b"server", b"another"),), ((b"Date", b"long ago"),)])
def test_a_fixed_block_is_written_as_gunicorn_writes_it(status, version, close, own):
    block = FixedFields((*own, *FIELDS))
    expected = written_by(ASGIProtocol, list(block), status=status, version=version, close=close)

    for _ in range(2):
        assert head.scan(block) == head._SCAN(list(block))
        assert written_by(Protocol, block, status=status, version=version, close=close) == expected


def test_a_fixed_block_is_checked_once_and_joined_once(monkeypatch):
    block = FixedFields(FIELDS)
    head.scan(block)
    monkeypatch.setattr(head, "_SCAN", None)
    monkeypatch.setattr(ASGIProtocol, "_send_response_start", None)

    head.scan(block)

    assert written_by(Protocol, block).startswith(b"HTTP/1.1 200 OK\r\netag:")


def test_another_block_of_the_same_fields_is_a_block_of_its_own():
    block, other = FixedFields(FIELDS), FixedFields((*FIELDS, (b"age", b"1")))
    head.scan(block)
    head.scan(other)

    assert b"age" not in written_by(Protocol, block)
    assert b"age: 1\r\n" in written_by(Protocol, other)


@pytest.mark.parametrize("kind", [list, tuple, FixedFields])
def test_a_field_that_would_split_the_answer_is_refused_each_time(kind):
    for _ in range(2):
        with pytest.raises(InvalidResponseHeader):
            head.scan(kind([(b"link", b"a\r\nset-cookie: b")]))
    assert head._written == {}


def test_what_may_change_is_not_remembered():
    head.scan(list(FIELDS))

    assert head._written == {}


def test_no_more_is_remembered_than_was_said(monkeypatch):
    monkeypatch.setattr(head, "MOST_BLOCKS", 10)
    blocks = [FixedFields(FIELDS) for _ in range(25)]
    for block in blocks:
        head.scan(block)
        assert len(head._written) <= 10

    assert head._written[id(blocks[-1])].block is blocks[-1]


def test_each_hit_on_the_wire_has_one_date_and_one_server(server: Server) -> None:
    with Connection(server) as connection:
        for _ in range(4):
            connection.send(request("/api/v1/posts/", keep=True))
            answer = connection.answer()
            assert answer.status == 200
            assert len(answer.values("date")) == len(answer.values("server")) == 1
            assert answer.get("connection") is None
        connection.send(request("/api/v1/posts/"))
        assert connection.answer().get("connection") == "close"
        assert connection.is_closed()
