"""Comments answer a public post or each other, and the post counts them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from api.counters import reconcile
from api.models import Comment, Post
from tests.api.writers import POSTS, Writer, assert_counters_are_right, assert_problem
from tests.factories import make_comment, make_post

BODY = {"body": "<p>So it is.</p>"}


@pytest.fixture
def post(db: None) -> Post:
    made = make_post()
    reconcile()
    return made


@pytest.fixture
def url(post: Post) -> str:
    return f"{POSTS}{post.pk}/comments/"


def test_new_comment_is_read_where_its_location_says(writer: Writer, client, url: str) -> None:
    response = writer.post(url, {"body": "<p>So it is.</p><script>x()</script>"})
    assert response.status_code == 201
    assert response.json()["body"] == "<p>So it is.</p>"
    assert response.json()["author"]["id"] == writer.author.pk
    assert client.get(response["Location"]).content == response.content
    assert client.get(url).json()["results"] == [response.json()]


def test_comment_answers_another(writer: Writer, url: str) -> None:
    parent = writer.post(url, BODY).json()
    answer = writer.post(url, {**BODY, "parent": parent["id"]})
    assert answer.json()["parent"] == parent["id"]
    assert writer.post(url, {**BODY, "parent": None}).json()["parent"] is None


def test_parent_must_be_seen_under_the_same_post(writer: Writer, post: Post, url: str) -> None:
    strangers = [make_comment().pk, make_comment(post=post, deleted_at=timezone.now()).pk, 10**18 - 1]
    for parent in strangers:
        assert set(assert_problem(writer.post(url, {**BODY, "parent": parent}), 400)["errors"]) == {"parent"}
    assert not Comment.objects.filter(author=writer.author).exists()


@pytest.mark.parametrize("parent", ["1", True, 1.0, 0, -1, 10**18, 10**40, [], {}, "x"])
def test_parent_is_an_id(writer: Writer, url: str, parent: object) -> None:
    assert set(assert_problem(writer.post(url, {**BODY, "parent": parent}), 400)["errors"]) == {"parent"}


def test_comment_is_replaced_and_changed(writer: Writer, post: Post) -> None:
    comment = make_comment(post=post, author=writer.author)
    url = f"/api/v1/comments/{comment.pk}/"
    before = writer.get(url).json()
    put = writer.put(url, {"body": "<p>Second.</p>"})
    assert put.json() == {**before, "body": "<p>Second.</p>", "updated_at": put.json()["updated_at"]}
    assert put["Content-Location"] == url
    assert writer.patch(url, {}).content == put.content
    assert writer.patch(url, {"body": "<p>Third.</p>"}).json()["body"] == "<p>Third.</p>"
    assert_problem(writer.put(url, {}), 400)
    assert set(assert_problem(writer.patch(url, {"parent": None, "post": 1}), 400)["errors"]) == {
        "parent",
        "post",
    }


def test_counter_is_right_after_each_kind_of_write(writer: Writer, post: Post, url: str) -> None:
    counts = []
    first = writer.post(url, BODY).json()
    counts.append(comment_count(post))
    writer.post(url, {**BODY, "parent": first["id"]})
    counts.append(comment_count(post))
    writer.patch(first["url"], {"body": "<p>Second.</p>"})
    counts.append(comment_count(post))
    assert writer.delete(first["url"]).status_code == 204
    counts.append(comment_count(post))
    assert_problem(writer.delete(first["url"]), 404)
    counts.append(comment_count(post))
    assert counts == [1, 2, 2, 1, 1]


def comment_count(post: Post) -> int:
    assert_counters_are_right()
    return Post.objects.get(pk=post.pk).comment_count


def test_deleted_comment_is_gone_and_its_answers_stay(writer: Writer, client, url: str) -> None:
    parent = writer.post(url, BODY).json()
    answer = writer.post(url, {**BODY, "parent": parent["id"]}).json()
    writer.delete(parent["url"])
    assert client.get(parent["url"]).status_code == 404
    assert client.get(url).json()["results"] == [answer]


@pytest.mark.parametrize(
    "hidden", [{"status": "draft"}, {"status": "archived"}, {"deleted_at": timezone.now()}]
)
def test_comments_go_out_of_sight_with_their_post(
    writer: Writer, staff: Writer, hidden: dict[str, object]
) -> None:
    post = make_post(author=writer.author, **hidden)
    comment = make_comment(post=post, author=writer.author)
    assert_problem(writer.post(f"{POSTS}{post.pk}/comments/", BODY), 404)
    for who in (writer, staff):
        assert_problem(who.put(f"/api/v1/comments/{comment.pk}/", BODY), 404)
        assert_problem(who.delete(f"/api/v1/comments/{comment.pk}/"), 404)


def test_list_of_comments_is_found_by_id_alone(writer: Writer, post: Post) -> None:
    assert_problem(writer.post(f"{POSTS}{post.slug}/comments/", BODY), 404)
