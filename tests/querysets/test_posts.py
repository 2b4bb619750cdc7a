"""Each endpoint's posts: which rows, which columns, how many queries, and nothing that was not asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from seal.exceptions import UnsealedAttributeAccess

from api.models import Post, PostTag
from querysets.keyset import NEWEST_FIRST
from querysets.posts import ORDERS
from tests.factories import (
    FIRST_MOMENT,
    make_author,
    make_category,
    make_comment,
    make_like,
    make_post,
    make_tag,
)
from tests.querysets.sql import fetched

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIST_COLUMNS = {
    *(f"post.{name}" for name in ("id", "slug", "title", "excerpt", "author_id", "category_id", "score")),
    *(f"post.{name}" for name in ("like_count", "comment_count", "view_count", "published_at", "updated_at")),
    *(f"post.{name}" for name in ("source_url", "licence")),
    *(f"author.{name}" for name in ("id", "slug", "name", "source_url")),
    *(f"category.{name}" for name in ("id", "slug", "name")),
}
TAG_COLUMNS = {"posttag.post_id", "tag.id", "tag.slug", "tag.name"}


def ids(rows) -> list[int]:
    return [row.pk for row in rows]


def upcoming(rows) -> list[datetime]:
    return [moment for moment, _ in rows.upcoming(NOW)]


def test_the_public_sees_what_is_published_due_and_not_deleted():
    seen = make_post(published_at=NOW - HOUR)
    make_post(published_at=NOW + HOUR)
    make_post(published_at=NOW - HOUR, deleted_at=NOW)
    make_post(published_at=None)
    for status in (Post.Status.DRAFT, Post.Status.ARCHIVED):
        make_post(status=status)
    assert ids(Post.objects.published(NOW)) == [seen.pk]


def test_a_listed_post_always_has_a_moment_so_no_order_meets_a_null():
    make_post(published_at=None)
    assert not Post.objects.filter(listed=1, published_at__isnull=True).exists()
    assert {order.column for order in ORDERS.values()} - {"published_at"} == {"score", "view_count"}
    assert not any(Post._meta.get_field(column).null for column in ("score", "view_count"))


def test_drafts_are_those_that_were_neither_published_nor_deleted():
    draft = make_post(status=Post.Status.DRAFT)
    make_post(status=Post.Status.DRAFT, deleted_at=NOW)
    make_post()
    assert ids(Post.objects.drafts()) == [draft.pk]


def test_posts_are_selected_by_author_category_or_tag():
    author, category, tag = make_author(), make_category(), make_tag()
    post = make_post(author=author, category=category, tags=[tag, make_tag()])
    make_post(tags=[make_tag()])
    for rows in (
        Post.objects.by_author(author),
        Post.objects.in_category(category.pk),
        Post.objects.tagged(tag),
    ):
        assert ids(rows) == [post.pk]


def test_tagged_posts_are_judged_by_the_copies_and_the_copies_are_kept():
    tag = make_tag()
    post, draft = make_post(tags=[tag]), make_post(tags=[tag], status=Post.Status.DRAFT)
    assert ids(Post.objects.tagged(tag).published(NOW)) == [post.pk]
    Post.objects.filter(pk=draft.pk).update(status=Post.Status.PUBLISHED, score=9)
    assert ids(Post.objects.tagged(tag).page(ORDERS["-score"], now=NOW)) == [draft.pk, post.pk]
    assert PostTag.objects.get(post=draft).score == 9


def test_trending_is_the_best_scored_of_the_last_days():
    low, high = (make_post(published_at=NOW - HOUR, score=score) for score in (1, 5))
    make_post(published_at=NOW - timedelta(days=8), score=99)
    make_post(published_at=NOW + HOUR, score=99)
    assert ids(Post.objects.trending(7, now=NOW)) == [high.pk, low.pk]
    assert ids(Post.objects.trending(7, now=NOW + 2 * HOUR))[0] not in {high.pk, low.pk}


@pytest.mark.parametrize("ordering", ORDERS)
def test_a_scheduled_post_is_on_no_page(ordering):
    make_post(published_at=NOW + HOUR, score=50, view_count=50)
    due = [make_post(published_at=NOW - HOUR) for _ in range(3)]
    order = ORDERS[ordering]
    first = list(Post.objects.page(order, now=NOW))
    assert set(ids(first)) == set(ids(due))
    for forward in (True, False):
        found = ids(Post.objects.page(order, now=NOW, position=order.position_of(first[1]), forward=forward))
        assert found == [first[2 if forward else 0].pk]


def test_the_next_scheduled_moment_is_that_of_the_filter():
    tag, author = make_tag(), make_author()
    make_post(published_at=NOW + HOUR)
    make_post(published_at=NOW + 2 * HOUR, author=author, tags=[tag])
    make_post(published_at=NOW + 3 * HOUR, author=author, tags=[tag])
    assert upcoming(Post.objects.all()) == [NOW + HOUR]
    assert upcoming(Post.objects.by_author(author)) == [NOW + 2 * HOUR]
    assert upcoming(Post.objects.tagged(tag)) == [NOW + 2 * HOUR]
    assert upcoming(Post.objects.tagged(make_tag())) == []


def test_a_list_takes_two_queries_for_exactly_the_columns_shown():
    tags = [make_tag(name="stout"), make_tag(name="ale")]
    for _ in range(3):
        make_post(tags=tags)
    rows, queries = fetched(Post.objects.optimized_for_list())
    assert queries == [LIST_COLUMNS, TAG_COLUMNS]
    assert [tag.name for tag in rows[0].tags.all()] == ["ale", "stout"]


def test_a_detail_takes_the_body_too():
    make_post(tags=[make_tag()])
    _, queries = fetched(Post.objects.optimized_for_detail())
    assert queries == [LIST_COLUMNS | {"post.body"}, TAG_COLUMNS]


def test_sparse_fields_fetch_only_their_own_columns_and_relations():
    make_post(tags=[make_tag()])
    assert fetched(Post.objects.optimized_for_list(["title"]))[1] == [{"post.id", "post.title"}]
    assert fetched(Post.objects.optimized_for_list(["url"]))[1] == [{"post.id"}]
    assert fetched(Post.objects.optimized_for_list(["tags"]))[1] == [{"post.id"}, TAG_COLUMNS]
    category = {"post.id", "post.category_id", "category.id", "category.slug", "category.name"}
    assert fetched(Post.objects.optimized_for_list(["category"]))[1] == [category]


def test_the_columns_of_a_position_are_fetched_whatever_is_shown():
    make_post()
    order = ORDERS["-score"]
    rows, queries = fetched(Post.objects.optimized_for_list(["title"], order=order).page(order, now=NOW))
    assert queries == [{"post.id", "post.title", "post.score"}]
    assert order.position_of(rows[0]) == (0, rows[0].pk)


@pytest.mark.parametrize(
    "touch",
    [
        pytest.param(lambda post: post.body, id="a column"),
        pytest.param(lambda post: post.author.user_id, id="a column of a joined row"),
        pytest.param(lambda post: post.tags.all()[0].post_count, id="a column of a prefetched row"),
        pytest.param(lambda post: list(post.comments.all()), id="a relation"),
    ],
)
def test_touching_what_was_not_fetched_raises(touch):
    make_post(tags=[make_tag()])
    post = Post.objects.optimized_for_list().get()
    with pytest.raises(UnsealedAttributeAccess):
        touch(post)


def test_with_stats_counts_what_the_public_sees():
    post = make_post()
    make_comment(post=post)
    make_comment(post=post, deleted_at=NOW)
    make_like(post=post)
    make_like(post=post)
    counted = Post.objects.with_stats().get()
    assert (counted.comments_counted, counted.likes_counted) == (1, 2)
    assert post.author.__class__.objects.with_stats().get(pk=post.author_id).posts_counted == 1


class TestSearch:
    """All the words, in title or text, in any order and whatever they mean to a query language."""

    def found(self, *words, **options):
        return ids(Post.objects.matching(words, **{"now": NOW, "limit": 10, **options}))

    def test_all_words_have_to_occur(self):
        both = make_post(title="Pale ale", text="Bottled last year")
        make_post(title="Pale stout", text="On tap")
        assert self.found("ale", "pale") == [both.pk]
        assert self.found("bottled", "pale") == [both.pk]

    def test_words_are_found_by_their_stem(self):
        post = make_post(title="Brewing")
        assert self.found("brewed") == [post.pk]

    def test_only_public_posts_are_found_newest_first(self):
        first, second = make_post(title="porter"), make_post(title="porter")
        make_post(title="porter", status=Post.Status.DRAFT)
        make_post(title="porter", published_at=NOW + HOUR)
        assert self.found("porter") == [second.pk, first.pk]

    def test_pages_follow_each_other_by_id(self):
        posts = [make_post(title="porter").pk for _ in range(5)]
        assert self.found("porter", limit=2) == [posts[4], posts[3]]
        assert self.found("porter", limit=2, position=(posts[3],)) == [posts[2], posts[1]]
        assert self.found("porter", limit=2, position=(posts[1],), forward=False) == [posts[2], posts[3]]
        assert NEWEST_FIRST.columns == ("id",)

    @pytest.mark.parametrize(
        "word",
        [
            '"',
            '""',
            "'",
            "a*",
            "NEAR",
            "OR",
            "title:",
            "-x",
            "^a",
            "(",
            "a)b",
            "%",
            "a+b",
            "\\",
            "{",
            "a;b",
            "💥",
            "&|!",
        ],
    )
    def test_no_word_is_syntax(self, word):
        make_post(title="nothing of the kind")
        assert self.found(word, "absent") == []

    def test_a_change_of_the_text_is_found(self):
        post = make_post(title="lager")
        Post.objects.filter(pk=post.pk).update(title="pilsner", published_at=FIRST_MOMENT)
        assert self.found("lager") == []
        assert self.found("pilsner") == [post.pk]
