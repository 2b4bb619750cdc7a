"""What falls with the keys of a write is found by the groups that its answer names, 32 of them at most."""

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.edges.groups import group_invalidation, invalidated_groups
from caching.labels import DIALECTS, Labelling
from caching.surrogate_keys import EVERYTHING, carried_keys

KINDS = ("post", "posts", "author", "tag", "tags", "comment")
NUMBERED = st.builds("{}:{}".format, st.sampled_from(KINDS), st.integers(1, 400))
KEYS = st.sets(NUMBERED | st.sampled_from(("posts", "tags", "posts:search", "post:*", "a" * 40)), max_size=60)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["posts"], ["any", "posts", "posts:any"], id="a list"),
        pytest.param(["post:1", "post:2"], ["any", "post:1", "post:2", "post:any"], id="two of a kind"),
        pytest.param(["post:1", EVERYTHING], [EVERYTHING], id="everything"),
    ],
)
def test_the_groups_are_the_keys_and_what_stands_for_them(keys, expected):
    assert invalidated_groups(keys) == expected


def test_more_keys_than_caches_look_at_are_named_by_kind():
    keys = {f"post:{number}" for number in range(40)} | {"posts"}

    assert invalidated_groups(keys) == ["any", "post:*", "post:any", "posts:*", "posts:any"]


def test_more_kinds_than_that_are_everything():
    assert invalidated_groups({f"kind{chr(97 + n)}:1" for n in range(20)}) == [EVERYTHING]


@given(shown=KEYS, changed=KEYS, budget=st.integers(128, 4096))
def test_whatever_an_answer_shows_of_what_has_changed_it_carries_a_group_that_is_named(
    shown, changed, budget
):
    """However coarsely the one was labelled, and the others are named."""
    changed = {key for key in carried_keys(changed) if key != EVERYTHING and not key.endswith(":*")}
    labels = Labelling(["cache-groups"], budget=budget).labels(carried_keys(shown))
    falls = carried_keys(shown) & changed

    assert not falls or set(labels) & set(invalidated_groups(changed))


@given(changed=KEYS)
def test_the_field_is_a_list_of_strings_that_every_cache_takes(changed):
    value = group_invalidation(carried_keys(changed) - {EVERYTHING})
    groups = [member for member, _ in http_sf.parse(value.encode(), tltype="list")] if value else []

    assert len(groups) <= DIALECTS["cache-groups"].most
    assert all(isinstance(group, str) and 0 < len(group) <= 32 for group in groups)
    assert len(groups) == len(set(groups))
