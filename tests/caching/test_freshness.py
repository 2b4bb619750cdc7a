"""A policy's lifetimes follow one another, or it is refused when it is declared."""

import dataclasses
import math

import pytest

from caching.freshness import CachePolicy, Freshness


def policy(**changes):
    return dataclasses.replace(
        CachePolicy(soft_ttl=10, hard_ttl=60, error_ttl=600, browser_ttl=5, edge_ttl=60), **changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"soft_ttl": 0}, id="never fresh"),
        pytest.param({"soft_ttl": -1}, id="negative soft TTL"),
        pytest.param({"soft_ttl": 61}, id="fresh for longer than usable"),
        pytest.param({"hard_ttl": 601}, id="stale for longer than usable on error"),
        pytest.param({"soft_ttl": math.nan}, id="no number"),
        pytest.param({"browser_ttl": -1}, id="negative browser TTL"),
        pytest.param({"edge_ttl": -1}, id="negative edge TTL"),
    ],
)
def test_lifetimes_out_of_order_are_refused(changes):
    with pytest.raises(ValueError, match="need "):
        policy(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="in order"),
        pytest.param({"hard_ttl": 10, "error_ttl": 10}, id="never stale"),
        pytest.param({"browser_ttl": 0, "edge_ttl": 0}, id="nobody else keeps it"),
        pytest.param({"edge_ttl": 10_000}, id="an edge keeps it for longer than we do"),
    ],
)
def test_lifetimes_in_order_are_taken(changes):
    for name, value in changes.items():
        assert getattr(policy(**changes), name) == value


def test_equal_policies_are_one_key():
    assert len({policy(), policy()}) == 1


def test_states_are_named_as_in_the_log():
    assert [state.value for state in Freshness] == ["fresh", "stale", "usable-on-error", "expired"]
