"""Others keep an answer as long as its policy says, and never past the moment at which it changes."""

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.cache_control import NO_STORE, PRIVATE, freshness_fields
from caching.freshness import CachePolicy

POLICY = CachePolicy(soft_ttl=10, hard_ttl=70, error_ttl=3610, browser_ttl=5, edge_ttl=60)
NAMES = ["cache-control", "cdn-cache-control", "surrogate-control"]


def told(policy=POLICY, remaining=None):
    return {name.decode(): value.decode() for name, value in freshness_fields(policy, remaining=remaining)}


def lifetimes(value):
    return {name: int(seconds) for name, _, seconds in (part.partition("=") for part in value.split(", "))}


@pytest.mark.parametrize(
    ("remaining", "for_browsers", "for_edges"),
    [
        pytest.param(
            None,
            "max-age=5, stale-while-revalidate=60, stale-if-error=3600",
            "max-age=60, stale-while-revalidate=60, stale-if-error=3600",
            id="C3, C5: exact strings",
        ),
        pytest.param(
            7200.0,
            "max-age=5, stale-while-revalidate=60, stale-if-error=3600",
            "max-age=60, stale-while-revalidate=60, stale-if-error=3600",
            id="changes by itself, but later than all that",
        ),
        pytest.param(
            100.9,
            "max-age=5, stale-while-revalidate=60, stale-if-error=95",
            "max-age=60, stale-while-revalidate=40, stale-if-error=40",
            id="changes while it could be stale",
        ),
        pytest.param(
            3.5,
            "max-age=3, stale-while-revalidate=0, stale-if-error=0",
            "max-age=3, stale-while-revalidate=0, stale-if-error=0",
            id="changes while it is fresh",
        ),
        pytest.param(
            0.0,
            "max-age=0, stale-while-revalidate=0, stale-if-error=0",
            "max-age=0, stale-while-revalidate=0, stale-if-error=0",
            id="changes now",
        ),
        pytest.param(
            -5.0,
            "max-age=0, stale-while-revalidate=0, stale-if-error=0",
            "max-age=0, stale-while-revalidate=0, stale-if-error=0",
            id="has changed",
        ),
    ],
)
def test_policy_becomes_three_fields(remaining, for_browsers, for_edges):
    assert told(remaining=remaining) == {
        "cache-control": for_browsers,
        "cdn-cache-control": for_edges,
        "surrogate-control": for_edges,
    }


def test_fractions_of_a_second_are_not_promised():
    policy = CachePolicy(soft_ttl=0.5, hard_ttl=2.2, error_ttl=9.4, browser_ttl=0, edge_ttl=1)

    assert told(policy)["cdn-cache-control"] == "max-age=1, stale-while-revalidate=1, stale-if-error=8"


@pytest.mark.parametrize("remaining", [None, 30.0, 0.0])
def test_targeted_field_is_a_structured_dictionary(remaining):
    """C4: lower-case keys, integers, not empty."""
    parsed = http_sf.parse(told(remaining=remaining)["cdn-cache-control"].encode(), tltype="dictionary")

    assert list(parsed) == ["max-age", "stale-while-revalidate", "stale-if-error"]
    assert all(type(value) is int and not parameters for value, parameters in parsed.values())


def test_nothing_forbids_or_doubles_what_is_said():
    """C2, C3, C6: no quotes, no `public`, no `s-maxage`, no Expires, each field once."""
    fields = freshness_fields(POLICY)

    assert [name.decode() for name, _ in fields] == NAMES
    for _, value in fields:
        assert b'"' not in value
        assert b"public" not in value
        assert b"s-maxage" not in value


def test_errors_and_private_answers_are_not_stored():
    """C10, C11."""
    assert NO_STORE == (b"cache-control", b"no-store")
    assert PRIVATE == (b"cache-control", b"private, no-store")


@st.composite
def policies(draw):
    soft_ttl, hard_ttl, error_ttl = sorted(draw(st.tuples(*[st.floats(0.1, 1e6)] * 3)))
    browser_ttl, edge_ttl = draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)))
    return CachePolicy(soft_ttl, hard_ttl, error_ttl, browser_ttl, edge_ttl)


@given(policies(), st.floats(0, 1e6))
def test_no_lifetime_reaches_past_the_change(policy, remaining):
    for value in told(policy, remaining).values():
        seconds = lifetimes(value)
        assert min(seconds.values()) >= 0
        assert seconds["max-age"] + seconds["stale-while-revalidate"] <= remaining
        assert seconds["max-age"] + seconds["stale-if-error"] <= remaining


@given(policies())
def test_stale_on_error_lasts_at_least_as_long_as_stale(policy):
    for value in told(policy).values():
        seconds = lifetimes(value)
        assert seconds["stale-while-revalidate"] <= seconds["stale-if-error"]
