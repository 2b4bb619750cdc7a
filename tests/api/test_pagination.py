"""Walking all pages shows each row exactly once, in order, forwards as backwards, whatever ties there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.models import Author, Comment, Post, PostTag
from querysets.authors import ORDERS as AUTHOR_ORDERS
from querysets.posts import ORDERS
from tests.api.walking import flat, get, ids, last_page, pages, walked
from tests.factories import FIRST_MOMENT, make_author, make_category, make_comment, make_post, make_tag

pytestmark = pytest.mark.django_db

POSTS = "/api/v1/posts/"


def seed(scores: list[int], **columns) -> list[Post]:
    """Make a post for each score, on few moments, so that every order has ties."""
    category = columns.get("category") or make_category()
    posts = Post.objects.bulk_create(
        Post(
            title=f"Post {number}",
            slug=f"seeded-{number}",
            body="<p>Body</p>",
            text="body",
            category=category,
            author=columns.get("author"),
            status=Post.Status.PUBLISHED,
            published_at=FIRST_MOMENT + timedelta(hours=score % 3),
            score=score,
            view_count=score // 2,
        )
        for number, score in enumerate(scores)
    )
    if "tag" in columns:
        PostTag.objects.bulk_create(PostTag(post=post, tag=columns["tag"]) for post in posts)
    return posts


def sorted_ids(posts: list[Post], ordering: str) -> list[int]:
    column = ordering.lstrip("-")
    rows = sorted(posts, key=lambda post: (getattr(post, column), post.pk), reverse=ordering.startswith("-"))
    return [row.pk for row in rows]


@settings(max_examples=25, deadline=None)
@given(
    scores=st.lists(st.integers(0, 5), max_size=9),
    limit=st.integers(1, 4),
    ordering=st.sampled_from(sorted(ORDERS)),
    scope=st.sampled_from(["", "author=scribe", "category=shelf", "tag=label"]),
)
def test_every_row_comes_once_and_in_order_forwards_and_backwards(scores, limit, ordering, scope):
    author, category, tag = make_author(slug="scribe"), make_category(slug="shelf"), make_tag(slug="label")
    posts = seed(scores, author=author, category=category, tag=tag)
    try:
        url = f"{POSTS}?limit={limit}&ordering={ordering}&{scope}".rstrip("&")
        forward = walked(url)
        assert flat(forward) == sorted_ids(posts, ordering)
        assert len(forward) == max(1, ceil(len(posts) / limit))
        backward = [ids(body) for _, body in pages(last_page(url), "previous")]
        assert backward[::-1] == forward
    finally:
        Post.objects.all().delete()
        for row in (author, category, tag):
            row.delete()


@pytest.mark.parametrize("ordering", ["-published_at", "published_at", "-score"])
def test_three_thousand_rows_with_one_moment_are_neither_skipped_nor_repeated(ordering):
    posts = seed([0] * 3_000)
    found = walked(f"{POSTS}?fields=id&limit=100&ordering={ordering}")
    assert flat(found) == sorted_ids(posts, ordering)
    assert len(found) == 30


@pytest.mark.parametrize("ordering", AUTHOR_ORDERS)
def test_names_are_positions_too_whatever_they_are_made_of(ordering):
    names = ["ale", "ale", "Ale", "ähre", '"quoted"', "日本", "z" * 100, "", "a'b", "back\\slash"]
    for name in names:
        make_author(name=name, post_count=len(name) % 2)
    found = flat(walked(f"/api/v1/authors/?limit=3&ordering={ordering}"))
    assert found == [author.pk for author in Author.objects.walk(AUTHOR_ORDERS[ordering])]
    assert len(found) == len(names)


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_comments_are_walked_in_their_own_order(ordering):
    post = make_post()
    comments = [make_comment(post=post, created_at=FIRST_MOMENT) for _ in range(5)]
    found = flat(walked(f"/api/v1/posts/{post.pk}/comments/?limit=2&ordering={ordering}"))
    assert found == [comment.pk for comment in (comments if ordering == "created_at" else comments[::-1])]


def test_results_of_a_search_are_walked_by_id():
    posts = seed([0] * 5)
    url = f"{POSTS}?limit=2&search=body"
    assert flat(walked(url)) == [post.pk for post in reversed(posts)]
    assert [ids(body) for _, body in pages(last_page(url), "previous")][::-1] == walked(url)


def test_the_first_page_has_no_previous_and_the_last_no_next():
    seed([0] * 3)
    bodies = [body for _, body in pages(f"{POSTS}?limit=1")]
    assert [body["previous"] is None for body in bodies] == [True, False, False]
    assert [body["next"] is None for body in bodies] == [False, False, True]


def test_an_empty_list_is_one_empty_page():
    assert get(POSTS) == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("query", ["", "limit=2", "fields=id&limit=2&ordering=-score"])
def test_previous_of_the_second_page_is_the_first_pages_own_url(query):
    seed([0] * 50)
    first = POSTS + (f"?{query}" if query else "")
    second = get(get(first)["next"])
    assert second["previous"] == first
    third = get(second["next"])
    assert "cursor=" in third["previous"]
    assert ids(get(third["previous"])) == ids(second)
    assert get(third["previous"])["previous"] == first


def test_links_are_relative_canonical_and_repeated_in_the_link_field(client):
    seed([0] * 5)
    body = get(f"{POSTS}?ordering=-score&limit=2")
    assert body["next"].startswith("/api/v1/posts/?cursor=")
    assert body["next"].endswith("&limit=2&ordering=-score")
    response = client.get(body["next"])
    middle = response.json()
    assert response["Link"] == (
        f'<{middle["next"]}>; rel="next", </api/v1/posts/?limit=2&ordering=-score>; rel="prev",'
        ' </api/v1/posts/?limit=2&ordering=-score>; rel="first"'
    )


def test_pages_behind_the_head_keep_their_bytes_when_something_is_published(client):
    seed([0] * 9)
    urls = [url for url, _ in pages(f"{POSTS}?limit=2")][1:]
    before = [client.get(url).content for url in urls]
    make_post(published_at=FIRST_MOMENT + timedelta(days=30))
    assert [client.get(url).content for url in urls] == before
    assert len(ids(get(f"{POSTS}?limit=2"))) == 2


def test_a_page_goes_on_where_it_did_when_its_anchor_is_deleted():
    posts = seed([0] * 6)
    url = f"{POSTS}?limit=2&ordering=published_at"
    following = get(url)["next"]
    Post.objects.filter(pk=posts[1].pk).delete()
    assert ids(get(following)) == [posts[2].pk, posts[3].pk]


def test_a_page_whose_rows_are_all_gone_leads_back_to_those_that_are_left():
    posts = seed([0] * 6)
    url = f"{POSTS}?limit=2&ordering=published_at"
    third = get(get(url)["next"])["next"]
    Post.objects.filter(pk__in=[posts[4].pk, posts[5].pk]).delete()
    empty = get(third)
    assert (ids(empty), empty["next"]) == ([], None)
    assert ids(get(empty["previous"])) == [posts[2].pk, posts[3].pk]


def test_walking_back_over_rows_that_are_gone_ends_at_the_beginning():
    posts = seed([0] * 8)
    url = f"{POSTS}?limit=2&ordering=published_at"
    *_, (_, fourth) = pages(url)
    Post.objects.filter(pk__in=[post.pk for post in posts[:6]]).delete()
    third = get(fourth["previous"])
    assert (ids(third), third["previous"], third["next"]) == ([], None, url)
    assert ids(get(third["next"])) == [posts[6].pk, posts[7].pk]


def test_a_row_that_moves_is_met_where_it_is_then():
    posts = seed([5, 4, 3, 2])
    url = f"{POSTS}?limit=2&ordering=-score"
    following = get(url)["next"]
    Post.objects.filter(pk=posts[0].pk).update(score=1)
    assert ids(get(following)) == [posts[2].pk, posts[3].pk]


def test_microseconds_are_part_of_a_position():
    moment = datetime(2024, 5, 5, 5, 5, 5, tzinfo=UTC)
    offsets = [0, 1, 10, 100_000, 999_999, 1_000_000]
    posts = [make_post(published_at=moment + timedelta(microseconds=offset)) for offset in offsets]
    assert flat(walked(f"{POSTS}?limit=1&ordering=published_at")) == [post.pk for post in posts]


def test_deleting_all_leaves_every_url_an_answer():
    post = make_post()
    for _ in range(5):
        make_comment(post=post)
    urls = [url for url, _ in pages(f"/api/v1/posts/{post.pk}/comments/?limit=2")]
    Comment.objects.all().delete()
    assert [ids(get(url)) for url in urls] == [[], [], []]
