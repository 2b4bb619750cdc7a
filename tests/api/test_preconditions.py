"""A write that names what it is about changes that and nothing else (RFC 9110 §13.2.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from api.models import Post
from caching.codings import compress
from caching.entry import SCHEMA_VERSION
from caching.validators import etag, http_date
from tests.api.writers import DRAFTS, POSTS, Writer, assert_problem, make_writer
from tests.factories import make_comment, make_post

OTHER = '"AAAAAAAAAAAAAAAAAAAAAAAA"'
LONG_BODY = "<p>" + "Both are beer. " * 50 + "</p>"


@pytest.fixture
def post(writer: Writer) -> Post:
    return make_post(author=writer.author, body=LONG_BODY)


@pytest.fixture
def url(post: Post) -> str:
    return f"{POSTS}{post.pk}/"


def tags_of(body: bytes) -> dict[str, str]:
    """Return the ETag that the front sends for each coding of the body."""
    return {
        coding: etag(content, SCHEMA_VERSION).decode()
        for coding, content in {"identity": body, **compress(body)}.items()
    }


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
def test_tag_of_any_coding_that_was_read_will_do(writer: Writer, url: str, coding: str) -> None:
    tag = tags_of(writer.get(url).content)[coding]
    assert writer.patch(url, {"title": "New"}, **{"If-Match": tag}).status_code == 200


@pytest.mark.parametrize("field", [OTHER, "W/{tag}", f"{OTHER}, W/{{tag}}", "{bare}", "", ",", "W/*", '"*"'])
def test_if_match_that_names_something_else_is_412(writer: Writer, url: str, field: str) -> None:
    tag = tags_of(writer.get(url).content)["identity"]
    sent = field.format(tag=tag, bare=tag.strip('"'))
    for send in (writer.patch, writer.put):
        assert_problem(send(url, {"title": "New"}, **{"If-Match": sent}), 412)
    assert_problem(writer.delete(url, **{"If-Match": sent}), 412)
    assert_problem(writer.post(f"{url}archive/", **{"If-Match": sent}), 412)


@pytest.mark.parametrize("field", ["*", "{tag}", f"{OTHER},{{tag}}", " {tag} ,"])
def test_if_match_that_names_it_lets_the_write_pass(writer: Writer, url: str, field: str) -> None:
    sent = field.format(tag=tags_of(writer.get(url).content)["identity"])
    assert writer.patch(url, {"title": "New"}, **{"If-Match": sent}).status_code == 200


def test_tag_of_an_answer_is_the_tag_for_the_next_write(writer: Writer, url: str) -> None:
    tag = writer.patch(url, {"title": "First"})["ETag"]
    assert tag == tags_of(writer.get(url).content)["identity"]
    assert writer.patch(url, {"title": "Second"}, **{"If-Match": tag}).status_code == 200
    assert_problem(writer.patch(url, {"title": "Third"}, **{"If-Match": tag}), 412)
    assert Post.objects.get().title == "Second"


def test_every_representation_in_an_answer_has_its_tag(writer: Writer, post: Post, url: str) -> None:
    comment = make_comment(post=post, author=writer.author)
    body = {"title": "New", "body": "<p>x</p>", "category": post.category_id}
    answers = [
        writer.post(POSTS, body),
        writer.put(url, body),
        writer.patch(url, {}),
        writer.post(f"{url}publish/"),
        writer.post(f"{url}comments/", {"body": "x"}),
        writer.put(f"/api/v1/comments/{comment.pk}/", {"body": "x"}),
        writer.patch(f"/api/v1/comments/{comment.pk}/", {"body": "y"}),
        writer.post(f"{url}archive/"),
        writer.get(f"{DRAFTS}{post.pk}/"),
    ]
    for answer in answers:
        assert answer["ETag"] == tags_of(answer.content)["identity"]


def test_draft_is_written_on_the_tag_of_its_private_read(writer: Writer) -> None:
    draft = make_post(author=writer.author, status="draft")
    tag = writer.get(f"{DRAFTS}{draft.pk}/")["ETag"]
    assert writer.patch(f"{POSTS}{draft.pk}/", {"title": "New"}, **{"If-Match": tag}).status_code == 200
    assert_problem(writer.post(f"{POSTS}{draft.pk}/publish/", **{"If-Match": tag}), 412)


def test_comment_is_written_on_its_own_tag(writer: Writer, post: Post) -> None:
    url = f"/api/v1/comments/{make_comment(post=post, author=writer.author).pk}/"
    tag = tags_of(writer.get(url).content)["identity"]
    assert writer.put(url, {"body": "x"}, **{"If-Match": tag}).status_code == 200
    assert_problem(writer.put(url, {"body": "y"}, **{"If-Match": tag}), 412)
    assert_problem(writer.delete(url, **{"If-Match": tag}), 412)


@pytest.mark.parametrize("field", ["*", "{tag}", "W/{tag}"])
def test_if_none_match_on_what_is_there_is_412(writer: Writer, url: str, field: str) -> None:
    sent = field.format(tag=tags_of(writer.get(url).content)["identity"])
    assert_problem(writer.patch(url, {"title": "New"}, **{"If-None-Match": sent}), 412)
    assert_problem(writer.delete(url, **{"If-None-Match": sent}), 412)
    assert writer.patch(url, {"title": "New"}, **{"If-None-Match": OTHER}).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(-1, 412), (0, 412), (1, 200), (60, 200)])
def test_if_unmodified_since_is_a_look_at_the_last_change(
    writer: Writer,
    post: Post,
    url: str,
    seconds: int,
    status: int,
) -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC)
    Post.objects.filter(pk=post.pk).update(updated_at=moment)
    date = http_date(int(moment.timestamp()) + seconds).decode()
    assert writer.patch(url, {"title": "New"}, **{"If-Unmodified-Since": date}).status_code == status


def test_if_match_decides_alone_where_both_are_sent(writer: Writer, url: str) -> None:
    tag = tags_of(writer.get(url).content)["identity"]
    old = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert (
        writer.patch(url, {"title": "a"}, **{"If-Match": tag, "If-Unmodified-Since": old}).status_code == 200
    )


def test_date_that_is_none_is_ignored(writer: Writer, url: str) -> None:
    assert writer.patch(url, {"title": "New"}, **{"If-Unmodified-Since": "yesterday"}).status_code == 200


def test_what_would_fail_anyway_fails_as_it_would(writer: Writer, stranger: Writer, url: str) -> None:
    stale = {"If-Match": OTHER}
    assert_problem(writer.patch(f"{POSTS}999/", {}, **stale), 404)
    assert_problem(stranger.patch(url, {}, **stale), 403)
    assert_problem(writer.client.patch(url, "{", content_type="application/json", headers=stale), 400)
    assert_problem(writer.client.patch(url, "x", content_type="text/plain", headers=stale), 415)
    assert_problem(writer.post(url, {}, **stale), 405)
    assert_problem(make_writer(is_author=False).patch(url, {}, **stale), 403)


def test_precondition_is_looked_at_before_the_members(writer: Writer, url: str) -> None:
    assert_problem(writer.patch(url, {"title": 5}, **{"If-Match": OTHER}), 412)
    assert_problem(writer.patch(url, {"title": 5}, **{"If-Match": "*"}), 400)


def test_addition_to_a_list_may_name_the_list_it_was_written_for(
    writer: Writer, post: Post, url: str
) -> None:
    body = {"title": "New", "body": "<p>x</p>", "category": post.category_id}
    for target, members in ((POSTS, body), (f"{url}comments/", {"body": "x"})):
        tag = tags_of(writer.get(target).content)["identity"]
        assert_problem(writer.post(target, members, **{"If-Match": OTHER}), 412)
        assert_problem(writer.post(target, members, **{"If-None-Match": "*"}), 412)
        assert writer.post(target, members, **{"If-Match": tag}).status_code == 201
    assert_problem(writer.post(f"{url}comments/", {"body": "x"}, **{"If-Match": tag}), 412)


# Where every write must be conditional


@pytest.fixture
def _conditional_only(settings: Any) -> None:
    settings.READPATH = {**settings.READPATH, "REQUIRE_IF_MATCH": True}


@pytest.mark.usefixtures("_conditional_only")
def test_write_without_if_match_is_428_where_it_must_have_one(writer: Writer, post: Post, url: str) -> None:
    comment = f"/api/v1/comments/{make_comment(post=post, author=writer.author).pk}/"
    for target in (url, comment):
        assert_problem(writer.put(target, {"body": "x"}), 428)
        assert_problem(writer.patch(target, {"body": "x"}), 428)
        assert_problem(writer.delete(target), 428)
        tag = tags_of(writer.get(target).content)["identity"]
        assert writer.patch(target, {"body": "x"}, **{"If-Match": tag}).status_code == 200


@pytest.mark.usefixtures("_conditional_only")
def test_what_is_not_there_yet_needs_no_if_match(writer: Writer, post: Post, url: str) -> None:
    body = {"title": "New", "body": "<p>x</p>", "category": post.category_id}
    assert writer.post(POSTS, body).status_code == 201
    assert writer.post(f"{url}comments/", {"body": "x"}).status_code == 201
    assert writer.put(f"{url}like/").status_code == 200
    assert writer.post(f"{url}archive/").status_code == 200


@pytest.mark.usefixtures("_conditional_only")
def test_missing_and_foreign_things_say_so_first(writer: Writer, stranger: Writer, url: str) -> None:
    assert_problem(writer.patch(f"{POSTS}999/", {}), 404)
    assert_problem(stranger.patch(url, {}), 403)


# Private reads


def test_private_read_is_conditional_too(writer: Writer) -> None:
    url = f"{DRAFTS}{make_post(author=writer.author, status='draft').pk}/"
    tag = writer.get(url)["ETag"]
    unchanged = writer.get(url, **{"If-None-Match": f"W/{tag}"})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", tag)
    assert unchanged["Cache-Control"] == "private, no-store"
    assert writer.get(url, **{"If-None-Match": OTHER}).status_code == 200
    assert_problem(writer.get(url, **{"If-Match": OTHER}), 412)


def test_schedule_that_came_makes_the_private_tag_an_old_one(writer: Writer) -> None:
    post = make_post(author=writer.author, published_at=timezone.now() + timedelta(days=1))
    tag = writer.get(f"{DRAFTS}{post.pk}/")["ETag"]
    Post.objects.filter(pk=post.pk).update(published_at=timezone.now() - timedelta(days=1))
    assert_problem(writer.patch(f"{POSTS}{post.pk}/", {"title": "New"}, **{"If-Match": tag}), 412)
