"""Equal labels have equal keys, different ones different keys, and every edge can take them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.surrogate_keys import EVERYTHING, GONE, LONGEST, coarse_key, is_gone, surrogate_key, unmarked

LONG_SLUG = "very-" * 15 + "long"


@pytest.mark.parametrize(
    "label",
    [
        "post:42",
        "posts",
        "posts:author=7",
        "post:42:comments",
        "author:7:counts",
        "post:slug=dark-beer",
        "post:*",
        "all",
    ],
)
def test_a_label_that_fits_is_its_own_key(label):
    assert surrogate_key(label) == label


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        pytest.param("post:slug=" + LONG_SLUG, "post", id="too long"),
        pytest.param("category:slug=" + LONG_SLUG, "category", id="too long, longer kind"),
        pytest.param("categories:starting=" + LONG_SLUG, "categories", id="too long, longest kind"),
        pytest.param("post:slug=Bière", "post", id="T3: not ASCII"),
        pytest.param("post:slug=a b", "post", id="T3: space"),
        pytest.param("post:slug=a,b", "post", id="T3: comma"),
        pytest.param('post:slug="', "post", id="T3: quote"),
        pytest.param("post:slug=A", "post", id="T3: upper case"),
        pytest.param("", "x", id="empty"),
    ],
)
def test_a_digest_stands_for_what_does_not_fit_and_keeps_its_kind(label, kind):
    key = surrogate_key(label)

    assert key.partition(":")[0] == kind
    assert coarse_key(key) == f"{kind}:*"


@given(
    st.text(st.characters(blacklist_categories=["Cs"]))
    | st.from_regex(r"[a-z]{1,12}:[ -~]{0,60}", fullmatch=True)
)
def test_every_key_is_one_that_edges_take(label):
    """T3."""
    key = surrogate_key(label)

    assert re.fullmatch(r"[a-z0-9:=._*-]+", key)
    assert len(key) <= LONGEST
    assert surrogate_key(key) == key


@given(st.lists(st.text("aA:=é ", max_size=50), min_size=2, max_size=2, unique=True))
def test_different_labels_have_different_keys(labels):
    one, other = labels

    assert surrogate_key(one) != surrogate_key(other)


def test_the_same_label_has_the_same_key_for_ever():
    """Triggers of an earlier deployment may have written it."""
    assert surrogate_key("post:slug=" + LONG_SLUG) == "post:.h6ki4xo6nlud2mvv"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("post:42", "post:*"),
        ("post:42:comments", "post:*"),
        ("posts:author=7", "posts:*"),
        ("posts", "posts:*"),
        ("post:*", "post:*"),
    ],
)
def test_coarse_key_names_the_kind(key, expected):
    assert coarse_key(key) == expected


def test_the_key_of_everything_fits():
    assert surrogate_key(EVERYTHING) == EVERYTHING


@given(st.text())
def test_a_mark_says_that_a_row_is_gone_and_is_no_part_of_its_key(label):
    key = surrogate_key(label)

    assert not is_gone(key)
    assert unmarked(key) == key
    assert is_gone(key + GONE)
    assert unmarked(key + GONE) == key
