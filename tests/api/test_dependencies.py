"""What an answer depends on: its rows, its collections, what is absent, and the next moment.

A key that is missing here is a page that stays stale after a write.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.models import Post
from api.surrogate_keys import collecting_rows
from caching.building import Dependencies, collecting
from caching.surrogate_keys import surrogate_key
from tests.factories import make_author, make_category, make_comment, make_post, make_tag

pytestmark = pytest.mark.django_db

FUTURE = datetime(2090, 1, 1, tzinfo=UTC)
LATER = datetime(2091, 1, 1, tzinfo=UTC)


@pytest.fixture
def depending(client):
    """Return a function that builds a URL and tells the status and what the answer depends on."""

    def build(url: str) -> tuple[int, Dependencies]:
        with collecting() as dependencies, collecting_rows():
            response = client.get(f"/api/v1/{url}")
        return response.status_code, dependencies

    return build


def test_a_list_depends_on_its_collection_and_on_every_row_it_shows(depending):
    tag = make_tag()
    post = make_post(tags=[tag])
    status, found = depending("posts/")
    assert status == 200
    assert found.keys == {
        "posts",
        f"post:{post.pk}",
        f"author:{post.author_id}",
        f"category:{post.category_id}",
        f"tag:{tag.pk}",
    }


def test_a_list_does_not_depend_on_what_it_leaves_out(depending):
    post = make_post(tags=[make_tag()])
    assert depending("posts/?fields=title")[1].keys == {"posts", f"post:{post.pk}"}


@pytest.mark.parametrize("name", ["author", "category", "tag"])
def test_a_filtered_list_depends_on_its_own_collection_and_on_what_it_is_filtered_by(depending, name):
    make = {"author": make_author, "category": make_category, "tag": make_tag}[name]
    row = make(slug="wanted")
    assert depending(f"posts/?{name}={row.pk}")[1].keys == {f"posts:{name}={row.pk}", f"{name}:{row.pk}"}
    assert depending(f"posts/?{name}=wanted")[1].keys == {
        f"posts:{name}={row.pk}",
        f"{name}:{row.pk}",
        f"{name}:slug=wanted",
    }


def test_a_search_depends_on_the_text_of_all_posts(depending):
    assert depending("posts/?search=ale")[1].keys == {"posts:search"}


def test_trending_depends_on_the_posts(depending):
    assert depending("posts/trending/")[1].keys == {"posts"}


def test_comments_depend_on_their_collection_and_on_the_post_being_public(depending):
    comment = make_comment()
    keys = depending(f"posts/{comment.post_id}/comments/")[1].keys
    assert keys == {
        f"shown:post={comment.post_id}",
        f"post:{comment.post_id}:comments",
        f"comment:{comment.pk}",
        f"author:{comment.author_id}",
    }
    assert depending(f"comments/{comment.pk}/?fields=body")[1].keys == {
        f"comment:{comment.pk}",
        f"shown:post={comment.post_id}",
    }


def test_a_directory_depends_on_the_counts_only_if_it_shows_them(depending):
    author = make_author()
    assert depending("authors/")[1].keys == {"authors", f"author:{author.pk}", f"author:{author.pk}:counts"}
    assert depending("authors/?fields=name")[1].keys == {"authors", f"author:{author.pk}"}


def test_a_directory_depends_on_the_counts_that_it_is_ordered_by(depending):
    author, other = make_author(), make_author()
    keys = depending("authors/?fields=name&ordering=-post_count&limit=1")[1].keys
    assert keys >= {f"author:{author.pk}:counts", f"author:{other.pk}:counts"}


def test_a_detail_by_slug_depends_on_who_has_the_slug(depending):
    tag = make_tag(slug="ipa")
    assert depending("tags/ipa/?fields=name")[1].keys == {"tag:slug=ipa", f"tag:{tag.pk}"}
    assert depending(f"tags/{tag.pk}/?fields=name")[1].keys == {f"tag:{tag.pk}"}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("posts/42/", "post:42"),
        ("posts/nothing/", "post:slug=nothing"),
        ("posts/42/comments/", "shown:post=42"),
        ("comments/42/", "comment:42"),
        ("authors/42/", "author:42"),
        ("categories/nothing/", "category:slug=nothing"),
        ("posts/?author=42", "author:42"),
        ("posts/?tag=nothing", "tag:slug=nothing"),
        ("posts/" + "long-" * 15 + "slug/", surrogate_key("post:slug=" + "long-" * 15 + "slug")),
    ],
)
def test_a_404_depends_on_what_would_have_to_appear(depending, url, key):
    status, found = depending(url)
    assert (status, found.keys) == (404, {key})


@pytest.mark.parametrize("status", [Post.Status.DRAFT, Post.Status.ARCHIVED])
def test_a_404_of_a_hidden_post_depends_on_its_row(depending, status):
    post = make_post(status=status)
    assert f"post:{post.pk}" in depending(f"posts/{post.slug}/")[1].keys
    assert depending(f"posts/{post.slug}/")[1].changes_at is None
    comment = make_comment(post=post)
    assert depending(f"comments/{comment.pk}/")[1].keys >= {f"post:{post.pk}", f"comment:{comment.pk}"}


def test_a_404_of_a_scheduled_post_ends_when_it_is_due(depending):
    post = make_post(published_at=FUTURE)
    comment = make_comment(post=post)
    for url in (
        f"posts/{post.pk}/",
        f"posts/{post.slug}/",
        f"posts/{post.pk}/comments/",
        f"comments/{comment.pk}/",
    ):
        status, found = depending(url)
        assert (status, found.changes_at) == (404, FUTURE.timestamp())


def test_a_list_changes_by_itself_when_its_next_post_is_due(depending):
    author, tag = make_author(), make_tag()
    make_post(published_at=FUTURE)
    make_post(published_at=LATER, author=author, tags=[tag])
    assert depending("posts/")[1].changes_at == FUTURE.timestamp()
    assert depending("posts/?ordering=-score")[1].changes_at == FUTURE.timestamp()
    assert depending("posts/?search=ale")[1].changes_at == FUTURE.timestamp()
    assert depending("posts/trending/")[1].changes_at == FUTURE.timestamp()
    assert depending(f"posts/?author={author.pk}")[1].changes_at == LATER.timestamp()
    assert depending(f"posts/?tag={tag.pk}")[1].changes_at == LATER.timestamp()
    assert depending(f"posts/?category={make_category().pk}")[1].changes_at is None


def test_every_key_is_one_that_an_edge_takes(depending):
    post = make_post(slug="x" + "-long" * 15, tags=[make_tag()])
    make_comment(post=post)
    for url in ("posts/", f"posts/{post.slug}/", f"posts/{post.pk}/comments/", "posts/?author=" + "a" * 80):
        keys = depending(url)[1].keys
        assert {surrogate_key(key) for key in keys} == keys
