"""Every filter and order that we offer is a range of one index, at any depth, in both directions.

No step sorts (`USE TEMP B-TREE`), none reads a table from end to end, and a page in the middle
uses the index of the first page.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from api.models import Author, Category, Comment, Post, Tag
from querysets import authors, comments, posts
from tests.factories import FIRST_MOMENT
from tests.querysets.sql import plan_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans"),
]

NOW = datetime(2030, 1, 1, tzinfo=UTC)
POSITIONS = {datetime: FIRST_MOMENT, int: 5, str: "m"}
SUFFIXES = {"published_at": "date", "score": "score", "view_count": "views"}
SCOPES = {
    "posts": lambda rows: rows,
    "author_posts": lambda rows: rows.by_author(1),
    "category_posts": lambda rows: rows.in_category(1),
    "tag_posts": lambda rows: rows.tagged(1),
}
_INDEX = re.compile(r"USING (?:COVERING )?INDEX (\w+)")


# What ANALYZE finds in a large service whose posts all come from one site: rows of the table,
# then how many share the first column of the index, the first two, and so on.
_LARGE = {
    "api_post": {
        "posts_by_date": "1000000 500000 50 1",
        "posts_by_score": "1000000 500000 2000 1",
        "posts_by_views": "1000000 500000 900 1",
        "author_posts_by_date": "1000000 90 80 2 1",
        "author_posts_by_score": "1000000 90 80 20 1",
        "author_posts_by_views": "1000000 90 80 20 1",
        "category_posts_by_date": "1000000 1000000 500000 50 1",
        "category_posts_by_score": "1000000 1000000 500000 2000 1",
        "category_posts_by_views": "1000000 1000000 500000 900 1",
    },
    "api_posttag": {
        "tag_posts_by_date": "3000000 3000 2900 2 1",
        "tag_posts_by_score": "3000000 3000 2900 40 1",
        "tag_posts_by_views": "3000000 3000 2900 40 1",
    },
    "api_category": {"categories_by_name": "1 1 1", "categories_by_posts": "1 1 1"},
    "api_author": {"authors_by_name": "11000 2 1", "authors_by_posts": "11000 300 1"},
    "api_tag": {"tags_by_name": "1000 1 1", "tags_by_posts": "1000 20 1"},
    "api_comment": {"post_comments_by_date": "4000000 4 4 1 1"},
}


@pytest.fixture(autouse=True, params=["without statistics", "with those of a large service"])
def _statistics(request, db):
    """Let the planner decide as on a server that never ran ANALYZE, and as on one that did."""
    if request.param == "without statistics":
        yield
        return
    rows = [(table, index, numbers) for table, found in _LARGE.items() for index, numbers in found.items()]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # Makes the table of statistics.
        cursor.execute("DELETE FROM sqlite_stat1")
        cursor.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", rows)
        cursor.execute("ANALYZE sqlite_master")  # Loads it.
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_stat1")
        cursor.execute("ANALYZE sqlite_master")


def assert_ranges_of(index: str, steps: list[str]) -> None:
    assert not [step for step in steps if "TEMP B-TREE" in step]
    assert not [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
    used = {found.group(1) for step in steps if (found := _INDEX.search(step))} - {"sqlite_autoindex"}
    assert used == {index}


@pytest.mark.parametrize("ordering", posts.ORDERS)
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("forward", [True, False])
def test_posts_are_a_range_of_the_index_that_is_named_after_the_query(scope, ordering, forward):
    order = posts.ORDERS[ordering]
    index = f"{scope}_by_{SUFFIXES[order.column]}"
    rows = SCOPES[scope](Post.objects).optimized_for_list(order=order)
    position = (POSITIONS[order.kind], 20)
    assert_ranges_of(index, plan_of(rows.page(order, now=NOW)[:21]))
    deep = plan_of(rows.page(order, now=NOW, position=position, forward=forward)[:21])
    assert_ranges_of(index, deep)
    assert [step for step in deep if index in step and _enters_at_the_position(step, order.column)]


def _enters_at_the_position(step: str, column: str) -> bool:
    """Tell whether the whole position is used to enter the index, ties included."""
    return f"({column},post_id)" in step or re.search(rf"{column}=\? AND id[<>]\?", step) is not None


@pytest.mark.parametrize("model", [Author, Category, Tag])
@pytest.mark.parametrize("ordering", authors.ORDERS)
@pytest.mark.parametrize("forward", [True, False])
def test_authors_categories_and_tags_are_read_in_the_order_of_an_index(model, ordering, forward):
    order = authors.ORDERS[ordering]
    index = f"{model._meta.db_table.removeprefix('api_')}".replace("category", "categorie") + "s_by_"
    index += "posts" if order.column == "post_count" else "name"
    rows = model.objects.optimized_for_list(order=order)
    assert_ranges_of(index, plan_of(rows.walk(order)[:21]))
    assert_ranges_of(index, plan_of(rows.walk(order, (POSITIONS[order.kind], 20), forward=forward)[:21]))


@pytest.mark.parametrize("ordering", comments.ORDERS)
@pytest.mark.parametrize("forward", [True, False])
def test_comments_on_a_post_are_a_range_of_their_index(ordering, forward):
    order = comments.ORDERS[ordering]
    rows = Comment.objects.on_post(1).listed().optimized_for_list(order=order)
    assert_ranges_of("post_comments_by_date", plan_of(rows.walk(order)[:21]))
    deep = plan_of(rows.walk(order, (FIRST_MOMENT, 20), forward=forward)[:21])
    assert_ranges_of("post_comments_by_date", deep)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_next_scheduled_post_is_one_entry_of_the_index_by_date(scope):
    upcoming = SCOPES[scope](Post.objects).scheduled(NOW)
    assert_ranges_of(f"{scope}_by_date", plan_of(upcoming[:1]))


def test_what_is_trending_is_a_range_of_moments_and_not_a_walk_through_the_scores():
    steps = plan_of(Post.objects.trending(7, now=FIRST_MOMENT + timedelta(days=3))[:20])
    assert any("posts_by_date (listed=? AND published_at>? AND published_at<?)" in step for step in steps)


def test_a_search_takes_matches_in_order_and_sorts_nothing():
    steps = plan_of(Post.objects.matching(["body"], now=NOW, limit=21, position=(20,)).optimized_for_list())
    assert not [step for step in steps if "TEMP B-TREE" in step]
    assert any("VIRTUAL TABLE" in step for step in steps)
