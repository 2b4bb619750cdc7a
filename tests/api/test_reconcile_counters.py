"""After `reconcile_counters` every counter is true, and rows that were right have not been written."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from api.counters import reconcile, reconcile_rows
from api.models import Author, Category, Post, Tag
from caching.models import Outbox
from tests.factories import make_author, make_category, make_comment, make_like, make_post, make_tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def post() -> Post:
    """Return a post with two comments, one of them deleted, and three likes; no counter knows."""
    post = make_post(tags=[make_tag()])
    make_comment(post=post)
    make_comment(post=post, deleted_at=timezone.now())
    for _ in range(3):
        make_like(post=post)
    return post


def test_posts_count_their_likes_and_listed_comments(post: Post) -> None:
    reconcile()
    post.refresh_from_db()
    assert (post.like_count, post.comment_count) == (3, 1)


def test_authors_categories_and_tags_count_listed_posts_only() -> None:
    author, category, tag = make_author(), make_category(), make_tag()
    everything = {"author": author, "category": category, "tags": [tag]}
    make_post(**everything)
    make_post(**everything, status=Post.Status.DRAFT)
    make_post(**everything, status=Post.Status.ARCHIVED)
    make_post(**everything, deleted_at=timezone.now())
    reconcile()
    for row in (author, category, tag):
        row.refresh_from_db()
        assert row.post_count == 1


def test_counter_of_what_has_nothing_left_becomes_zero() -> None:
    author, tag = make_author(post_count=7), make_tag(post_count=7)
    assert reconcile()["author.post_count"] == 1
    author.refresh_from_db()
    tag.refresh_from_db()
    assert author.post_count == tag.post_count == 0


def test_second_time_there_is_nothing_to_correct_and_nothing_to_invalidate(post: Post) -> None:
    corrected = reconcile()
    assert corrected == {
        "author.post_count": 1,
        "category.post_count": 1,
        "tag.post_count": 1,
        "post.like_count": 1,
        "post.comment_count": 1,
    }
    Outbox.objects.all().delete()
    assert set(reconcile().values()) == {0}
    assert not Outbox.objects.exists()


def test_being_counted_is_no_edit(post: Post) -> None:
    before = post.updated_at
    reconcile()
    post.refresh_from_db()
    assert post.updated_at == before


def test_more_rows_than_fit_into_one_page_are_all_corrected() -> None:
    Author.objects.bulk_create(Author(name="a", slug=f"a-{n}", post_count=1 + n % 2) for n in range(2_500))
    assert reconcile([Author]) == {"author.post_count": 2_500}
    assert not Author.objects.exclude(post_count=0).exists()


def test_only_the_models_that_were_named_are_looked_at(post: Post) -> None:
    assert reconcile([Category]) == {"category.post_count": 1}
    assert Tag.objects.get().post_count == 0


def test_some_rows_can_be_put_right_alone(post: Post) -> None:
    other = make_post(like_count=5)
    reconcile_rows(Post, [post.pk, post.pk])
    assert Post.objects.get(pk=post.pk).like_count == 3
    assert Post.objects.get(pk=other.pk).like_count == 5


def test_command_says_what_it_corrected(post: Post) -> None:
    out = StringIO()
    call_command("reconcile_counters", stdout=out)
    assert "post.like_count                1 corrected" in out.getvalue()
