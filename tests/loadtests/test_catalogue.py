"""What there is to ask for is found by following the links of the public lists."""

import pytest

from loadtests.catalogue import Catalogue, NothingThereError, walk

FIRST_POSTS = "/api/v1/posts/?ordering=-view_count&limit=100&fields=id,title"
PAGES = {
    FIRST_POSTS: {"next": "/two", "results": [{"id": 7, "title": "Seven"}, {"id": 3, "title": "Three"}]},
    "/two": {"next": None, "results": [{"id": 5, "title": "Five"}]},
    "/api/v1/tags/?ordering=-post_count&limit=100&fields=slug": {"next": None, "results": [{"slug": "ale"}]},
    "/api/v1/categories/?ordering=-post_count&limit=100&fields=slug": {"next": None, "results": []},
}


def test_posts_come_in_the_order_of_their_views_over_all_pages():
    found = walk(PAGES.__getitem__)

    assert found == Catalogue([7, 3, 5], ["Seven", "Three", "Five"], ["ale"], [])


def test_the_walk_ends_where_it_is_told_to():
    asked = []

    def fetch(path):
        asked.append(path)
        return PAGES[path]

    assert walk(fetch, most=2).posts == [7, 3]
    assert "/two" not in asked


def test_a_service_without_posts_is_said_to_have_none():
    with pytest.raises(NothingThereError, match="no public post"):
        walk(lambda _: {"next": None, "results": []})


def test_what_was_saved_is_loaded(tmp_path):
    found = walk(PAGES.__getitem__)
    found.save(tmp_path / "catalogue.json")

    assert Catalogue.load(tmp_path / "catalogue.json") == found
