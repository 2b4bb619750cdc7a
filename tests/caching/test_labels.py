"""Labels fit into their budget, are the same in each dialect, and leave no answer that nobody can purge."""

import re

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.surrogate_keys import WATCHES
from caching.labels import ANY, DIALECTS, LEAST_BYTES, MOST_GROUPS, Labelling, purged_with, wide_key
from caching.surrogate_keys import EVERYTHING, carried_keys, coarse_key

KINDS = ("post", "posts", "author", "authors", "category", "categories", "tag", "tags", "comment", "comments")
KEYS = st.one_of(
    st.sampled_from([*KINDS, "posts:search", EVERYTHING]),
    st.builds("{}:{}".format, st.sampled_from(KINDS), st.integers(1, 10**9)),
    st.builds("{}:{}:counts".format, st.sampled_from(KINDS), st.integers(1, 10**9)),
    st.builds("posts:tag={}:{}.{}".format, st.integers(1, 99), st.integers(9, 27), st.integers(0, 9999)),
    st.builds("{}:slug={}".format, st.sampled_from(KINDS), st.text(max_size=90)),
    st.sampled_from(KINDS).map(coarse_key),
)
# What an answer carries: from a single row to a page of 100 rows, with authors and tags.
CARRIED = st.sets(KEYS, max_size=120).map(carried_keys)
SOME_DIALECTS = st.lists(st.sampled_from([*DIALECTS]), unique=True, min_size=1)
BUDGETS = st.one_of(
    st.integers(LEAST_BYTES, 600), st.sampled_from([LEAST_BYTES, 1024, 2048, 3500, 8000, 10**6])
)
ORDERS = st.lists(st.sampled_from(KINDS), unique=True)
# Small visible ASCII characters without what any dialect gives a meaning to (T3).
PLAIN = re.compile(r"[!#-+\--~]{1,32}")

PAGE = carried_keys(
    ["posts", *(f"post:{n}" for n in range(20)), *(f"tag:{n}" for n in range(60)), "author:1", "author:2"]
)


def parsed(field: bytes, value: bytes) -> list[str]:
    """Read a field as whoever defined it does."""
    if field == b"cache-groups":
        return [member for member, _ in http_sf.parse(value, tltype="list")]
    text = value.decode("ascii")
    return text.split(",") if field == b"cache-tag" else text.split(" ")


@given(keys=CARRIED, dialects=SOME_DIALECTS, budget=BUDGETS, order=ORDERS)
def test_t4_each_dialect_names_the_same_labels_once(keys, dialects, budget, order):
    labelling = Labelling(dialects, budget=budget, given_up=order)
    fields = labelling.fields(keys)

    assert {field for field, _ in fields} == {DIALECTS[name].field for name in dialects}
    assert len(fields) == len(dialects)
    for field, value in fields:
        assert parsed(field, value) == labelling.labels(keys)
    # In an order that is the same in every process, and each once.
    assert labelling.labels(keys) == sorted(set(labelling.labels(keys)))


@given(keys=CARRIED, dialects=SOME_DIALECTS, budget=BUDGETS, order=ORDERS)
def test_t2_no_answer_has_more_bytes_of_labels_than_the_budget(keys, dialects, budget, order):
    fields = Labelling(dialects, budget=budget, given_up=order).fields(keys)

    assert sum(len(b"%s: %s\r\n" % pair) for pair in fields) <= budget


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_last_label_is_counted_to_the_byte(dialect):
    """Labels that fit just barely are where a miscount of one byte for each would show."""
    for number in range(8, 31):
        keys = carried_keys([f"post:{row}" for row in range(100, 98 + number)])
        for budget in range(LEAST_BYTES, 600, 7):
            (field,) = Labelling([dialect], budget=budget).fields(keys)
            assert len(b"%s: %s\r\n" % field) <= budget


@given(keys=CARRIED, dialects=SOME_DIALECTS, budget=BUDGETS, order=ORDERS)
def test_whatever_an_answer_carries_a_purge_of_it_reaches_the_answer(keys, dialects, budget, order):
    """A row, a list, every row of a kind, everything: none of it may be left in no label."""
    labels = set(Labelling(dialects, budget=budget, given_up=order).labels(keys))

    for key in keys:
        assert labels & purged_with([key]), f"{key} does not purge {labels}"
    assert EVERYTHING in labels


@given(keys=CARRIED, changed=KEYS, dialects=SOME_DIALECTS)
def test_with_room_for_all_keys_a_purge_reaches_nothing_else(keys, changed, dialects):
    """The other half: coarse labels are for want of room, and no habit."""
    dialects = [name for name in dialects if name != "cache-groups"] or ["xkey"]
    labels = Labelling(dialects, budget=10**6).labels(keys)

    assert set(labels) == keys
    fallen = carried_keys([changed]) & purged_with([changed])
    assert bool(set(labels) & purged_with([changed])) == bool(keys & fallen)


@given(keys=CARRIED, dialects=SOME_DIALECTS, budget=BUDGETS, order=ORDERS)
def test_t3_labels_are_small_plain_words(keys, dialects, budget, order):
    """Edges ignore case (Cache-Tag), split on blanks or commas, and need not take more than 32 characters."""
    for label in Labelling(dialects, budget=budget, given_up=order).labels(keys):
        assert PLAIN.fullmatch(label), label
        assert label == label.lower()


@given(keys=CARRIED, dialects=SOME_DIALECTS, budget=BUDGETS, order=ORDERS, shuffled=st.randoms())
def test_equal_keys_have_equal_fields(keys, dialects, budget, order, shuffled):
    """On every worker and after a restart, in whatever order keys and dialects came."""
    others = [*dialects]
    shuffled.shuffle(others)
    again = [*keys]
    shuffled.shuffle(again)
    one = Labelling(dialects, budget=budget, given_up=order)
    other = Labelling(others, budget=budget, given_up=order)

    assert other.fields(frozenset(again)) == one.fields(keys)
    assert other.variant == one.variant


@given(keys=CARRIED, budget=BUDGETS)
def test_caches_are_named_no_more_groups_than_they_have_to_look_at(keys, budget):
    (field,) = Labelling(["cache-groups"], budget=budget).fields(keys)

    assert len(parsed(*field)) <= MOST_GROUPS


@given(changed=st.sets(KEYS, max_size=50))
def test_what_a_purger_says_are_plain_words_too(changed):
    told = purged_with(carried_keys(changed))

    assert all(PLAIN.fullmatch(label) for label in told)
    assert ANY in told


def test_what_this_service_watches_has_kinds_that_can_be_spelled_out():
    """A kind that were too long would have a digest for a coarse key, which tells nobody anything."""
    for watch in WATCHES:
        assert PLAIN.fullmatch(watch.coarse), watch
        assert wide_key(watch.key) == watch.coarse.replace("*", ANY)


def test_kinds_give_up_their_rows_in_the_given_order_and_only_as_far_as_needed():
    def labels(budget: int) -> list[str]:
        return Labelling(["xkey"], budget=budget, given_up=["tag", "author", "post"]).labels(PAGE)

    assert labels(10_000) == sorted(PAGE)
    assert "tag:any" in labels(500)
    assert "tag:7" not in labels(500)
    assert {"post:7", "author:1", "tag:*", "posts"} <= set(labels(500))
    assert {"post:any", "tag:any"} <= set(labels(130))
    assert not any(label.startswith("post:1") for label in labels(130))


def test_kinds_that_nobody_named_give_up_theirs_too_the_largest_first():
    labels = Labelling(["xkey"], budget=500).labels(PAGE)

    assert "tag:any" in labels
    assert "post:7" in labels


def test_where_even_kinds_are_too_many_everything_is_said():
    keys = carried_keys(f"{chr(97 + n) * 12}:1" for n in range(26))

    assert Labelling(["xkey"], budget=LEAST_BYTES).labels(keys) == [EVERYTHING, ANY]


def test_a_kind_is_not_named_coarsely_if_that_were_longer():
    keys = carried_keys(["posts", *(f"tag:{n}" for n in range(100))])
    labels = Labelling(["xkey"], budget=300, given_up=["posts", "tag"]).labels(keys)

    assert "posts" in labels
    assert "posts:any" not in labels


def test_t12_without_dialects_nothing_is_said():
    assert Labelling().fields(PAGE) == ()
    assert Labelling().variant == b""


def test_whatever_changes_labels_tells_entries_apart():
    variants = [
        Labelling(),
        Labelling(["xkey"]),
        Labelling(["xkey", "cache-tag"]),
        Labelling(["xkey"], budget=2048),
        Labelling(["xkey"], given_up=["tag"]),
    ]

    assert len({labelling.variant for labelling in variants}) == len(variants)


@pytest.mark.parametrize(
    ("dialects", "budget", "need"),
    [
        pytest.param(["surrogatekey"], 2048, "need dialects among surrogate-key, ", id="an unknown dialect"),
        pytest.param(["xkey"], LEAST_BYTES - 1, "need a budget of at least", id="no room for anything"),
    ],
)
def test_what_cannot_be_is_refused(dialects, budget, need):
    with pytest.raises(ValueError, match=need):
        Labelling(dialects, budget=budget)


@pytest.mark.parametrize(
    ("key", "expected"),
    [("post:42", "post:any"), ("posts", "posts:any"), ("post:42:counts", "post:any"), ("tag:*", "tag:any")],
)
def test_the_wide_key_of_a_key_is_that_of_its_kind(key, expected):
    assert wide_key(key) == expected


def test_everything_needs_no_wide_key():
    assert purged_with([EVERYTHING]) == {EVERYTHING, ANY}
