"""The views that we are compared with show what the API shows, as their documentation has them written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import Post, PostTag
from benchmarks.ladder.answers import comparable
from benchmarks.ladder.paths import paths
from tests.factories import FIRST_MOMENT, make_author, make_category, make_post, make_tag

pytestmark = pytest.mark.django_db

_POSTS = 250  # Pages enough that a tenth of them is one.


@pytest.fixture
def _posts() -> None:
    author, category = make_author(), make_category()
    tags = [make_tag(name=name) for name in ("beta", "alpha")]
    posts = Post.objects.bulk_create(
        Post(
            author=author,
            category=category,
            title=f"Post {number}",
            slug=f"one-of-many-{number}",
            status=Post.Status.PUBLISHED,
            published_at=FIRST_MOMENT + timedelta(minutes=number // 2),  # In pairs, told apart by id.
        )
        for number in range(_POSTS)
    )
    PostTag.objects.bulk_create(PostTag(post=post, tag=tag) for post in posts[::2] for tag in tags)
    make_post(published_at=timezone.now() + timedelta(days=1), author=author, category=category)


def _shown(client: APIClient, settings: Any, urlconf: str, path: str) -> Any:
    settings.ROOT_URLCONF = urlconf
    response = client.get(path)
    assert response.status_code == 200, response.content
    return comparable(response.content)


@pytest.mark.usefixtures("_posts")
def test_every_view_shows_the_second_page_as_the_api_does(client: APIClient, settings: Any) -> None:
    found = paths()
    expected = _shown(client, settings, "settings.urls", found.pages[0])
    views = "benchmarks.ladder.views"
    assert len(expected) == 20
    assert _shown(client, settings, f"{views}.optimized", found.pages[0]) == expected
    assert _shown(client, settings, f"{views}.optimized", found.numbered("/numbered/")[0]) == expected
    assert _shown(client, settings, f"{views}.naive", found.numbered("/api/v1/posts/")[0]) == expected


@pytest.mark.usefixtures("_posts")
def test_every_view_shows_a_post_as_the_api_does(client: APIClient, settings: Any) -> None:
    path = paths().details[0]
    expected = _shown(client, settings, "settings.urls", path)
    assert "body" in expected
    for rung in ("naive", "optimized"):
        assert _shown(client, settings, f"benchmarks.ladder.views.{rung}", path) == expected


@pytest.mark.usefixtures("_posts")
def test_the_paths_are_those_that_a_client_walks_through(client: APIClient) -> None:
    found = paths()
    following, walked = "/api/v1/posts/", []
    while following:
        following = client.get(following).json()["next"]
        walked.append(following)
    whole = [*found.pages, *found.warm_pages]
    assert whole == walked[: len(whole)]
    assert len(whole) == _POSTS // 20 - 1  # But for the first page, and for the last, which is short.
    assert list(found.numbers) == list(range(2, 2 + len(found.pages)))


@pytest.mark.usefixtures("_posts")
def test_what_warms_up_is_not_what_is_measured() -> None:
    found = paths()
    assert not {*found.pages} & {*found.warm_pages}
    assert not {*found.details} & {*found.warm_details}
    assert found.warm_pages
    assert found.warm_details
