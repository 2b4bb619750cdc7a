"""Queries that grow with the page and columns that nobody needs are found in what was executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.models import Comment, Post
from api.routes import PUBLIC_ROUTES
from api.serializers.comments import CommentItem
from api.serializers.posts import PostItem
from benchmarks.profile.endpoints import endpoints
from benchmarks.profile.executed import executed_here
from benchmarks.profile.findings import Finding, Page, findings, findings_of_hit
from benchmarks.profile.needed import needed
from querysets import projections
from querysets.posts import ORDERS
from tests.factories import make_comment, make_post, make_tag

pytestmark = pytest.mark.django_db

NEWEST = ORDERS["-published_at"]


def page_of(show: Callable[[], Any]) -> Page:
    with executed_here() as statements:
        rows = show()
    return Page(len(rows), [statement.sql for statement in statements])


def posts(queryset: Any, fields: list[str] | None = None) -> Callable[[], Any]:
    return lambda: PostItem(list(queryset), many=True, only=fields).data


def found(*pages: Page, fields: list[str] | None = None, order: Any = None) -> list[Finding]:
    shown = fields if fields is not None else list(projections.POST_LIST)
    columns = needed(Post, projections.POST_LIST, shown, order)
    return list(findings("posts", "keyset", pages[-1], columns, pages))


@pytest.fixture(autouse=True)
def _rows() -> None:
    tags = [make_tag(), make_tag()]
    for _ in range(3):
        make_post(tags=tags)


@pytest.mark.parametrize("fields", [None, ["title"], ["url"], ["tags"], ["author", "score"], ["category"]])
def test_nothing_is_found_in_what_fetches_exactly_what_it_shows(fields: list[str] | None) -> None:
    rows = Post.objects.optimized_for_list(fields, order=NEWEST).page(NEWEST, now=timezone.now())
    few, many = (page_of(posts(rows[:limit], fields)) for limit in (1, 3))
    assert found(few, many, fields=fields, order=NEWEST) == []


def test_a_comment_needs_its_author_and_the_keys_that_it_shows() -> None:
    make_comment()
    page = page_of(lambda: CommentItem(list(Comment.objects.optimized_for_list()), many=True).data)
    columns = needed(Comment, projections.COMMENT, list(projections.COMMENT), None)
    assert list(findings("comments", "keyset", page, columns, [])) == []


def test_rows_fetched_one_by_one_are_queries_that_grow_with_the_page() -> None:
    few, many = (page_of(posts(Post.objects.only(*_own_columns())[:limit])) for limit in (1, 3))
    texts = [finding.text for finding in found(few, many) if finding.kind == "N+1"]
    assert "4 queries for 1 rows, 10 for 3" in texts
    assert any(text.startswith('3 times SELECT "api_author"') for text in texts)


def test_growing_queries_are_found_though_each_is_another_statement() -> None:
    few, many = (
        Page(1, ["SELECT a FROM t"]),
        Page(3, ["SELECT a FROM t", "SELECT b FROM t", "SELECT c FROM t"]),
    )
    assert [finding.kind for finding in found(few, many)] == ["N+1"]
    assert found(few, Page(1, many.statements)) == []


def test_a_column_that_no_field_shows_is_named() -> None:
    rows = Post.objects.optimized_for_list()
    rows.query.add_immediate_loading([*rows.query.deferred_loading[0], "text"])
    (finding,) = found(page_of(posts(rows)))
    assert (finding.kind, finding.text.split()[0]) == ("unused column", "api_post.text")


def test_a_column_of_a_field_that_was_not_asked_for_is_unused() -> None:
    page = page_of(posts(Post.objects.optimized_for_list(["title", "author"]), ["title"]))
    names = {finding.text.split()[0] for finding in found(page, fields=["title"])}
    assert {"api_post.author_id", "api_author.name"} <= names


def test_the_columns_of_the_order_are_needed_only_where_a_cursor_is_made_of_them() -> None:
    page = page_of(posts(Post.objects.optimized_for_list(["title"], order=NEWEST), ["title"]))
    assert found(page, fields=["title"], order=NEWEST) == []
    assert [finding.text.split()[0] for finding in found(page, fields=["title"])] == ["api_post.published_at"]


def test_sql_by_hand_is_seen_and_judged_as_well() -> None:
    def by_hand() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT p.id, p.body FROM api_post p WHERE p.id > %s", [0])
            return list(cursor)

    assert [finding.text.split()[0] for finding in found(page_of(by_hand))] == ["api_post.body"]


def test_what_decides_something_may_be_asked_for_alone_and_only_alone() -> None:
    alone = Page(1, ["SELECT api_post.published_at FROM api_post"])
    together = Page(1, ["SELECT api_post.published_at, api_post.title FROM api_post"])
    assert found(alone, fields=["title"]) == []
    assert [finding.kind for finding in found(together, fields=["title"])] == ["unused column"]


def test_a_hit_that_runs_a_statement_is_none() -> None:
    assert list(findings_of_hit("posts", "hit", Page(1, []))) == []
    assert [finding.kind for finding in findings_of_hit("posts", "hit", Page(1, ["BEGIN"]))] == [
        "query on a hit"
    ]


def test_every_way_of_fetching_takes_time() -> None:
    with executed_here() as statements, connection.cursor() as cursor:
        for fetch in (cursor.fetchone, cursor.fetchall, lambda: cursor.fetchmany(2), lambda: list(cursor)):
            cursor.execute("SELECT id FROM api_post")
            executed = statements[-1].seconds
            assert fetch()
            assert statements[-1].seconds > executed > 0
    assert len(statements) == 4
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert len(statements) == 4


def test_every_public_route_is_profiled() -> None:
    make_comment(post=Post.objects.all()[0])
    assert {endpoint.route.name for endpoint in endpoints(timezone.now())} == {
        route.name for route in PUBLIC_ROUTES
    }


def _own_columns() -> set[str]:
    """Return the post's own columns that a list shows."""
    paths = {path for columns in projections.POST_LIST.values() for path in columns if "__" not in path}
    return {*paths, "author_id", "category_id"}
