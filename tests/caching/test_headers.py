"""Of what a client sends, five fields matter; all public answers carry the same fields."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.conditional import Preconditions
from caching.headers import PUBLIC_FIELDS, read_request_fields

BROWSER = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"Mozilla/5.0"),
    (b"accept", b"application/json"),
    (b"accept-language", b"en"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"cookie", b"sessionid=1"),
    (b"cache-control", b"no-cache"),
    (b"range", b"bytes=0-9"),
]


def joined(headers, name):
    """Return all lines of a field as one value, the slow and obvious way."""
    values = [value for sent, value in headers if sent == name]
    return b", ".join(values) if values else None


@pytest.mark.parametrize(
    ("sent", "accept_encoding", "preconditions"),
    [
        pytest.param([], None, None, id="nothing sent"),
        pytest.param(BROWSER, b"gzip, deflate, br, zstd", None, id="Y4, H5: a browser's first request"),
        pytest.param(
            [*BROWSER, (b"if-none-match", b'"a"'), (b"if-modified-since", b"yesterday")],
            b"gzip, deflate, br, zstd",
            Preconditions(if_none_match=b'"a"', if_modified_since=b"yesterday"),
            id="a browser's second request",
        ),
        pytest.param(
            [(b"if-match", b'"a"'), (b"if-unmodified-since", b"today")],
            None,
            Preconditions(if_match=b'"a"', if_unmodified_since=b"today"),
            id="the two other preconditions",
        ),
        pytest.param(
            [(b"if-none-match", b'"a"'), (b"host", b"x"), (b"if-none-match", b'"b"')],
            None,
            Preconditions(if_none_match=b'"a", "b"'),
            id="V6: repeated precondition",
        ),
        pytest.param(
            [(b"if-modified-since", b"today"), (b"if-modified-since", b"today")],
            None,
            Preconditions(if_modified_since=b"today, today"),
            id="V11: repeated date is no date any more",
        ),
        pytest.param(
            [(b"accept-encoding", b"gzip"), (b"accept-encoding", b"br")],
            b"gzip, br",
            None,
            id="repeated coding",
        ),
        pytest.param(
            [(b"if-none-match", b"")], None, Preconditions(if_none_match=b""), id="V10: present but empty"
        ),
        pytest.param([(b"accept-encoding", b"")], b"", None, id="E4: present but empty"),
        pytest.param(
            [(b"if-range", b'"a"'), (b"x-if-match", b"*")], None, None, id="H5: names that look alike"
        ),
    ],
)
def test_request_is_read_in_one_walk(sent, accept_encoding, preconditions):
    fields = read_request_fields(sent)

    assert fields.accept_encoding == accept_encoding
    assert fields.preconditions == preconditions


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(BROWSER, False, id="C10: anonymous"),
        pytest.param([*BROWSER, (b"authorization", b"Token 1")], True, id="C10: with credentials"),
        pytest.param([(b"authorization", b"")], True, id="C10: empty, but a shared cache will not know"),
        pytest.param([(b"proxy-authorization", b"Basic 1")], False, id="C10: for the proxy"),
    ],
)
def test_credentials_are_noticed_but_not_read(sent, expected):
    assert read_request_fields(sent).is_authorized is expected


@given(
    st.lists(
        st.tuples(st.sampled_from([b"if-match", b"if-none-match", b"accept-encoding", b"x"]), st.binary())
    )
)
def test_one_walk_finds_what_four_would(sent):
    fields = read_request_fields(iter(sent))
    preconditions = fields.preconditions or Preconditions()

    assert fields.accept_encoding == joined(sent, b"accept-encoding")
    assert preconditions.if_match == joined(sent, b"if-match")
    assert preconditions.if_none_match == joined(sent, b"if-none-match")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(b"vary", b"Accept-Encoding", id="E8, Y1: nothing else varies"),
        pytest.param(b"accept-ranges", b"none", id="H5: no ranges"),
        pytest.param(b"access-control-allow-origin", b"*", id="Y3: any origin"),
        pytest.param(
            b"access-control-expose-headers",
            b"ETag, Link, Location, Cache-Status, Retry-After",
            id="Y3: readable by scripts",
        ),
        pytest.param(b"x-content-type-options", b"nosniff", id="O4: no sniffing"),
        pytest.param(
            b"content-security-policy",
            b"default-src 'none'; frame-ancestors 'none'",
            id="O4: nothing to load",
        ),
        pytest.param(b"referrer-policy", b"no-referrer", id="O4: no referrer"),
        pytest.param(b"set-cookie", None, id="C9: no cookie"),
        pytest.param(b"age", None, id="C7: no age"),
        pytest.param(b"access-control-allow-credentials", None, id="Y3: no credentials"),
    ],
)
def test_public_answers_carry(name, expected):
    assert joined(PUBLIC_FIELDS, name) == expected


def test_public_fields_are_spelled_as_asgi_wants_them_and_come_once():
    names = [name for name, _ in PUBLIC_FIELDS]

    assert all(re.fullmatch(rb"[a-z-]+", name) for name in names)
    assert len(set(names)) == len(names)
