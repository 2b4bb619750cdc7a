"""A build answers as the API does over HTTP, and from a target alone: nothing of a client can get into it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rest_framework.test import APIClient

from api.builds import PublicReads
from api.routes import PUBLIC_ROUTES
from api.urls import READS
from tests.api.building import build, target_of
from tests.factories import make_author, make_category, make_comment, make_post, make_tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def urls() -> dict[str, list[str]]:
    """Make a little of everything; return what there is to read of each route."""
    author, tag = make_author(slug="ada"), make_tag(slug="ale")
    posts = [make_post(author=author, tags=[tag], slug=f"post-number-{number}") for number in range(4)]
    comment = make_comment(post=posts[0])
    paths = {
        "post-list": ["posts/", "posts/?limit=2", "posts/?author=ada&fields=title", "posts/?tag=none"],
        "post-trending": ["posts/trending/"],
        "post-detail": [f"posts/{posts[0].pk}/", "posts/post-number-1/", "posts/999/"],
        "post-comments": [f"posts/{posts[0].pk}/comments/", "posts/999/comments/"],
        "comment-detail": [f"comments/{comment.pk}/", "comments/999/"],
        "author-list": ["authors/"],
        "author-detail": ["authors/ada/", "authors/nobody/"],
        "category-list": ["categories/?ordering=-post_count"],
        "category-detail": [f"categories/{make_category().pk}/"],
        "tag-list": ["tags/"],
        "tag-detail": ["tags/ale/"],
    }
    return {name: [f"/api/v1/{path}" for path in found] for name, found in paths.items()}


@pytest.mark.parametrize("route", PUBLIC_ROUTES, ids=lambda route: route.name)
def test_it_is_what_the_api_answers_over_http(urls, route):
    for url in urls[route.name]:
        expected, reply = APIClient().get(url), build(url).reply
        assert (reply.status, reply.body) == (expected.status_code, expected.content), url
        assert reply.content_type == expected["Content-Type"]
        link = expected.get("Link")
        assert dict(reply.fields) == ({} if link is None else {b"link": link.encode()})


def test_a_parameter_that_the_view_refuses_is_a_problem(urls):
    target = target_of(build("/api/v1/posts/?limit=2").document["next"])
    reply = PublicReads(READS)(replace(target, values={**target.values, "cursor": "wrong"}))
    assert (reply.status, reply.content_type) == (400, "application/problem+json")


def test_what_a_view_does_not_expect_is_raised(urls, monkeypatch):
    def broken(*given, **segments):
        raise ZeroDivisionError

    monkeypatch.setattr(READS["tag-list"], "respond", broken)
    with pytest.raises(ZeroDivisionError):
        PublicReads(READS)(target_of("/api/v1/tags/"))


def test_a_view_has_no_request_while_it_is_built(urls, monkeypatch):
    seen = []
    respond = READS["tag-list"].respond

    def watched(view, *given, **segments):
        seen.append(view.request)
        return respond(view, *given, **segments)

    monkeypatch.setattr(READS["tag-list"], "request", None, raising=False)
    monkeypatch.setattr(READS["tag-list"], "respond", watched)
    build("/api/v1/tags/")
    assert seen == [None]


@pytest.mark.parametrize(
    ("subdomains", "preload", "expected"),
    [
        (False, False, b"max-age=60"),
        (True, False, b"max-age=60; includeSubDomains"),
        (True, True, b"max-age=60; includeSubDomains; preload"),
    ],
)
def test_every_answer_says_what_django_says_over_tls(urls, settings, subdomains, preload, expected):
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = subdomains
    settings.SECURE_HSTS_PRELOAD = preload
    for url in ("/api/v1/tags/ale/", "/api/v1/tags/nothing/"):
        fields = dict(build(url).reply.fields)
        assert fields == {b"strict-transport-security": expected}
        by_django = APIClient().get(url, secure=True)
        assert by_django["Strict-Transport-Security"].encode() == expected
