"""Every answer says for how long it may be kept, and by whom; none leaves that to be guessed.

Rows C1 to C12 and C14 of the HTTP contract.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.http.assertions import (
    assert_cache_status,
    assert_every_answer,
    assert_full_response,
    assert_problem,
    directives,
    lifetimes,
)
from tests.http.content import LIST, POST, ROUTES, Library
from tests.http.reading import read_into_memory
from tests.http.wire import ask
from tests.server import Server
from tests.writer import Writer

# max-age for browsers and for edges, then the two stale lifetimes, in seconds.
FIRST_PAGE = (5, 60, 590, 86_390)
DEEPER_PAGE = (5, 60, 3_000, 85_800)
TRENDING = (5, 60, 570, 86_370)
DETAIL = (5, 60, 3_540, 86_340)
NOT_FOUND = (5, 60, 50, 50)

POLICIES = {
    "post-list": FIRST_PAGE,
    "post-trending": TRENDING,
    "post-detail": DETAIL,
    "post-comments": FIRST_PAGE,
    "comment-detail": DETAIL,
    "author-list": FIRST_PAGE,
    "author-detail": DETAIL,
    "category-list": FIRST_PAGE,
    "category-detail": DETAIL,
    "tag-list": FIRST_PAGE,
    "tag-detail": DETAIL,
}


def assert_policy(
    response: httpx.Response, policy: tuple[int, int, int, int], *, public: bool = False
) -> None:
    """Assert that all three fields say exactly what the policy says."""
    browser, edge, stale, on_error = policy
    said = "max-age={}, stale-while-revalidate={}, stale-if-error={}"
    before = "public, " if public else ""
    assert response.headers["cache-control"] == before + said.format(browser, stale, on_error)
    assert response.headers["cdn-cache-control"] == before + said.format(edge, stale, on_error)
    assert response.headers["surrogate-control"] == said.format(edge, stale, on_error)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ROUTES)
def test_c3_c5_every_route_says_what_its_policy_is(
    name: str, method: str, library: Library, http: httpx.Client
) -> None:
    assert_policy(http.request(method, library.url(ROUTES[name])), POLICIES[name])


def test_c3_pages_behind_the_first_are_kept_for_longer(library: Library, http: httpx.Client) -> None:
    assert_policy(http.get(http.get(LIST).json()["next"]), DEEPER_PAGE)


@pytest.mark.parametrize("name", ROUTES)
def test_c2_c4_lifetimes_are_bare_integers_given_once(
    name: str, library: Library, http: httpx.Client
) -> None:
    response = http.get(library.url(ROUTES[name]))
    said = directives(response.headers["cache-control"])
    assert set(said) == {"max-age", "stale-while-revalidate", "stale-if-error"}
    assert "s-maxage" not in response.headers["cache-control"]
    for field in ("cdn-cache-control", "surrogate-control"):
        assert set(lifetimes(response.headers[field])) == set(said)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/"),
        ("GET", "/favicon.ico"),
        ("GET", "/robots.txt"),
        ("GET", "/admin/"),
        ("GET", "/admin/login/"),
        ("GET", "/static/nothing.css"),
        ("GET", "/api/"),
        ("GET", "/api/docs/"),
        ("GET", "/api/schema/"),
        ("GET", "/api/v1/"),
        ("GET", "/api/v1/drafts/"),
        ("GET", "/api/v1/drafts/draft/"),
        ("GET", "/api/v1/posts"),
        ("GET", "/api/v1/posts/?x=1"),
        ("GET", "/healthz/live"),
        ("GET", "/healthz/ready"),
        ("HEAD", "/healthz/live"),
        ("OPTIONS", LIST),
        ("OPTIONS", "/api/v1/nothing/"),
        ("POST", "/api/v1/nothing/"),
        ("POST", LIST),
        ("DELETE", LIST),
    ],
)
def test_c1_c6_c8_c9_no_answer_leaves_its_freshness_to_be_guessed(
    method: str, url: str, library: Library, http: httpx.Client
) -> None:
    response = http.request(method, url)
    directives(response.headers["cache-control"])
    assert parsedate_to_datetime(response.headers["date"])
    if not url.startswith("/admin/"):  # It has a session.
        assert "expires" not in response.headers
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize("headers", [{}, {"Cookie": "sessionid=x; csrftoken=y"}])
@pytest.mark.parametrize("name", ROUTES)
def test_c6_c9_the_read_api_sets_no_cookie_and_no_expires(
    name: str, headers: dict[str, str], library: Library, http: httpx.Client
) -> None:
    assert_every_answer(http.get(library.url(ROUTES[name]), headers=headers))


@pytest.mark.parametrize("name", ROUTES)
def test_c7_what_is_vouched_for_at_this_moment_has_no_age(
    name: str, library: Library, http: httpx.Client
) -> None:
    for _ in range(3):
        assert "age" not in http.get(library.url(ROUTES[name])).headers


@pytest.mark.parametrize("authorization", ["Token {token}", "Token wrong", "Basic eDp5", "Bearer x", ""])
@pytest.mark.parametrize("name", ROUTES)
def test_c10_credentials_change_neither_bytes_nor_tag_of_a_public_read(
    name: str, authorization: str, library: Library, http: httpx.Client
) -> None:
    url = library.url(ROUTES[name])
    anonymous = http.get(url)
    response = http.get(url, headers={"Authorization": authorization.format(token=library.token)})
    assert_full_response(response)
    assert response.content == anonymous.content
    assert response.headers["etag"] == anonymous.headers["etag"]
    assert_policy(response, POLICIES[name], public=True)


@pytest.mark.parametrize("url", ["/api/v1/drafts/", "/api/v1/drafts/draft/", "/api/v1/drafts/nothing/"])
def test_c10_what_is_private_says_so_twice(url: str, library: Library, http: httpx.Client) -> None:
    for headers in ({}, library.authorization, {"Authorization": "Token wrong"}):
        response = http.get(url, headers=headers)
        assert set(directives(response.headers["cache-control"])) == {"private", "no-store"}
        assert "cdn-cache-control" not in response.headers
        assert "surrogate-control" not in response.headers
    assert http.get("/api/v1/drafts/draft/", headers=library.authorization).json()["slug"] == "draft"


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/posts/999999/",
        "/api/v1/posts/nothing/",
        "/api/v1/posts/draft/",
        "/api/v1/authors/nothing/",
        "/api/v1/posts/?author=nothing",
        "/api/v1/posts/?tag=999999",
        "/api/v1/posts/999999/comments/",
        "/api/v1/comments/999999/",
    ],
)
def test_c11_a_404_is_kept_for_a_short_while(url: str, library: Library, http: httpx.Client) -> None:
    response = http.get(url)
    assert_problem(response, 404, stored=True)
    assert_full_response(response, status=404)
    assert_policy(response, NOT_FOUND)
    assert_cache_status(http.get(url), hit=True)


@pytest.mark.parametrize("by", ["pk", "slug"])
def test_c11_a_404_is_gone_as_soon_as_the_thing_is_there(
    by: str, library: Library, writer: Writer, http: httpx.Client
) -> None:
    names = writer.run(
        "last = Post.objects.latest('pk').pk; result = dict(pk=last + 1, slug=f'soon-{last + 1}')"
    )
    url = f"/api/v1/posts/{names[by]}/"
    assert read_into_memory(http, url).status_code == 404
    writer.run(f"factories.make_post(pk={names['pk']}, slug='{names['slug']}')")
    writer.settle()
    assert http.get(url).status_code == 200


@pytest.mark.parametrize(
    ("sent", "location"),
    [
        ("/api/v1/posts", "/api/v1/posts/"),
        ("/api/v1/posts?limit=5", "/api/v1/posts/?limit=5"),
        ("/api/v1/posts/ale-1", "/api/v1/posts/ale-1/"),
        ("/api/v1/posts/%61le-1/", "/api/v1/posts/ale-1/"),
        ("/api/v1/po%73ts?limit=5", "/api/v1/posts/?limit=5"),
    ],
)
def test_c12_a_redirect_is_kept_for_a_day(sent: str, location: str, library: Library, server: Server) -> None:
    answer = ask(server, sent)
    assert answer.status == 308
    assert answer.get("location") == location
    assert answer.get("cache-control") == "max-age=86400"
    assert answer.content == b""
    assert_every_answer(answer)
    assert ask(server, location).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-cache"},
        {"Cache-Control": "max-age=0"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": "only-if-cached"},
        {"Pragma": "no-cache"},
        {"Cache-Control": "no-cache", "Pragma": "no-cache", "If-None-Match": '"x"'},
    ],
    ids=str,
)
def test_c14_a_client_cannot_have_the_store_bypassed(
    headers: dict[str, str], library: Library, http: httpx.Client
) -> None:
    url = library.url(POST)
    read_into_memory(http, url)
    for _ in range(20):
        assert_cache_status(http.get(url, headers=headers), hit=True)
