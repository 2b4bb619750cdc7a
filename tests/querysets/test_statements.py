"""A queryset that is compiled once reads what it would read each time, and what cannot be is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from api.models import Author, Category, Post, Tag
from querysets import statements
from querysets.statements import Among, Query
from tests.api.building import build, every_page
from tests.factories import FIRST_MOMENT, make_author, make_category, make_comment, make_post, make_tag

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Let each test compile its own."""
    statements._statements.clear()
    yield
    statements._statements.clear()


@contextmanager
def watched() -> Iterator[None]:
    """Let somebody look at every query, as debug pages do."""
    with connection.execute_wrapper(lambda execute, *arguments: execute(*arguments)):
        yield


def places(*names: str) -> list[tuple[Any, ...]]:
    return list(Author.objects.filter(name__in=names).order_by("id").values_list("id", "name"))


def by_name(name: str) -> Any:
    return Author.objects.filter(name=name).order_by("id").values_list("id", "name")


# What is read.


@contextmanager
def compared() -> Iterator[Counter[Any]]:
    """Compare the rows of each query with those of its queryset; count the queries by their shape."""
    run, shapes = Query.rows, Counter()

    def rows(query: Query) -> list[Any]:
        found, expected = run(query), query.make(**query.values)
        if expected.ordered:
            assert found == list(expected), query.shape
        else:
            assert sorted(found, key=repr) == sorted(expected, key=repr), query.shape
        assert all(type(row) is tuple for row in found)
        shapes[query.shape] += 1
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Query, "rows", rows)
        yield shapes


def content() -> list[str]:
    """Make a little of everything; return the first page, or the whole, of whatever can be read."""
    author, category, tag = make_author(), make_category(), make_tag()
    posts = [
        make_post(
            author=author if number % 2 else None,
            category=category,
            tags=[tag, make_tag()],
            score=number % 3,
            published_at=FIRST_MOMENT + timedelta(microseconds=number // 2),
        )
        for number in range(5)
    ]
    make_post(published_at=datetime(2090, 1, 1, tzinfo=UTC), author=author, tags=[tag])
    comments = [make_comment(post=posts[0], author=None if number else author) for number in range(3)]
    filters = ["", f"&author={author.slug}", f"&category={category.pk}", f"&tag={tag.slug}"]
    orders = ["-published_at", "published_at", "-score", "score", "-view_count", "view_count"]
    return [
        *(f"/api/v1/posts/?limit=2{chosen}&ordering={order}" for chosen in filters for order in orders),
        "/api/v1/posts/?limit=2&search=post",
        *(f"/api/v1/posts/{posts[0].pk}/comments/?limit=2{order}" for order in ("", "&ordering=-created_at")),
        *(f"/api/v1/{kind}/?limit=2" for kind in ("authors", "categories", "tags")),
        *(f"/api/v1/{kind}/?limit=2&ordering=-post_count" for kind in ("authors", "categories", "tags")),
        f"/api/v1/posts/{posts[1].pk}/",
        f"/api/v1/posts/{posts[1].slug}/?fields=title,tags",
        f"/api/v1/comments/{comments[0].pk}/",
        f"/api/v1/authors/{author.slug}/",
        f"/api/v1/categories/{category.pk}/",
        f"/api/v1/tags/{tag.slug}/",
        "/api/v1/posts/trending/?days=30",
        "/api/v1/posts/999/",
        "/api/v1/posts/?author=999",
    ]


def urls_under(firsts: list[str]) -> list[str]:
    """Return these URLs, and those of all pages behind the lists among them."""
    urls: list[str] = []
    for first in firsts:
        path, _, query = first.partition("?")
        is_list = "limit=" in query
        urls.extend(every_page(f"{path}?{query}") if is_list else [first])
    return urls


def test_every_shape_reads_what_its_queryset_would_straight_and_watched(either_database):
    urls = urls_under(content())
    bodies: list[list[bytes]] = []
    shapes: list[Counter[Any]] = []
    for is_watched in (False, True):
        with ExitStack() as stack:
            shapes.append(stack.enter_context(compared()))
            if is_watched:
                stack.enter_context(watched())
            bodies.append([build(url).reply.body for url in urls])

    assert bodies[0] == bodies[1]
    assert shapes[0] == shapes[1]
    assert len(urls) > 100
    assert {part for shape in shapes[0] for part in shape} >= {
        "posts",
        "comments",
        "upcoming",
        "public comment",
        True,
    }
    assert len(shapes[0]) > 60, len(shapes[0])


def test_a_shape_is_compiled_once_and_run_with_other_values(either_database):
    made: list[str] = []

    def make(name: str) -> Any:
        made.append(name)
        return by_name(name)

    for name in ("a", "b", "b"):
        make_author(name=name)
    assert Query(("by name",), make, {"name": "a"}).rows() == places("a")
    compiled = len(made)
    assert Query(("by name",), make, {"name": "b"}).rows() == places("b")
    assert Query(("by name",), make, {"name": "c' OR '%s"}).rows() == []

    assert len(made) == compiled
    assert not {"a", "b"} & set(made), "what it is compiled with is nobody's value"


def test_straight_and_watched_it_is_one_query(either_database):
    make_author(name="a")
    query = Query(("by name",), by_name, {"name": "a"})
    straight = query.rows()
    with CaptureQueriesContext(connection) as captured:
        assert query.rows() == straight == places("a")
    assert len([row for row in captured if "api_author" in row["sql"] and "IN (" not in row["sql"]]) == 1
    with watched():
        assert query.rows() == straight


def test_moments_come_and_go_with_their_microseconds_and_their_zone(either_database):
    moments = [
        FIRST_MOMENT,
        FIRST_MOMENT + timedelta(microseconds=1),
        datetime(1969, 12, 31, 23, 59, 59, 5, UTC),
    ]
    for moment in moments:
        make_post(published_at=moment)

    def at(moment: datetime) -> Any:
        return Post.objects.filter(published_at=moment).values_list("published_at")

    for moment in moments:
        assert Query(("at",), at, {"moment": moment}).rows() == [(moment,)]


def test_a_value_may_occur_more_than_once_and_beside_a_constant(either_database):
    row = make_author(name="twice", slug="twice")
    make_author(name="twice")

    def make(name: str) -> Any:
        return Author.objects.filter(name=name, slug=name, post_count=0).values_list("id", "name")

    assert Query(("twice",), make, {"name": "twice"}).rows() == [(row.pk, "twice")]


def test_equal_shapes_with_values_of_other_types_are_two(either_database):
    tag = make_tag(slug="ipa")

    def make(**values: Any) -> Any:
        return Tag.objects.filter(**values).values_list("id")

    by_slug, by_id = ({"slug": "ipa"}, {"id": tag.pk})
    assert Query(("tag",), make, by_slug).rows() == Query(("tag",), make, by_id).rows() == [(tag.pk,)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_ids_is_one_parameter(either_database, count):
    rows = [make_category() for _ in range(3)]
    wanted = tuple(row.pk for row in rows[:count])

    def make(ids: tuple[int, ...]) -> Any:
        column = Category._meta.pk.get_col(Category._meta.db_table)
        return Category.objects.filter(Among(column, ids)).values_list("id")

    assert Query(("among",), make, {"ids": (rows[2].pk,)}).rows() == [(rows[2].pk,)]
    assert sorted(Query(("among",), make, {"ids": wanted}).rows()) == [(pk,) for pk in wanted]
    assert len(statements._statements) == 1


def test_a_queryset_without_a_shape_is_run_as_it_is(either_database):
    make_author(name="a")
    assert Query.of(by_name("a")).rows() == places("a")
    assert not statements._statements


def test_however_many_shapes_are_asked_for_no_more_than_so_many_are_remembered(either_database, monkeypatch):
    monkeypatch.setattr(statements, "_MOST", 3)
    make_author(name="a")
    for number in range(8):
        assert Query(("by name", number), by_name, {"name": "a"}).rows() == places("a")
        assert len(statements._statements) <= 3


def test_errors_of_the_driver_are_djangos(either_database):
    query = Query(("by name",), by_name, {"name": "a"})
    query.rows()
    connection.connection.close()
    try:
        with pytest.raises(DatabaseError):
            query.rows()
    finally:
        connection.close()
    assert query.rows() == []


# What is refused: a value that would stay in the statement as it was the first time.

DERIVED = [
    pytest.param({"now": NOW}, lambda now: {"published_at__gt": now - timedelta(days=7)}, id="moved"),
    pytest.param({"now": NOW}, lambda now: {"published_at__year": now.year}, id="its year"),
    pytest.param({"now": NOW}, lambda now: {"score": now.day}, id="its day"),
    pytest.param({"now": NOW}, lambda now: {"published_at": now.replace(microsecond=0)}, id="cut off"),
    pytest.param({"number": 7}, lambda number: {"author_id": number + 1}, id="its successor"),
    pytest.param({"number": 7}, lambda number: {"author_id": number % 2}, id="its parity"),
    pytest.param({"number": 7}, lambda number: {"author_id": number // 1_000_000}, id="its beginning"),
    pytest.param({"text": "x"}, lambda text: {"slug": text.lower()}, id="folded"),
    pytest.param({"text": "x"}, lambda text: {"slug": text.strip()}, id="stripped"),
    pytest.param({"text": "x"}, lambda text: {"title__contains": text}, id="a pattern"),
    pytest.param({"text": "x"}, lambda text: {"slug": text[:2]}, id="shortened"),
    pytest.param({"ids": (1,)}, lambda ids: {"pk": ids[0]}, id="one of several"),
]


@pytest.mark.parametrize(("values", "derive"), DERIVED)
def test_a_value_that_the_queryset_makes_something_else_of_is_refused(either_database, values, derive):
    def make(**values: Any) -> Any:
        return Post.objects.filter(**derive(**values)).values_list("id")

    with pytest.raises(ValueError, match="need values that are parameters as they are"):
        Query(("derived",), make, values).rows()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda most: Post.objects.values_list("id")[:most], id="a slice"),
        pytest.param(
            lambda most: Post.objects.order_by("id" if most % 2 else "-id").values_list("id"), id="order"
        ),
    ],
)
def test_a_value_that_is_written_into_the_statement_is_refused(either_database, make):
    with pytest.raises(ValueError, match="need a query whose values are parameters"):
        Query(("written",), make, {"most": 2}).rows()


@pytest.mark.parametrize("value", [1.5, None, b"bytes", ["list"]])
def test_a_value_of_another_type_is_refused(either_database, value):
    with pytest.raises(TypeError, match="need int, str, datetime or tuple of int for a parameter"):
        Query(("typed",), by_name, {"name": value}).rows()
