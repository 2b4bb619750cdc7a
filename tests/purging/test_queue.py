"""What waits for an edge waits once, however often it changes, and is not taken for told before it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from caching import purge_queue
from caching.models import Purge
from caching.purging import due
from caching.purging.due import Due
from caching.purging.standing import Standing, standings
from caching.surrogate_keys import surrogate_key

LONG_LABEL = f"post:slug={'long-' * 20}"

pytestmark = pytest.mark.usefixtures("database")


def register(*names: str, **through: str) -> None:
    """Register edges that hold nothing from before."""
    purge_queue.register({**dict.fromkeys(names), **through})
    Purge.objects.all().delete()


def put(*keys: str, hard: bool = False) -> None:
    with transaction.atomic():
        purge_queue.put(dict.fromkeys(keys, hard))


def take(edge: str, **options: Any) -> list[Due]:
    defaults = {"most": 1_000, "through": None, "held_for": 0.0}
    return due.take(edge, **{**defaults, **options})


def taken(edge: str, **options: Any) -> set[str]:
    return {row.key for row in take(edge, **options)}


def settle(edge: str, rows: list[Due], *, rebound: float = 2.0, **options: Any) -> None:
    due.settle(edge, rows, rebound=rebound, calls=1, **options)


def moved(seconds: float, **which: Any) -> None:
    """Let rows be of another moment, as if the time since had been longer or shorter."""
    for row in Purge.objects.filter(**which):
        row.due_at += seconds
        row.queued_at += seconds
        row.save()


# What goes in.


def test_one_row_waits_for_each_edge_however_often_a_key_changes() -> None:
    register("a", "b")
    for _ in range(3):
        put("post:1", "posts")
    assert sorted(Purge.objects.values_list("edge", "key")) == [
        (edge, key) for edge in "ab" for key in ("post:1", "posts")
    ]


def test_hard_stays_hard_until_it_is_told() -> None:
    register("a")
    put("post:1", hard=True)
    put("post:1")
    assert [row.is_hard for row in take("a")] == [True]


def test_labels_become_keys_and_many_of_a_kind_the_coarse_one() -> None:
    many = [f"post:{number}" for number in range(purge_queue.MOST_OF_A_KIND + 1)]
    assert purge_queue.coalesced(["tag:1", "tag:2!", "tag:1!"]) == {"tag:1": True, "tag:2": True}
    assert purge_queue.coalesced([*many, "tag:1"]) == {"post:*": False, "tag:1": False}
    assert purge_queue.coalesced([*many, "post:7!"]) == {"post:*": True}
    assert purge_queue.coalesced([*many, "all"]) == {"all": False}
    assert set(purge_queue.coalesced([LONG_LABEL])) == {surrogate_key(LONG_LABEL)}


def test_what_is_rolled_back_does_not_wait() -> None:
    register("a")
    with transaction.atomic():
        purge_queue.put({"post:1": False})
        transaction.set_rollback(True)
    assert not take("a")


def test_an_edge_that_is_new_is_told_to_drop_everything_and_those_behind_it() -> None:
    register("old", behind="old")
    assert purge_queue.register({"old": "new", "behind": "old", "new": None}) == frozenset()
    assert sorted(Purge.objects.values_list("edge", "key")) == [
        ("behind", "all"),
        ("new", "all"),
        ("old", "all"),
    ]


def test_registering_again_changes_nothing_and_names_those_of_others() -> None:
    register("a", "b")
    assert purge_queue.register({"a": None}) == {"b"}
    assert not Purge.objects.exists()


def test_an_edge_that_was_forgotten_is_told_nothing() -> None:
    register("a", "b")
    put("post:1")
    assert purge_queue.forget("a")
    assert not purge_queue.forget("a")
    put("post:2")
    assert taken("b") == {"post:1", "post:2"}
    assert not Purge.objects.filter(edge="a").exists()


# What comes out.


def test_what_was_told_is_told_once_more_after_the_rebound_and_then_gone() -> None:
    register("a")
    put("post:1")
    settle("a", take("a"))
    assert taken("a") == set()
    assert 1.0 < due.next_in(["a"], held_for=0.0) <= 2.25
    moved(-2.3)
    again = take("a")
    assert [(row.key, row.stage) for row in again] == [("post:1", 1)]
    settle("a", again)
    assert not Purge.objects.exists()


def test_without_a_rebound_it_is_gone_at_once() -> None:
    register("a")
    put("post:1")
    settle("a", take("a"), rebound=0.0)
    assert not Purge.objects.exists()


@pytest.mark.parametrize("stage", [0, 1])
def test_what_changes_while_it_is_told_is_told_again(stage: int) -> None:
    register("a")
    put("post:1")
    if stage:
        settle("a", take("a"))
        moved(-2.3)
    under_way = take("a")
    put("post:1")
    settle("a", under_way)
    assert [(row.key, row.stage) for row in take("a")] == [("post:1", 0)]


def test_a_key_that_changes_all_the_time_has_waited_only_since_it_was_told() -> None:
    register("a")
    put("post:1")
    moved(-100)
    under_way = take("a")
    put("post:1")
    assert due.waiting()["a"].oldest > 90
    settle("a", under_way)
    assert due.waiting()["a"].oldest < 90


def test_everything_comes_first_and_then_the_longest_waiting() -> None:
    register("a")
    put("post:1")
    put("post:2")
    put("all")
    put("post:1")
    assert [row.key for row in take("a")] == ["all", "post:1", "post:2"]
    assert [row.key for row in take("a", most=1)] == ["all"]


def test_what_is_held_is_told_when_its_first_change_is_old_enough_and_again_for_the_last() -> None:
    """While Redis is away a key may change every second: it must not wait for ever."""
    register("a")
    put("post:1")
    assert taken("a", held_for=2.0) == set()
    moved(-2.3)
    put("post:1")
    told = take("a", held_for=2.0)
    assert [(row.key, row.is_heard) for row in told] == [("post:1", False)]
    settle("a", told)
    assert taken("a", held_for=2.0) == set()
    moved(-2.3)
    last = take("a", held_for=2.0)
    assert [(row.stage, row.is_heard) for row in last] == [(0, True)]
    settle("a", last)
    assert Purge.objects.get().stage == 1


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    register("a", "b")
    put("post:1")
    settle("b", take("b"))
    moved(3600)
    for held_for in (0.0, 2.0):
        assert taken("a", held_for=held_for) == {"post:1"}
        assert take("a", held_for=held_for)[0].is_heard
    # What is repeated too early might be followed by what it is repeated for.
    due.mind_the_clock("b", rebound=2.0)
    assert 1.0 < due.next_in(["b"], held_for=0.0) <= 2.25


# Two edges in a row: `outer` gets its answers from `inner`.


def test_the_outer_edge_is_told_after_the_inner_one() -> None:
    register("inner", outer="inner")
    put("post:1", "post:2")
    assert taken("outer", through="inner") == set()
    settle("inner", [row for row in take("inner") if row.key == "post:1"])
    assert taken("outer", through="inner") == {"post:1"}


def test_the_outer_edge_is_told_again_a_whole_rebound_after_the_inner_one() -> None:
    """What it fetched just before may still be on its way to it."""
    register("inner", outer="inner")
    put("post:1", "post:2")
    settle("inner", take("inner"), behind={"outer": 2.0})
    settle("outer", take("outer", through="inner"))
    moved(-2.3)
    assert taken("outer", through="inner") == set(), "the inner one has not been told again"
    settle("inner", [row for row in take("inner") if row.key == "post:1"], behind={"outer": 2.0})
    assert taken("outer", through="inner") == set(), "it was told again just now"
    moved(-2.3, key="post:1")
    assert taken("outer", through="inner") == {"post:1"}


@pytest.mark.parametrize(("inner", "outer"), [("all", "post:1"), ("post:1", "all")])
def test_everything_stands_for_each_key_between_two_edges(inner: str, outer: str) -> None:
    register("inner", outer="inner")
    purge_queue.put({inner: False}, edge="inner")
    moved(-0.1)
    purge_queue.put({outer: False}, edge="outer")
    assert taken("outer", through="inner") == set()
    settle("inner", take("inner"), behind={"outer": 2.0})
    settle("outer", take("outer", through="inner"))
    moved(-2.3)
    assert taken("outer", through="inner") == set()
    settle("inner", take("inner"), behind={"outer": 2.0})
    assert taken("outer", through="inner") == set()
    moved(-2.3)
    assert taken("outer", through="inner") == {outer}


def test_a_second_flush_of_the_outer_edge_waits_for_what_has_changed_since_the_first() -> None:
    register("inner", outer="inner")
    purge_queue.put({"all": False}, edge="outer")
    moved(-100)
    purge_queue.put({"post:1": False}, edge="inner")
    moved(-10)
    purge_queue.put({"all": False}, edge="outer")
    assert taken("outer", through="inner") == set()
    settle("inner", take("inner"), behind={"outer": 2.0})
    settle("outer", take("outer", through="inner"))
    moved(-2.3)
    assert taken("outer", through="inner") == set(), "the inner one has not been told again"


def test_an_edge_behind_another_is_told_after_its_rebound_even_without_one_of_its_own() -> None:
    register("inner", outer="inner")
    put("post:1")
    settle("inner", take("inner"), behind={"outer": 0.0})
    settle("outer", take("outer", through="inner"), rebound=0.0, is_behind=True)
    moved(-2.3)
    assert taken("outer", through="inner") == set()
    settle("inner", take("inner"), behind={"outer": 0.0})
    moved(-0.3)
    assert taken("outer", through="inner") == {"post:1"}


def test_a_flush_of_the_outer_edge_does_not_wait_for_what_changes_after_it() -> None:
    register("inner", outer="inner")
    purge_queue.put({"all": False}, edge="outer")
    moved(-0.1)
    purge_queue.put({"post:1": False}, edge="inner")
    assert taken("outer", through="inner") == {"all"}


# What fails, and what is too much.


def test_a_failure_is_known_until_the_edge_was_told() -> None:
    register("a")
    put("post:1")
    due.fail("a", "it is down", retry_in=0.5)
    due.fail("a", "it is still down", retry_in=1.0)
    standing = standing_of("a")
    assert (standing.failures, standing.reason) == (2, "it is still down")
    assert standing.failing_for is not None
    settle("a", take("a"))
    standing = standing_of("a")
    assert (standing.failures, standing.reason, standing.failing_for) == (0, "", None)
    assert (standing.calls, standing.keys, standing.waiting, standing.again) == (1, 1, 0, 1)


def standing_of(name: str) -> Standing:
    return {standing.name: standing for standing in standings()}[name]


@pytest.mark.parametrize("hard", [False, True])
def test_past_a_bound_an_edge_is_flushed_instead(monkeypatch: pytest.MonkeyPatch, *, hard: bool) -> None:
    monkeypatch.setattr(due, "MOST_WAITING", 10)
    register("a", "b")
    put(*(f"post:{number}" for number in range(10)))
    assert not due.give_up_telling_apart("a")
    put("post:10", hard=hard)
    assert due.give_up_telling_apart("a")
    assert [(row.key, row.is_hard) for row in take("a")] == [("all", hard)]
    assert len(take("b")) == 11
    assert due.waiting()["a"].first == 1


def test_an_edge_that_nobody_purges_gathers_no_more_than_that(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(due, "MOST_WAITING", 10)
    register("gone", "few")
    put(*(f"post:{number}" for number in range(11)))
    Purge.objects.filter(edge="few", key__gt="post:3").delete()
    due.bound()
    assert {row.key for row in take("gone")} == {"all"}
    assert {row.key for row in take("few")} == {"post:0", "post:1", "post:10", "post:2", "post:3"}
    assert "purge --forget gone" in caplog.text
