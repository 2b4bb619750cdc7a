"""Authors, categories, tags and comments: exactly the columns shown, in one query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from seal.exceptions import UnsealedAttributeAccess

from api.models import Author, Category, Comment, Tag
from tests.factories import make_author, make_category, make_comment, make_post, make_tag
from tests.querysets.sql import fetched

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, tzinfo=UTC)
COMMENT_COLUMNS = {
    *(f"comment.{name}" for name in ("id", "post_id", "parent_id", "author_id", "body", "score")),
    *(f"comment.{name}" for name in ("created_at", "updated_at", "source_url", "licence")),
    *(f"author.{name}" for name in ("id", "slug", "name", "source_url")),
}


@pytest.mark.parametrize(
    ("make", "model", "columns"),
    [
        (make_author, Author, {"id", "slug", "name", "source_url", "post_count", "created_at"}),
        (make_category, Category, {"id", "slug", "name", "description", "post_count"}),
        (make_tag, Tag, {"id", "slug", "name", "post_count"}),
    ],
)
def test_lists_and_details_fetch_what_they_show(make, model, columns):
    make()
    table = model.__name__.lower()
    expected = [{f"{table}.{column}" for column in columns}]
    assert fetched(model.objects.optimized_for_list())[1] == expected
    assert fetched(model.objects.optimized_for_detail())[1] == expected
    assert fetched(model.objects.optimized_for_detail(["name"]))[1] == [{f"{table}.id", f"{table}.name"}]


def test_a_comment_comes_with_its_author_in_one_query():
    make_comment()
    assert fetched(Comment.objects.optimized_for_list())[1] == [COMMENT_COLUMNS]
    assert fetched(Comment.objects.optimized_for_detail(["post", "parent"]))[1] == [
        {"comment.id", "comment.post_id", "comment.parent_id"},
    ]


def test_a_comment_is_sealed():
    make_comment()
    comment = Comment.objects.optimized_for_list(["body"]).get()
    with pytest.raises(UnsealedAttributeAccess):
        _ = comment.author
    with pytest.raises(UnsealedAttributeAccess):
        _ = comment.post.title


def test_the_public_sees_comments_of_posts_that_it_sees():
    seen = make_comment(post=make_post(published_at=NOW - timedelta(days=1)))
    make_comment(post=make_post(published_at=NOW + timedelta(days=1)))
    make_comment(post=make_post(deleted_at=NOW))
    make_comment(post=seen.post, deleted_at=NOW)
    assert [comment.pk for comment in Comment.objects.published(NOW)] == [seen.pk]


def test_stats_count_listed_posts_only():
    tag, category = make_tag(), make_category()
    make_post(tags=[tag], category=category)
    make_post(tags=[tag], category=category, status="draft")
    assert Tag.objects.with_stats().get().posts_counted == 1
    assert Category.objects.with_stats().get(pk=category.pk).posts_counted == 1
    assert Tag.objects.with_stats().filter(pk=make_tag().pk).get().posts_counted == 0
