"""A hit is answered as `answer` answers, at every moment and whatever was sent."""

from __future__ import annotations

import pytest

from caching.answer import answer, hit
from caching.building import Dependencies
from caching.entry import Entry, Reply, make_entry
from caching.freshness import CachePolicy
from caching.headers import read_request_fields
from tests.caching.entries import fully_coded

NOW = 1_700_000_000.25
POLICY = CachePolicy(soft_ttl=60, hard_ttl=600, error_ttl=3600, browser_ttl=5, edge_ttl=60)
BODY = b'{"results": "' + b"to be, or not to be, " * 50 + b'"}'
MOMENTS = [NOW + step / 4 for step in range(40)]


def entry_of(status: int = 200, *, changes_at: float | None = None) -> Entry:
    dependencies = Dependencies({"posts"}, changes_at)
    reply = Reply(status, BODY, dependencies=dependencies)
    return fully_coded(make_entry(b"/api/v1/posts/", reply, POLICY, now=NOW))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("changes_in", [None, 7.5, 1_000_000.0])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([], id="nothing"),
        pytest.param([(b"host", b"h"), (b"accept-encoding", b"br, gzip")], id="a browser's"),
        pytest.param([(b"accept-encoding", b"br"), (b"accept-encoding", b"gzip")], id="repeated"),
        pytest.param([(b"accept-encoding", b"identity;q=0, x")], id="nothing acceptable"),
        pytest.param([(b"if-none-match", b"ETAG")], id="the ETag"),
        pytest.param([(b"if-none-match", b"W/ETAG")], id="the ETag, weakened"),
        pytest.param([(b"if-none-match", b'"a"'), (b"if-none-match", b"ETAG")], id="two lines of ETags"),
        pytest.param([(b"if-none-match", b"ETAG"), (b"if-match", b'"a"')], id="If-Match, too"),
        pytest.param([(b"authorization", b"Token 1")], id="credentials"),
    ],
)
def test_a_hit_is_answered_as_in_full(
    fields: list[tuple[bytes, bytes]], changes_in: float | None, status: int, method: str
) -> None:
    entry = entry_of(status, changes_at=None if changes_in is None else NOW + changes_in)
    etag = entry.variants["identity"].etag
    sent = [(name, value.replace(b"ETAG", etag)) for name, value in fields]
    for now in (moment for moment in MOMENTS if moment < entry.fresh_until):
        expected = answer(entry, read_request_fields(sent), method=method, now=now)
        assert hit(entry, sent, method=method, now=now) == expected


def test_clipped_lifetimes_are_spelled_once_a_second() -> None:
    entry = entry_of(changes_at=NOW + 7.5)
    (_, first, _), (_, again, _), (_, later, _) = (
        hit(entry, [], method="GET", now=NOW + after) for after in (3.0, 3.7, 3.8)
    )
    assert first is again
    assert first != later
