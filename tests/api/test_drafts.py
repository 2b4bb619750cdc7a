"""Drafts are their author's: asked for by token, kept by nobody, found by no public read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api import routes
from api.models import Post
from caching.routes import RouteTable
from tests.api.writers import DRAFTS, Writer, assert_problem, make_writer
from tests.factories import make_post, make_tag

TOMORROW = timedelta(days=1)
INDEXES = {
    "draft": "drafts_of_author",
    "archived": "drafts_of_author",
    "scheduled": "author_posts_by_date",
}
NOW = timezone.now()


@pytest.fixture
def shelves(writer: Writer) -> dict[str, list[int]]:
    """Put three posts on each shelf of the writer; return their ids in the order of the list."""
    made = {
        "draft": [make_post(author=writer.author, status="draft").pk for _ in range(3)][::-1],
        "archived": [make_post(author=writer.author, status="archived").pk for _ in range(3)][::-1],
        "scheduled": [make_post(author=writer.author, published_at=NOW + n * TOMORROW).pk for n in (3, 1, 2)],
    }
    made["scheduled"] = [made["scheduled"][index] for index in (1, 2, 0)]
    for hidden in ({"status": "draft", "deleted_at": NOW}, {"status": "archived", "deleted_at": NOW}, {}):
        make_post(author=writer.author, **hidden)
    make_post(status="draft")
    make_post(status="archived")
    make_post(published_at=NOW + TOMORROW)
    return made


def ids(document: dict[str, Any]) -> list[int]:
    return [post["id"] for post in document["results"]]


def assert_private(response: Any) -> None:
    assert response["Cache-Control"] == "private, no-store"
    assert response["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in response
    assert not response.cookies


@pytest.mark.parametrize("status", ["draft", "scheduled", "archived"])
def test_shelf_holds_what_is_the_authors_own(
    writer: Writer, shelves: dict[str, list[int]], status: str
) -> None:
    response = writer.get(f"{DRAFTS}?status={status}")
    assert_private(response)
    assert ids(response.json()) == shelves[status]
    assert {post["status"] for post in response.json()["results"]} == {status}


def test_drafts_are_what_is_shown_unless_asked_for_something_else(
    writer: Writer,
    shelves: dict[str, list[int]],
) -> None:
    assert ids(writer.get(DRAFTS).json()) == shelves["draft"]


@pytest.mark.parametrize("status", ["draft", "scheduled", "archived"])
def test_walk_shows_each_once_forwards_and_backwards(
    writer: Writer,
    shelves: dict[str, list[int]],
    status: str,
) -> None:
    first = f"{DRAFTS}?limit=1&status={status}" if status != "draft" else f"{DRAFTS}?limit=1"
    forwards, url = [], first
    while url:
        page = writer.get(url)
        assert_private(page)
        forwards += ids(page.json())
        last, url = url, page.json()["next"]
    assert forwards == shelves[status]
    backwards, url = [], last
    while url:
        page = writer.get(url)
        backwards += ids(page.json())
        last, url = url, page.json()["previous"]
    assert backwards == shelves[status][::-1]
    assert last == first
    assert f'<{first}>; rel="first"' in page["Link"]


def test_cursor_of_one_shelf_fits_no_other(writer: Writer, shelves: dict[str, list[int]]) -> None:
    cursor = writer.get(f"{DRAFTS}?limit=1").json()["next"].partition("cursor=")[2].partition("&")[0]
    assert_problem(writer.get(f"{DRAFTS}?status=archived&cursor={cursor}"), 400)


@pytest.mark.parametrize(
    "query",
    [
        "status=published",
        "status=draft&status=draft",
        "limit=0",
        "cursor=x",
        "page=2",
        "author=_",
        "utm_source=x",
    ],
)
def test_query_that_names_no_page_is_refused(writer: Writer, query: str) -> None:
    assert_private_problem(writer.get(f"{DRAFTS}?{query}"), 400)


def assert_private_problem(response: Any, status: int) -> None:
    assert_problem(response, status)
    assert_private(response)


def test_draft_shows_all_of_a_post_and_where_it_stands(writer: Writer, client) -> None:
    tag = make_tag()
    draft = make_post(author=writer.author, status="draft", tags=[tag])
    response = writer.get(f"{DRAFTS}{draft.pk}/")
    assert_private(response)
    assert response["Content-Type"] == "application/json"
    Post.objects.filter(pk=draft.pk).update(status="published")
    public = client.get(f"/api/v1/posts/{draft.pk}/").json()
    assert response.json() == {**public, "status": "draft"}
    assert writer.get(f"{DRAFTS}{draft.slug}/").status_code == 404


def test_draft_is_found_by_its_slug(writer: Writer) -> None:
    draft = make_post(author=writer.author, status="draft", slug="not-yet")
    assert writer.get(f"{DRAFTS}not-yet/").content == writer.get(f"{DRAFTS}{draft.pk}/").content


def test_head_of_a_draft_is_its_get_without_a_body(writer: Writer) -> None:
    url = f"{DRAFTS}{make_post(author=writer.author, status='draft').pk}/"
    head, get = writer.client.head(url), writer.get(url)
    assert head.content == b""
    assert {name: value for name, value in head.items() if name != "Content-Length"} == {
        name: value for name, value in get.items() if name != "Content-Length"
    }


def test_public_post_is_no_draft_and_the_answer_says_where_it_is(writer: Writer) -> None:
    post = make_post(author=writer.author)
    problem = assert_problem(writer.get(f"{DRAFTS}{post.pk}/"), 404)
    assert f"/api/v1/posts/{post.pk}/" in problem["detail"]


def test_nobody_else_sees_a_draft(writer: Writer, stranger: Writer, client) -> None:
    draft = make_post(author=writer.author, status="draft")
    url = f"{DRAFTS}{draft.pk}/"
    for address in (url, DRAFTS):
        response = client.get(address)
        assert_private_problem(response, 401)
        assert response["WWW-Authenticate"] == "Token"
        assert_private_problem(make_writer(is_author=False).get(address), 403)
    assert_private_problem(stranger.get(url), 404)
    assert_private_problem(stranger.get(f"{DRAFTS}?author={writer.author.slug}"), 403)
    assert_private_problem(stranger.get(f"{DRAFTS}?author=nobody"), 403)
    assert ids(stranger.get(DRAFTS).json()) == []


def test_staff_see_the_drafts_of_whom_they_name(
    writer: Writer, staff: Writer, shelves: dict[str, list[int]]
) -> None:
    assert ids(staff.get(f"{DRAFTS}?author={writer.author.slug}").json()) == shelves["draft"]
    assert ids(staff.get(f"{DRAFTS}?author={writer.author.pk}&status=archived").json()) == shelves["archived"]
    assert staff.get(f"{DRAFTS}{shelves['draft'][0]}/").status_code == 200
    assert_private_problem(staff.get(f"{DRAFTS}?author=nobody"), 404)
    assert set(assert_problem(staff.get(DRAFTS), 400)["errors"]) == {"author"}


def test_own_name_may_be_given(writer: Writer, shelves: dict[str, list[int]]) -> None:
    assert ids(writer.get(f"{DRAFTS}?author={writer.author.pk}").json()) == shelves["draft"]


def test_preflight_needs_no_token(client) -> None:
    response = client.options(DRAFTS)
    assert (response.status_code, response["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", [DRAFTS, f"{DRAFTS}1/", f"{DRAFTS}not-yet/"])
def test_drafts_are_no_route_of_the_response_cache(path: str) -> None:
    assert RouteTable(routes.PUBLIC_ROUTES).find(path.encode(), b"") is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="another planner prefers a scan of so few rows")
@pytest.mark.parametrize("status", ["draft", "scheduled", "archived"])
def test_shelf_is_a_range_of_an_index_and_a_constant_number_of_queries(
    writer: Writer,
    shelves: dict[str, list[int]],
    status: str,
) -> None:
    def queries(limit: int) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            writer.get(f"{DRAFTS}?status={status}&limit={limit}")
        return [query["sql"] for query in captured]

    assert len(queries(1)) == len(queries(3)) <= 4
    (listing,) = (sql for sql in queries(3) if "LIMIT 4" in sql)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {listing}")
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "TEMP B-TREE" not in plan
    assert f"USING INDEX {INDEXES[status]}" in plan
