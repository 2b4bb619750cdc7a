"""What does it cost to build a page of a list? Its cursor, its rows, its JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import pytest
from django.utils import timezone
from pytest_benchmark.fixture import BenchmarkFixture

from api import cursors
from api.models import Post
from api.pagination import Place
from api.params import DEFAULT_LIMIT
from api.renderers import render
from api.routes import POST_LIST, list_context
from api.serializers.plain import Many, plain_shown
from api.serializers.posts import PostItem
from api.views.posts import PublicPostList
from querysets.keyset import Position
from querysets.posts import ORDERS, PostQuerySet
from querysets.statements import Query, Row

pytestmark = pytest.mark.benchmark(group="a list page")

_ORDER = ORDERS["-published_at"]
_CONTEXT = list_context(POST_LIST.template, {})
_FETCHED = DEFAULT_LIMIT + 1  # One more tells whether the walk goes on.


_SHOWN = plain_shown(PostItem, Post, None)


@pytest.fixture
def cursor() -> cursors.Cursor:
    """Have the cursor of a page in the middle of the posts."""
    return cursors.Cursor(2, forward=True, position=_middle())


@pytest.fixture
def document(body: bytes) -> dict[str, Any]:
    """Have the page as objects."""
    return orjson.loads(body)


@pytest.fixture
def keys(document: dict[str, Any]) -> list[int]:
    """Have the primary keys of the page's posts."""
    return [post["id"] for post in document["results"]]


def test_cursor_encode(benchmark: BenchmarkFixture, cursor: cursors.Cursor) -> None:
    """Encode a cursor."""
    text = cursors.encode(cursor, _CONTEXT)
    assert cursors.decode(text, _CONTEXT, _ORDER) == cursor
    benchmark(cursors.encode, cursor, _CONTEXT)


def test_cursor_decode(benchmark: BenchmarkFixture, cursor: cursors.Cursor) -> None:
    """Decode a cursor, and see that it is ours."""
    text = cursors.encode(cursor, _CONTEXT)
    assert cursors.decode(text, _CONTEXT, _ORDER) == cursor
    with pytest.raises(ValueError, match="no cursor"):
        cursors.decode(text, b"another list", _ORDER)
    benchmark(cursors.decode, text, _CONTEXT, _ORDER)


@pytest.mark.database
def test_first_places(benchmark: BenchmarkFixture) -> None:
    """Find the places of the first page."""
    assert _places({}) == _by_offset(0)
    benchmark(_places, {})


@pytest.mark.database
def test_middle_places(benchmark: BenchmarkFixture, cursor: cursors.Cursor) -> None:
    """Find the places of a page in the middle, by keyset."""
    values = {"cursor": cursors.encode(cursor, _CONTEXT)}
    assert _places(values) == _by_offset(_public().count() // 2)
    benchmark(_places, values)


@pytest.mark.database
def test_middle_places_by_offset(benchmark: BenchmarkFixture) -> None:
    """Find the places of a page in the middle, by OFFSET."""
    first = _public().count() // 2

    def make(now: datetime) -> PostQuerySet:
        return _public(now).values_list(*_ORDER.columns)[first : first + _FETCHED]

    def found() -> list[Row]:
        # Compiled once, as the view's own query is.
        return Query(("by OFFSET", first), make, {"now": timezone.now()}).rows()

    assert found() == _by_offset(first)
    benchmark(found)


@pytest.mark.database
def test_plain_rows(benchmark: BenchmarkFixture, keys: list[int], document: dict[str, Any]) -> None:
    """Read the rows of a page, plain."""

    def read() -> tuple[list[Row], Many]:
        return _SHOWN.rows.with_keys(keys), _SHOWN.rows.many_of(keys)

    rows, many = read()
    assert _by_key(orjson.loads(_SHOWN.body(row, many)) for row in rows) == _by_key(document["results"])
    benchmark(read)


@pytest.mark.database
def test_model_instances(benchmark: BenchmarkFixture, keys: list[int]) -> None:
    """Read the rows of a page, as model instances."""
    assert {post.pk for post in _instances(keys)} == set(keys)
    benchmark(_instances, keys)


def test_showing_plain_rows(benchmark: BenchmarkFixture, keys: list[int], document: dict[str, Any]) -> None:
    """Write the JSON of a page's plain rows."""
    rows, many = _SHOWN.rows.with_keys(keys), _SHOWN.rows.many_of(keys)

    def shown() -> list[bytes]:
        return [_SHOWN.body(row, many) for row in rows]

    assert _by_key(map(orjson.loads, shown())) == _by_key(document["results"])
    benchmark(shown)


def test_serializing(benchmark: BenchmarkFixture, keys: list[int], document: dict[str, Any]) -> None:
    """Write the JSON of a page's model instances, by its serializer."""
    instances = _instances(keys)

    def serialized() -> bytes:
        return render(PostItem(instances, many=True).data)

    assert _by_key(orjson.loads(serialized())) == _by_key(document["results"])
    benchmark(serialized)


def test_fragments(benchmark: BenchmarkFixture, body: bytes, document: dict[str, Any]) -> None:
    """Join a page of fragments that are kept."""
    kept = [orjson.dumps(post) for post in document["results"]]

    def joined() -> bytes:
        return render({**document, "results": [orjson.Fragment(fragment) for fragment in kept]})

    assert joined() == body
    benchmark(joined)


def test_orjson(benchmark: BenchmarkFixture, body: bytes, document: dict[str, Any]) -> None:
    """Write a page's JSON, by orjson."""
    assert orjson.dumps(document) == body
    benchmark(orjson.dumps, document)


def test_standard_json(benchmark: BenchmarkFixture, body: bytes, document: dict[str, Any]) -> None:
    """Write a page's JSON, by the standard library."""

    def dumped() -> bytes:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    assert dumped() == body
    benchmark(dumped)


def _places(values: dict[str, str]) -> list[Position]:
    """Find where the posts of a page stand, and one more, as the view does."""
    place = Place.of(POST_LIST, POST_LIST.template, values)
    return list(PublicPostList().positions(place, now=timezone.now()))


def _by_offset(first: int) -> list[Position]:
    return list(_public().values_list(*_ORDER.columns)[first : first + _FETCHED])


def _middle() -> Position:
    return tuple(_public().values_list(*_ORDER.columns)[_public().count() // 2 - 1])


def _public(now: datetime | None = None) -> PostQuerySet:
    return Post.objects.published(now or timezone.now()).order_by(
        *(f"-{column}" for column in _ORDER.columns)
    )


def _instances(keys: list[int]) -> list[Post]:
    return list(Post.objects.optimized_for_list().filter(pk__in=keys))


def _by_key(posts: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {post["id"]: post for post in posts}
