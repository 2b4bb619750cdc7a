"""What does it cost to build a page of a list? Its cursor, its rows, its JSON."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from django.utils import timezone
from pytest_benchmark.fixture import BenchmarkFixture

from api import cursors
from api.models import Post
from api.params import DEFAULT_LIMIT
from api.renderers import render
from api.routes import POST_LIST, list_context
from api.serializers.posts import PostItem
from querysets.keyset import Position
from querysets.posts import ORDERS, PostQuerySet

pytestmark = pytest.mark.benchmark(group="a list page")

_ORDER = ORDERS["-published_at"]
_CONTEXT = list_context(POST_LIST.template, {})
_FETCHED = DEFAULT_LIMIT + 1  # One more tells whether the walk goes on.


@pytest.fixture
def cursor() -> cursors.Cursor:
    """Have the cursor of a page in the middle of the posts."""
    return cursors.Cursor(2, forward=True, position=_middle())


@pytest.fixture
def rows() -> list[Post]:
    """Have the rows of the first page fetched."""
    return _page(None)[:DEFAULT_LIMIT]


@pytest.fixture
def document(body: bytes) -> dict[str, Any]:
    """Have the page as the serializer hands it to the renderer."""
    return orjson.loads(body)


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
def test_first_page(benchmark: BenchmarkFixture) -> None:
    """Query the first page."""
    assert [post.pk for post in _page(None)] == _by_offset(0)
    benchmark(_page, None)


@pytest.mark.database
def test_middle_page(benchmark: BenchmarkFixture) -> None:
    """Query a page in the middle, by keyset."""
    position, first = _middle(), Post.objects.published(timezone.now()).count() // 2
    assert [post.pk for post in _page(position)] == _by_offset(first)
    benchmark(_page, position)


@pytest.mark.database
def test_middle_page_by_offset(benchmark: BenchmarkFixture) -> None:
    """Query a page in the middle, by OFFSET."""
    first = Post.objects.published(timezone.now()).count() // 2
    shown = Post.objects.optimized_for_list(order=_ORDER)

    def fetched() -> list[Post]:
        return list(_in_order(shown.published(timezone.now()))[first : first + _FETCHED])

    assert [post.pk for post in fetched()] == _by_offset(first)
    benchmark(fetched)


def test_serializing(benchmark: BenchmarkFixture, rows: list[Post], document: dict[str, Any]) -> None:
    """Serialize the rows of a page."""

    def serialized() -> Any:
        return PostItem(rows, many=True).data

    assert orjson.loads(render(serialized())) == document["results"]
    benchmark(serialized)


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


def _page(position: Position | None) -> list[Post]:
    shown = Post.objects.optimized_for_list(order=_ORDER)
    return list(shown.page(_ORDER, now=timezone.now(), position=position)[:_FETCHED])


def _middle() -> Position:
    public = _in_order(Post.objects.published(timezone.now()))
    return tuple(public.values_list(*_ORDER.columns)[public.count() // 2 - 1])


def _by_offset(first: int) -> list[int]:
    public = _in_order(Post.objects.published(timezone.now()))
    return list(public.values_list("pk", flat=True)[first : first + _FETCHED])


def _in_order(posts: PostQuerySet) -> PostQuerySet:
    return posts.order_by(*(f"-{column}" for column in _ORDER.columns))
