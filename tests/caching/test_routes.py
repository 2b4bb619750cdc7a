"""Each public representation lives at one URL; every other spelling leads there or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.freshness import CachePolicy
from caching.parameters import BadParameter, Parameter
from caching.routes import Elsewhere, Route, RouteTable, Target, cache_key

POLICY = CachePolicy(soft_ttl=10, hard_ttl=60, error_ttl=600, browser_ttl=5, edge_ttl=60)
DEEPER = CachePolicy(soft_ttl=100, hard_ttl=600, error_ttl=6000, browser_ttl=5, edge_ttl=600)
NOT_FOUND = CachePolicy(soft_ttl=1, hard_ttl=5, error_ttl=5, browser_ttl=0, edge_ttl=5)


def only_one_filter(path, values):
    if "tag" in values and "author" in values:
        raise BadParameter("tag", f"{path} takes one filter at a time")


LIST = Route(
    "post-list",
    "/api/v1/posts/",
    POLICY,
    NOT_FOUND,
    parameters=(
        Parameter("limit", str, default="20"),
        Parameter("tag", str),
        Parameter("author", str),
        Parameter("cursor", str),
    ),
    deeper_policy=DEEPER,
    check=only_one_filter,
)
TRENDING = Route("post-trending", "/api/v1/posts/trending/", POLICY, NOT_FOUND)
DETAIL = Route("post-detail", "/api/v1/posts/{reference}/", POLICY, NOT_FOUND)
COMMENTS = Route("post-comments", "/api/v1/posts/{id}/comments/", POLICY, NOT_FOUND)
TABLE = RouteTable([LIST, TRENDING, DETAIL, COMMENTS])


@pytest.mark.parametrize(
    ("path", "query", "route", "key"),
    [
        pytest.param(b"/api/v1/posts/", b"", LIST, b"/api/v1/posts/", id="list"),
        pytest.param(
            b"/api/v1/posts/", b"tag=ipa&limit=5", LIST, b"/api/v1/posts/?limit=5&tag=ipa", id="Y5: sorted"
        ),
        pytest.param(b"/api/v1/posts/", b"limit=20", LIST, b"/api/v1/posts/", id="Y5: default dropped"),
        pytest.param(
            b"/api/v1/posts/trending/", b"", TRENDING, b"/api/v1/posts/trending/", id="first route wins"
        ),
        pytest.param(b"/api/v1/posts/42/", b"", DETAIL, b"/api/v1/posts/42/", id="detail by id"),
        pytest.param(
            b"/api/v1/posts/dark-beer/", b"", DETAIL, b"/api/v1/posts/dark-beer/", id="detail by slug"
        ),
        pytest.param(
            b"/api/v1/posts/1-2/", b"", DETAIL, b"/api/v1/posts/1-2/", id="slug of digits and a hyphen"
        ),
        pytest.param(
            b"/api/v1/posts/42/comments/", b"", COMMENTS, b"/api/v1/posts/42/comments/", id="comments"
        ),
    ],
)
def test_public_read_is_found_under_its_key(path, query, route, key):
    found = TABLE.find(path, query)

    assert isinstance(found, Target)
    assert found.route is route
    assert found.key == key
    assert found.path.encode() == path


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        pytest.param(b"/api/v1/posts", b"", "/api/v1/posts/", id="Y6: no final slash"),
        pytest.param(
            b"/api/v1/posts", b"tag=ipa", "/api/v1/posts/?tag=ipa", id="Y6: no final slash, with a query"
        ),
        pytest.param(
            b"/api/v1/posts/dark%2Dbeer/", b"", "/api/v1/posts/dark-beer/", id="Y6: needless encoding"
        ),
        pytest.param(b"/api/v1/%70osts/4%32", b"a=%0d", "/api/v1/posts/42/?a=%0d", id="Y6: both at once"),
    ],
)
def test_another_spelling_of_the_path_leads_to_the_canonical_one(path, query, location):
    assert TABLE.find(path, query) == Elsewhere(location)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(b"/", id="root"),
        pytest.param(b"", id="empty"),
        pytest.param(b"*", id="asterisk form"),
        pytest.param(b"/api/v1/drafts/", id="a private path"),
        pytest.param(b"/API/v1/posts/", id="Y6: other case"),
        pytest.param(b"//api/v1/posts/", id="Y6: two slashes in front"),
        pytest.param(b"/api/v1//posts/", id="Y6: two slashes within"),
        pytest.param(b"/api/v1/posts/./", id="Y6: dot segment"),
        pytest.param(b"/api/v1/posts/Dark-Beer/", id="slug in upper case"),
        pytest.param(b"/api/v1/posts/-beer/", id="slug that begins with a hyphen"),
        pytest.param(b"/api/v1/posts/a--b/", id="slug with two hyphens"),
        pytest.param(b"/api/v1/posts/007/", id="id with leading zeros"),
        pytest.param(b"/api/v1/posts/0/", id="id 0"),
        pytest.param(b"/api/v1/posts/1234567890123456789/", id="id that is too long for any database"),
        pytest.param(b"/api/v1/posts/beer/comments/", id="slug where an id belongs"),
        pytest.param(b"/api/v1/posts/42%0a/", id="line break"),
        pytest.param(b"/api/v1/posts/42/%00", id="NUL"),
        pytest.param("/api/v1/posts/٤٢/".encode(), id="other digits"),
        pytest.param(b"/api/v1/posts/%ff/", id="not UTF-8"),
    ],
)
def test_everything_else_is_no_public_read(path):
    assert TABLE.find(path, b"") is None


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        pytest.param(b"/api/v1/posts/", b"utm=1", "unknown parameter 'utm'", id="Y5: unknown parameter"),
        pytest.param(b"/api/v1/posts/42/", b"limit=5", "takes: none", id="Y5: parameter of another route"),
        pytest.param(
            b"/api/v1/posts/", b"tag=a&author=1", "/api/v1/posts/ takes one", id="together they make no sense"
        ),
        pytest.param(b"/api/v1/posts", b"a=\xff", "percent-encoded", id="R3: redirect that is not ASCII"),
        pytest.param(
            b"/api/v1/posts", b"a=\x01", "percent-encoded", id="R3: redirect with a control character"
        ),
        pytest.param(
            b"/api/v1/posts", b"a=b\r\nx: y", "percent-encoded", id="R3: redirect with a line break"
        ),
    ],
)
def test_a_query_that_names_no_representation_is_refused(path, query, message):
    with pytest.raises(BadParameter, match=message):
        TABLE.find(path, query)


@pytest.mark.parametrize(
    ("status", "values", "expected"),
    [
        pytest.param(200, {}, POLICY, id="first page"),
        pytest.param(200, {"cursor": "x"}, DEEPER, id="P10: deeper page"),
        pytest.param(404, {}, NOT_FOUND, id="C11: nothing there"),
        pytest.param(404, {"cursor": "x"}, NOT_FOUND, id="C11: nothing there, deeper"),
    ],
)
def test_status_and_depth_decide_the_policy(status, values, expected):
    assert LIST.policy_for(status, values) is expected


def test_depth_does_not_matter_without_a_policy_for_it():
    assert DETAIL.policy_for(200, {"cursor": "x"}) is POLICY


def test_key_is_the_url_as_bytes():
    assert cache_key("/api/v1/posts/", {"tag": "é", "limit": "5"}) == b"/api/v1/posts/?limit=5&tag=%C3%A9"


PATHS = st.binary(max_size=30) | st.text("/apiv1posts%2f.-042", max_size=30).map(
    lambda tail: b"/api/v1/posts/" + tail.encode()
)


@given(PATHS, st.binary(max_size=30))
def test_any_request_has_a_key_that_leads_back_to_it_or_a_place_to_go(path, query):
    try:
        found = TABLE.find(path, query)
    except BadParameter:
        return
    if isinstance(found, Target):
        canonical_path, _, canonical_query = found.key.partition(b"?")
        assert TABLE.find(canonical_path, canonical_query) == found
    elif isinstance(found, Elsewhere):
        assert found.location.startswith("/api/")
        assert found.location.isascii()
        assert found.location.isprintable()
        target = found.location.partition("?")[0].encode()
        assert isinstance(TABLE.find(target, b""), Target)
