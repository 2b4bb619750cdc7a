"""Each parameter has one spelling per meaning; everything else is refused with words for the client."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import params, routes
from caching.parameters import BadParameter
from caching.routes import cache_key
from querysets import projections

POSTS = "/api/v1/posts/"


def values(query: str, route=routes.POST_LIST, path: str = POSTS) -> dict[str, str]:
    return route.values(path, query.encode())


@pytest.mark.parametrize(
    "query", ["limit=20", "ordering=-published_at", "fields=" + ",".join(reversed(projections.POST_LIST))]
)
def test_a_default_is_dropped(query):
    assert values(query) == {}


@pytest.mark.parametrize("limit", ["1", "5", "100"])
def test_limits_within_the_range_are_kept(limit):
    assert values(f"limit={limit}") == {"limit": limit}


@pytest.mark.parametrize(
    "limit",
    ["0", "-1", "101", "05", "abc", "", "5.0", "1e1", "%2B5", "٣", "99999999999999999999", " 5", "5_0"],
)
def test_other_limits_are_refused_and_not_clamped(limit):
    with pytest.raises(BadParameter, match="limit: need an integer from 1 to 100"):
        values(f"limit={limit}")


def test_fields_are_brought_into_the_order_of_the_serializer():
    assert values("fields=title,id") == {"fields": "id,title"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("title,nope", "no field 'nope'; the fields are id, url, slug"),
        ("title,title", "each field may be named once"),
        ("", "no field ''"),
        ("title,", "no field ''"),
        ("body", "no field 'body'"),
        ("author.name", "no field 'author.name'"),
        ("Title", "no field 'Title'"),
    ],
)
def test_other_fields_are_refused_with_the_list_of_known_ones(fields, message):
    with pytest.raises(BadParameter, match=re.escape(message)):
        values(f"fields={fields}")


@pytest.mark.parametrize("ordering", ["title", "", "-", "--score", "score,id", "-published_at,score", "id"])
def test_an_order_that_is_not_offered_is_refused_with_those_that_are(ordering):
    with pytest.raises(
        BadParameter, match="need one of -published_at, published_at, -score, score, -view_count, view_count"
    ):
        values(f"ordering={ordering}")


@pytest.mark.parametrize("days", ["0", "2", "365", "x", "07"])
def test_other_days_are_refused(days):
    with pytest.raises(BadParameter, match="days: need one of 1, 7, 30"):
        values(f"days={days}", routes.POST_TRENDING, "/api/v1/posts/trending/")


@pytest.mark.parametrize("reference", ["7", "jane-doe", "7-eleven", "a"])
def test_filters_take_an_id_or_a_slug(reference):
    assert values(f"author={reference}") == {"author": reference}


@pytest.mark.parametrize(
    "reference",
    ["", "07", "0", "Jane", "jane_doe", "-jane", "jane-", "a--b", "1" * 19, "a" * 81, "é", "../x"],
)
def test_other_references_are_refused(reference):
    with pytest.raises(BadParameter, match="author: need an id or a slug"):
        values(f"author={reference}")


def test_the_words_of_a_search_are_sorted_folded_and_named_once():
    assert values("search=Pale%20%20ALE+pale") == {"search": "ale pale"}
    assert values("search=a\u0308") == {"search": "ä"}
    assert values("search=ale+%26+%22-%22") == {"search": "ale"}


@pytest.mark.parametrize("search", ["", "+", "%22%22", "---", "+%2B+%26+"])
def test_a_search_without_a_word_is_refused(search):
    with pytest.raises(BadParameter, match="search: need at least one word"):
        values(f"search={search}")


def test_a_search_has_an_end():
    assert values("search=" + "a" * 100)
    with pytest.raises(BadParameter, match="need at most 100 characters, got 101"):
        values("search=" + "a" * 101)


@given(st.text(max_size=100))
def test_a_canonical_search_is_its_own_canonical_spelling(text):
    canonical = params.search().canonical
    try:
        once = canonical(text)
    except ValueError:
        return
    assert canonical(once) == once


@pytest.mark.parametrize(
    "query",
    [
        "author=7&tag=3",
        "author=7&category=1",
        "category=1&tag=3",
        "search=ale&tag=3",
        "author=7&category=1&tag=3",
    ],
)
def test_one_filter_at_a_time(query):
    with pytest.raises(BadParameter, match="one filter at a time: got"):
        values(query)


def test_a_search_has_no_other_order():
    with pytest.raises(BadParameter, match="newest first"):
        values("search=ale&ordering=-score")


@pytest.mark.parametrize(
    "query", ["utm_source=x", "limit=5&limit=5", "page=2", "offset=20", "limit", "=5", "limit=%zz", "Limit=5"]
)
def test_unknown_repeated_and_malformed_parameters_are_refused(query):
    with pytest.raises(BadParameter):
        values(query)


def test_the_cache_key_is_sorted_and_minimal():
    found = values("tag=ipa&ordering=-score&limit=20&fields=title,id")
    assert cache_key(POSTS, found) == b"/api/v1/posts/?fields=id,title&ordering=-score&tag=ipa"


@pytest.mark.parametrize("route", routes.PUBLIC_ROUTES, ids=lambda route: route.name)
def test_every_parameter_of_every_route_is_described_for_openapi(route):
    for parameter in route.parameters:
        assert isinstance(parameter, params.Described)
        assert parameter.description
        assert parameter.schema["type"] in {"string", "integer", "array"}
        if parameter.default is not None:
            assert parameter.canonical(parameter.default) == parameter.default


def test_a_word_that_is_a_page_of_its_own_is_found_before_slugs():
    names = [route.name for route in routes.PUBLIC_ROUTES if route.matches("/api/v1/posts/trending/")]
    assert names == ["post-trending", "post-detail"]
