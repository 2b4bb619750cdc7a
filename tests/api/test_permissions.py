"""Anyone reads, authors write and change their own, staff change any, and nobody learns of others' drafts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import Comment, Post
from tests.api.writers import DRAFTS, POSTS, Writer, assert_problem, make_writer
from tests.factories import make_category, make_comment, make_post

Write = Callable[[Any, Post, Comment], Any]

CHANGES: dict[str, Write] = {
    "PUT post": lambda client, post, _: client.put(f"{POSTS}{post.pk}/", content()),
    "PATCH post": lambda client, post, _: client.patch(f"{POSTS}{post.pk}/", {"title": "New"}),
    "DELETE post": lambda client, post, _: client.delete(f"{POSTS}{post.pk}/"),
    "publish": lambda client, post, _: client.post(f"{POSTS}{post.pk}/publish/"),
    "archive": lambda client, post, _: client.post(f"{POSTS}{post.pk}/archive/"),
    "PUT comment": lambda client, _, comment: client.put(f"/api/v1/comments/{comment.pk}/", {"body": "x"}),
    "PATCH comment": lambda client, _, comment: client.patch(
        f"/api/v1/comments/{comment.pk}/", {"body": "x"}
    ),
    "DELETE comment": lambda client, _, comment: client.delete(f"/api/v1/comments/{comment.pk}/"),
}
ADDITIONS: dict[str, Write] = {
    "POST post": lambda client, _, __: client.post(POSTS, content()),
    "POST comment": lambda client, post, _: client.post(f"{POSTS}{post.pk}/comments/", {"body": "x"}),
    "like": lambda client, post, _: client.put(f"{POSTS}{post.pk}/like/"),
    "unlike": lambda client, post, _: client.delete(f"{POSTS}{post.pk}/like/"),
}


def content() -> dict[str, Any]:
    return {"title": "New", "body": "<p>New.</p>", "category": make_category().pk}


@pytest.fixture
def post(writer: Writer) -> Post:
    return make_post(author=writer.author)


@pytest.fixture
def comment(writer: Writer, post: Post) -> Comment:
    return make_comment(post=post, author=writer.author)


@pytest.mark.parametrize("write", (CHANGES | ADDITIONS).values(), ids=CHANGES | ADDITIONS)
def test_anonymous_client_is_asked_for_a_token(write: Write, post: Post, comment: Comment) -> None:
    response = write(Writer(APIClient(), None, None), post, comment)
    assert_problem(response, 401)
    assert response["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("write", (CHANGES | ADDITIONS).values(), ids=CHANGES | ADDITIONS)
def test_user_without_an_author_is_told_what_is_missing(write: Write, post: Post, comment: Comment) -> None:
    problem = assert_problem(write(make_writer(is_author=False), post, comment), 403)
    assert "no author" in problem["detail"]


@pytest.mark.parametrize("write", CHANGES.values(), ids=CHANGES)
def test_another_author_may_change_nothing(
    write: Write, post: Post, comment: Comment, stranger: Writer
) -> None:
    assert_problem(write(stranger, post, comment), 403)


@pytest.mark.parametrize("write", (CHANGES | ADDITIONS).values(), ids=CHANGES | ADDITIONS)
def test_author_may_change_what_is_his(write: Write, writer: Writer, post: Post, comment: Comment) -> None:
    assert write(writer, post, comment).status_code in {200, 201, 204}


@pytest.mark.parametrize("write", CHANGES.values(), ids=CHANGES)
def test_staff_may_change_anything(write: Write, staff: Writer, post: Post, comment: Comment) -> None:
    assert write(staff, post, comment).status_code in {200, 204}
    assert Post.objects.get(pk=post.pk).author_id == post.author_id


@pytest.mark.parametrize("write", ADDITIONS.values(), ids=ADDITIONS)
def test_staff_write_in_the_name_of_an_author(
    write: Write, staff: Writer, post: Post, comment: Comment
) -> None:
    assert_problem(write(staff, post, comment), 403)
    assert write(make_writer(is_staff=True), post, comment).status_code in {200, 201}


@pytest.mark.parametrize("write", CHANGES.values(), ids=CHANGES)
def test_content_without_an_author_is_for_staff_alone(write: Write, writer: Writer, staff: Writer) -> None:
    orphan = make_post(author=None)
    comment = make_comment(post=orphan, author=None)
    assert_problem(write(writer, orphan, comment), 403)
    assert write(staff, orphan, comment).status_code in {200, 204}


@pytest.mark.parametrize(
    "hidden",
    [{"status": "draft"}, {"status": "archived"}, {"published_at": timezone.now() + timedelta(days=1)}],
    ids=["draft", "archived", "scheduled"],
)
@pytest.mark.parametrize("write", (CHANGES | ADDITIONS).values(), ids=CHANGES | ADDITIONS)
def test_hidden_post_of_another_is_as_if_it_were_not_there(
    write: Write,
    hidden: dict[str, Any],
    writer: Writer,
    stranger: Writer,
) -> None:
    post = make_post(author=writer.author, **hidden)
    comment = make_comment(post=post, author=writer.author)
    if write is not ADDITIONS["POST post"]:
        assert_problem(write(stranger, post, comment), 404)
    assert_problem(stranger.get(f"{DRAFTS}{post.pk}/"), 404)


def test_inactive_user_is_nobody(writer: Writer, post: Post) -> None:
    writer.user.is_active = False
    writer.user.save()
    assert_problem(writer.patch(f"{POSTS}{post.pk}/", {"title": "New"}), 401)


@pytest.mark.parametrize(
    "authorization",
    [
        "Token wrong",
        "Token",
        "Token a b",
        "Token na\u00efve",
        "Token \x00",
        "Bearer x",
        "Basic eDp5",
        "",
        "\u00ff",
    ],
)
def test_wrong_token_is_401_and_never_a_failure(authorization: str, post: Post) -> None:
    client = APIClient()
    for send in (client.post, client.put, client.patch, client.delete):
        url = POSTS if send == client.post else f"{POSTS}{post.pk}/"
        response = send(url, {}, format="json", headers={"Authorization": authorization})
        assert_problem(response, 401)
        assert response["WWW-Authenticate"] == "Token"
    assert_problem(client.get(DRAFTS, headers={"Authorization": authorization}), 401)


def test_public_read_looks_at_no_token(writer: Writer, client: APIClient, post: Post) -> None:
    answers = [
        client.get(f"{POSTS}{post.pk}/", headers={"Authorization": "Token wrong"}),
        client.get(f"{POSTS}{post.pk}/"),
        writer.get(f"{POSTS}{post.pk}/"),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("DELETE", POSTS, "GET, POST, HEAD, OPTIONS"),
        ("POST", f"{POSTS}1/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("GET", f"{POSTS}1/publish/", "POST, OPTIONS"),
        ("PATCH", f"{POSTS}1/like/", "PUT, DELETE, OPTIONS"),
        ("PUT", f"{POSTS}trending/", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/authors/", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/comments/1/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("POST", DRAFTS, "GET, HEAD, OPTIONS"),
        ("TRACE", POSTS, "GET, POST, HEAD, OPTIONS"),
        ("INITIAL", POSTS, "GET, POST, HEAD, OPTIONS"),
    ],
)
@pytest.mark.django_db
def test_method_that_a_url_does_not_have_is_405_whoever_asks(method: str, url: str, allowed: str) -> None:
    response = APIClient().generic(method, url)
    assert_problem(response, 405)
    assert set(response["Allow"].split(", ")) == set(allowed.split(", "))


def test_a_header_does_not_change_the_method(writer: Writer, post: Post) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert_problem(writer.post(f"{POSTS}{post.pk}/", {}, **{name: "DELETE"}), 405)
        assert writer.get(f"{POSTS}{post.pk}/", **{name: "DELETE"}).status_code == 200
    assert_problem(writer.post(f"{POSTS}{post.pk}/", {"_method": "DELETE"}), 405)
    assert Post.objects.get(pk=post.pk).deleted_at is None
