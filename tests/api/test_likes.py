"""An author likes a post or does not, however often that is said."""

from __future__ import annotations

import pytest

from api.counters import reconcile
from api.models import Like, Post
from tests.api.writers import POSTS, Writer, assert_counters_are_right, assert_problem
from tests.factories import make_post


@pytest.fixture
def url(db: None) -> str:
    post = make_post()
    reconcile()
    return f"{POSTS}{post.pk}/"


def test_liking_twice_counts_once(writer: Writer, url: str) -> None:
    for _ in range(2):
        response = writer.put(f"{url}like/")
        assert (response.status_code, response.json()) == (200, {"liked": True, "like_count": 1})
        assert_counters_are_right()
    assert response["Cache-Control"] == "no-store"


def test_unliking_twice_counts_once(writer: Writer, stranger: Writer, url: str) -> None:
    stranger.put(f"{url}like/")
    writer.put(f"{url}like/")
    for _ in range(2):
        assert writer.delete(f"{url}like/").json() == {"liked": False, "like_count": 1}
        assert_counters_are_right()


def test_like_shows_on_the_post_and_does_not_date_it(writer: Writer, url: str) -> None:
    before = writer.get(url).json()
    writer.put(f"{url}like/")
    after = writer.get(url).json()
    assert after == {**before, "like_count": 1}


def test_post_may_be_named_by_its_slug(writer: Writer, url: str) -> None:
    slug = writer.get(url).json()["slug"]
    assert writer.put(f"{POSTS}{slug}/like/").json()["liked"]


@pytest.mark.parametrize("hidden", [{"status": "draft"}, {"status": "archived"}])
def test_nobody_likes_what_the_public_does_not_see(writer: Writer, hidden: dict[str, str]) -> None:
    post = make_post(author=writer.author, **hidden)
    assert_problem(writer.put(f"{POSTS}{post.pk}/like/"), 404)
    assert not Like.objects.exists()


def test_precondition_of_a_like_is_about_the_like(writer: Writer, url: str) -> None:
    assert_problem(writer.delete(f"{url}like/", **{"If-Match": "*"}), 412)
    assert writer.put(f"{url}like/", **{"If-None-Match": "*"}).status_code == 200
    assert_problem(writer.put(f"{url}like/", **{"If-None-Match": "*"}), 412)
    assert writer.delete(f"{url}like/", **{"If-Match": "*"}).status_code == 200


def test_like_takes_no_members(writer: Writer, url: str) -> None:
    assert writer.put(f"{url}like/", {}).status_code == 200
    assert set(assert_problem(writer.put(f"{url}like/", {"stars": 5}), 400)["errors"]) == {"stars"}


def test_likes_of_a_missing_post_are_404(writer: Writer) -> None:
    for reference in ("999999999999999999", "no-such-post", "trending"):
        assert_problem(writer.put(f"{POSTS}{reference}/like/"), 404)
    assert not Post.objects.exists()
