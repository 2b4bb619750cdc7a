"""Whatever is sent as a body, the answer is a 4xx that nobody keeps, and nothing is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from api.models import Author, Category, Comment, Post
from tests.api.writers import POSTS, Writer, assert_problem
from tests.factories import make_category, make_comment, make_post, make_tag

JSON = "application/json"

NOT_JSON = {
    "nothing closed": b"{",
    "a word": b"beer",
    "single quotes": b"{'title': 'x'}",
    "trailing comma": b'{"title": "x",}',
    "two documents": b"{}{}",
    "NaN": b'{"title": NaN}',
    "infinity": b'{"title": Infinity}',
    "not UTF-8": b'{"title": "\xff\xfe"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "lone surrogate": b'{"title": "\\ud800"}',
    "null byte": b'{"title": "x\x00"}',
    "blanks": b"   ",
    "deep array": b"[" * 100_000,
    "deep closed array": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a megabyte of digits": b'{"title": ' + b"9" * 900_000 + b"x}",
}
NO_OBJECT = {
    "array": b"[]",
    "text": b'"x"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "huge": b"1e400",
}

WRONG_VALUES: dict[str, list[Any]] = {
    "title": [None, 5, 1.5, True, [], {}, "", "   ", "x" * 251, "x\x00y", ["x"], {"x": "y"}],
    "body": [None, 5, True, [], {}, "", "  ", "<script>x()</script>", "<!-- -->", "x\x00y"],
    "excerpt": [None, 5, True, [], {}, "x" * 1001, "x\x00y"],
    "category": [
        None,
        True,
        1.0,
        0,
        -1,
        10**17,
        10**18,
        10**40,
        "",
        "no-such",
        "a b",
        "x\x00",
        [],
        {},
        [1],
        "\u0661",
    ],
    "tags": [
        None,
        "x",
        1,
        {},
        [None],
        [True],
        [1.0],
        [[]],
        [{}],
        ["no-such"],
        [10**17],
        [10**40],
        ["x\x00"],
        list(range(1, 22)),
    ],
    "slug": [None, 5, True, [], {}, "x\x00"],
}
READ_ONLY = [
    "id",
    "url",
    "author",
    "author_id",
    "status",
    "published_at",
    "created_at",
    "updated_at",
    "deleted_at",
    "listed",
    "score",
    "view_count",
    "like_count",
    "comment_count",
    "source_url",
    "licence",
    "text",
    "pk",
    "__class__",
    "",
    "títle",
    "category_id",
]


@pytest.fixture
def good(db: None) -> dict[str, Any]:
    return {
        "title": "Ale",
        "body": "<p>Beer.</p>",
        "category": make_category().slug,
        "tags": [make_tag().slug],
    }


@dataclass(frozen=True)
class Target:
    """An unsafe operation."""

    client: APIClient
    method: str
    url: str

    def send(self, body: bytes, content_type: str = JSON, **environ: Any) -> Any:
        return self.client.generic(self.method, self.url, body, content_type=content_type, **environ)


@pytest.fixture
def targets(writer: Writer) -> list[Target]:
    """Return every unsafe operation."""
    post = make_post(author=writer.author)
    comment = make_comment(post=post, author=writer.author)
    of_post, of_comment = f"{POSTS}{post.pk}/", f"/api/v1/comments/{comment.pk}/"
    operations = (
        ("POST", POSTS),
        *((method, of_post) for method in ("PUT", "PATCH", "DELETE")),
        ("POST", f"{of_post}publish/"),
        ("POST", f"{of_post}archive/"),
        *((method, f"{of_post}like/") for method in ("PUT", "DELETE")),
        ("POST", f"{of_post}comments/"),
        *((method, of_comment) for method in ("PUT", "PATCH", "DELETE")),
    )
    return [Target(writer.client, *operation) for operation in operations]


def content_of_the_database() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Post, Comment, Author, Category)]


def assert_all_refuse(targets: list[Target], status: int, *sent: Any, **environ: Any) -> None:
    before = content_of_the_database()
    for target in targets:
        assert_problem(target.send(*sent, **environ), status)
    assert content_of_the_database() == before


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_body_that_is_not_json_is_400(targets: list[Target], body: bytes) -> None:
    assert_all_refuse(targets, 400, body, JSON)


@pytest.mark.parametrize("body", NO_OBJECT.values(), ids=NO_OBJECT)
def test_body_that_is_no_object_is_400(targets: list[Target], body: bytes) -> None:
    assert_all_refuse(targets, 400, body, JSON)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/merge-patch+json",
        "application/json-seq",
        "*/*",
        "json",
        ";",
        "\u00ff",
    ],
)
def test_body_of_another_type_is_415(targets: list[Target], content_type: str) -> None:
    assert_all_refuse(targets, 415, b'{"title": "x"}', content_type)


def test_body_of_no_type_is_415(targets: list[Target]) -> None:
    assert_all_refuse(targets, 415, b'{"title": "x"}', "")


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=latin-1"],
)
def test_json_is_json_whatever_its_parameters(
    writer: Writer, good: dict[str, Any], content_type: str
) -> None:
    body = orjson.dumps({**good, "title": "Märzen"})
    response = writer.client.post(POSTS, body, content_type=content_type)
    assert response.json()["title"] == "Märzen"


def test_body_that_is_too_long_is_413(targets: list[Target], settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert_all_refuse(targets, 413, b'{"title": "' + b"x" * 1000 + b'"}', JSON)


def test_longest_body_is_still_read(writer: Writer, good: dict[str, Any], settings: Any) -> None:
    body = orjson.dumps(good)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = len(body)
    assert writer.client.post(POSTS, body, content_type=JSON).status_code == 201
    assert_problem(writer.client.post(POSTS, body + b" ", content_type=JSON), 413)


def test_body_of_unannounced_length_is_411_and_not_taken_for_empty(targets: list[Target]) -> None:
    assert_all_refuse(targets, 411, b"{}", JSON, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 5000, " "])
def test_length_that_is_no_number_is_never_a_failure(writer: Writer, length: str) -> None:
    response = writer.client.post(POSTS, b"{}", content_type=JSON, CONTENT_LENGTH=length)
    assert response.status_code in {400, 413}


@pytest.mark.parametrize(
    ("member", "value"),
    [(member, value) for member, values in WRONG_VALUES.items() for value in values],
    ids=repr,
)
def test_value_of_the_wrong_kind_is_refused_by_name(
    targets: list[Target], good: dict[str, Any], member: str, value: Any
) -> None:
    before = content_of_the_database()
    body = dumps({**good, member: value})
    for target in targets[:3]:  # Those that take all members of a post.
        assert set(assert_problem(target.send(body), 400)["errors"]) == {member}
    assert content_of_the_database() == before


@pytest.mark.parametrize("member", READ_ONLY)
def test_member_that_is_not_for_clients_is_refused_by_name(
    targets: list[Target], good: dict[str, Any], member: str
) -> None:
    before = content_of_the_database()
    for target in targets:
        errors = assert_problem(target.send(dumps({**good, member: 1})), 400)["errors"]
        assert member in errors or "/publish/" in target.url
    assert content_of_the_database() == before


def test_many_unknown_members_are_named_in_part(writer: Writer, good: dict[str, Any]) -> None:
    body = dumps({**good, **{f"{'x' * 500}{number}": 1 for number in range(1000)}})
    response = writer.client.post(POSTS, body, content_type=JSON)
    assert_problem(response, 400)
    assert len(response.content) < 2000


def test_empty_body_lacks_what_is_required(writer: Writer) -> None:
    for response in (
        writer.client.post(POSTS),
        writer.client.post(POSTS, b"", content_type=JSON),
        writer.post(POSTS, {}),
    ):
        assert set(assert_problem(response, 400)["errors"]) == {"title", "body", "category"}


def test_write_takes_no_query(writer: Writer, good: dict[str, Any]) -> None:
    assert_problem(writer.post(f"{POSTS}?fields=id", good), 400)


@pytest.mark.parametrize(
    "path",
    ["0/", "007/", "9999999999999999999/", "A/", "a_b/", "-/", "%00/", "a%2Fb/", "\u0661/", "x" * 500 + "/"],
)
def test_path_that_names_no_post_is_404(writer: Writer, path: str) -> None:
    assert writer.patch(f"{POSTS}{path}", {"title": "x"}).status_code == 404
    assert_problem(writer.patch(f"{POSTS}{path}", {"title": "x"}), 404)


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "application/json;q=0", "", "x"])
def test_error_is_a_problem_document_whatever_the_client_accepts(writer: Writer, accept: str) -> None:
    assert_problem(writer.post(POSTS, {}, Accept=accept), 400)


def dumps(document: Any) -> bytes:
    """Spell integers of any size, which orjson does not."""
    return json.dumps(document).encode()
