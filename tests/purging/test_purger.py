"""Every edge is told of every change, after all workers, whatever happens to it or to another one."""

from __future__ import annotations

import logging
import time
from threading import Event

import pytest
from django.db import connections

from caching import purge_queue
from caching.models import EdgeStanding, Outbox, Purge
from caching.purging import due, purger, telling
from caching.purging.role import Role
from tests.caching.hearing import in_thread
from tests.purging.purging import Workers, purger_of, purging, put, registered, relay, until, until_settled
from tests.purging.receivers import PATIENCE, TOKEN, Receiver

pytestmark = pytest.mark.usefixtures("database")

LEASE = 0.3


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an edge that failed be tried again soon."""
    monkeypatch.setattr(telling, "_FIRST_PAUSE", 0.02)


def test_an_edge_is_told_of_keys_and_wide_keys_and_once_more(receiver: Receiver) -> None:
    with purging(receiver.edge("a", rebound=0.05)):
        put("post:1")
        receiver.until_told("post:1", "post:any", "any", times=2)
        until_settled()
    assert [call.keys for call in receiver.calls] == [{"post:1", "post:any", "any"}] * 2
    assert not any(call.is_hard for call in receiver.calls)
    assert receiver.tokens == {f"Bearer {TOKEN}"}


def test_what_is_gone_is_purged_hard_and_the_rest_softly(receiver: Receiver) -> None:
    edge = receiver.edge("a")
    registered(edge)
    put("posts")
    put("post:1", hard=True)
    with purging(edge, is_new=False):
        until_settled()
    assert [(call.keys, call.is_hard) for call in receiver.calls] == [
        ({"post:1", "post:any", "any"}, True),
        ({"posts", "posts:any"}, False),
    ]


def test_a_soft_flush_leaves_nothing_hard_out(receiver: Receiver) -> None:
    edge = receiver.edge("a")
    registered(edge)
    put("all", "post:2")
    put("post:1", hard=True)
    with purging(edge, is_new=False):
        until_settled()
    assert [(call.keys, call.is_hard) for call in receiver.calls] == [
        ({"post:1", "post:any", "any"}, True),
        ({"all"}, False),
    ]


def test_no_edge_hears_before_every_worker_has(receiver: Receiver) -> None:
    workers = Workers()
    may_go_on, waited = Event(), []

    def wait(position: int) -> None:
        waited.append((position, len(receiver.calls)))
        assert may_go_on.wait(PATIENCE)

    workers.on_wait = wait
    with purging(receiver.edge("a"), workers=workers):
        Outbox.objects.create(key="post:1")
        relay(workers)
        until(lambda: bool(waited), "nobody is waited for")
        assert not receiver.calls
        may_go_on.set()
        receiver.until_told("post:1")
    assert waited[0] == (workers.position, 0)


# Redis is out of reach.


def test_without_redis_edges_are_told_when_nobody_trusts_what_he_holds_and_again_later(
    receiver: Receiver,
) -> None:
    workers = Workers()
    workers.lose()
    edge = receiver.edge("a")
    with purging(edge, workers=workers, lease=LEASE):
        Outbox.objects.create(key="post:1")
        queued_at = time.monotonic()
        relay(workers)
        receiver.until_told("post:1")
        assert receiver.times("post:1")[0] - queued_at >= LEASE
        until_settled()
        assert Outbox.objects.get().is_queued, "relayed to nobody, and gone"
        workers.find()
        relay(workers)
        receiver.until_told("post:1", times=2)
        until_settled()
    assert "post:1" in workers.keys


def test_what_no_worker_has_heard_of_waits_for_a_lease_though_redis_is_back(receiver: Receiver) -> None:
    """It may be gone again before a relay has taken what it could not relay."""
    workers = Workers()
    workers.lose()
    registered(receiver.edge("a"))
    Outbox.objects.create(key="post:1")
    queued_at = time.monotonic()
    relay(workers)
    workers.find()
    with purging(receiver.edge("a"), is_new=False, workers=workers, lease=LEASE):
        receiver.until_told("post:1")
    assert receiver.times("post:1")[0] - queued_at >= LEASE


def test_who_has_no_tail_finds_out_himself_that_redis_is_back(receiver: Receiver) -> None:
    workers = Workers()
    workers.lose()
    with purging(receiver.edge("a"), workers=workers, lease=LEASE):
        put("post:1")
        receiver.until_told("post:1")
        assert workers.asked
        assert not workers.waited_for
        workers.find()
        put("post:2")
        receiver.until_told("post:2")
    assert workers.waited_for


# Edges that fail.


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("status", [500, 503, 403, 404, None], ids=str)
def test_an_edge_that_was_down_is_told_when_it_is_back(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, status: int | None
) -> None:
    caplog.set_level(logging.INFO, "caching")
    with purging(receiver.edge("a")):
        if status:
            receiver.status = status
        else:
            receiver.stop()
        put("post:1", hard=True)
        put("post:2")
        until(lambda: EdgeStanding.objects.filter(failures__gte=2).exists(), "it is not tried again")
        put("post:1")
        if status:
            receiver.status = 200
        else:
            receiver.start()
        receiver.until_told("post:1", "post:2")
        until_settled()
    assert {call.is_hard for call in receiver.calls if "post:1" in call.keys} == {True}
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(",")[0] for line in said] == ["edge a cannot be purged", "edge a is purged again"]
    assert TOKEN not in repr(said)
    assert not EdgeStanding.objects.exclude(failures=0, failing_since=None, reason="").exists()


def test_an_edge_that_asks_to_be_left_alone_is(receiver: Receiver) -> None:
    receiver.status, receiver.fields = 429, {"Retry-After": "1"}
    with purging(receiver.edge("a")):
        put("post:1")
        receiver.until_refused()
        refused_at = receiver.refused[0].at
        receiver.status = 200
        put("post:2")
        receiver.until_told("post:1", "post:2")
    assert receiver.calls[0].at - refused_at >= 1.0
    assert len(receiver.refused) == 1


def test_an_edge_that_does_not_answer_keeps_no_other_and_no_writer_waiting(
    receiver: Receiver, other_receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purger, "_STOPS_WITHIN", 0.2)
    receiver.status = 0
    workers = Workers()
    edges = receiver.edge("hangs", timeout=60.0), other_receiver.edge("b")
    with purging(*edges, workers=workers):
        for key in ("post:1", "post:2", "post:3"):
            Outbox.objects.create(key=key)
            relay(workers)
            other_receiver.until_told(key)
        until(lambda: not Purge.objects.filter(edge="b").exists(), "the other waits")
        assert len(receiver.refused) == 1
        assert Purge.objects.filter(edge="hangs", stage=0).count() == 3


def test_no_rate_is_exceeded(receiver: Receiver) -> None:
    began_at = time.monotonic()
    with purging(receiver.edge("a", rate=20.0, burst=1)):
        for key in ("post:1", "post:2", "post:3", "post:4"):
            put(key)
            receiver.until_told(key)
    assert receiver.calls[-1].at - began_at >= (len(receiver.calls) - 1) / 20.0


@pytest.mark.usefixtures("_impatient")
def test_the_outer_edge_is_told_after_the_inner_one(receiver: Receiver, other_receiver: Receiver) -> None:
    receiver.status = 500
    inner, outer = receiver.edge("z-inner"), other_receiver.edge("a-outer", through="z-inner")
    with purging(outer, inner):
        put("post:1")
        receiver.until_refused(2)
        assert not other_receiver.calls
        receiver.status = 200
        other_receiver.until_told("post:1")
    assert receiver.times("post:1")[0] < other_receiver.times("post:1")[0]


# More than is worth telling apart.


def test_what_piles_up_for_an_edge_that_is_down_is_flushed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also while nobody may call it, and if nobody is configured to."""
    monkeypatch.setattr(due, "MOST_WAITING", 20)
    monkeypatch.setattr(purger, "_TIDIED_EVERY", 0.05)
    receiver.status, receiver.fields = 503, {"Retry-After": "1"}
    edge = receiver.edge("a")
    purge_queue.register({"nowhere": None})
    with purging(edge):
        put("post:1")
        receiver.until_refused()
        receiver.status = 200
        put(*(f"post:{number}" for number in range(30)))
        until(lambda: not Purge.objects.exclude(key="all").exists(), "it piles up")
        receiver.until_told("all")
        until(lambda: not Purge.objects.filter(edge="a").exists(), "something waits on")
        assert list(Purge.objects.values_list("edge", "key")) == [("nowhere", "all")]
    assert "edge nowhere, which is not configured here" in caplog.text
    assert "too much waits for edge a" in caplog.text


def test_an_edge_that_was_forgotten_by_mistake_hears_of_changes_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purger, "_TIDIED_EVERY", 0.05)
    with purging(receiver.edge("a")):
        EdgeStanding.objects.all().delete()
        receiver.until_told("all")


# Who purges.


def test_one_at_a_time_purges_and_another_takes_over(receiver: Receiver) -> None:
    first, second = Role.of(connections["default"]), Role.of(connections["default"])
    answers: list[bool] = []
    assert first.acquire()
    assert first.acquire()
    in_thread(lambda: answers.append(second.acquire())).join(PATIENCE)
    first.release()
    in_thread(lambda: answers.append(second.acquire())).join(PATIENCE)
    second.release()
    assert answers == [False, True]


def test_whoever_stops_lets_another_purge(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purger, "_LONGEST_PAUSE", 0.05)
    with purging(receiver.edge("a")):
        put("post:1")
        receiver.until_told("post:1")
        waiting = purger_of(receiver.edge("a"))
        waiting.start()
    put("post:2")
    receiver.until_told("post:2")
    waiting.stop()
    role = Role.of(connections["default"])
    assert role.acquire()
    role.release()


def test_stopping_does_not_wait_for_an_edge_that_does_not_answer(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purger, "_STOPS_WITHIN", 0.2)
    receiver.status = 0
    registered(receiver.edge("a"))
    stopping = purger_of(receiver.edge("a", timeout=60.0))
    stopping.start()
    put("post:1")
    receiver.until_refused()
    stopping.stop()
    role = Role.of(connections["default"])
    until(role.acquire, "the role is not given back")
    role.release()
    assert Purge.objects.filter(stage=0).exists()


# Once, by hand.


@pytest.mark.usefixtures("_impatient")
def test_what_is_due_is_told_once_and_what_fails_waits_on(
    receiver: Receiver, other_receiver: Receiver
) -> None:
    other_receiver.status = 500
    edges = receiver.edge("a", rebound=60.0), other_receiver.edge("b")
    registered(*edges)
    put("post:1", "post:2")
    assert purger_of(*edges).drain()
    assert receiver.told() >= {"post:1", "post:2"}
    waits = due.waiting()
    assert (waits["a"].first, waits["a"].again) == (0, 2)
    assert (waits["b"].first, waits["b"].again) == (2, 0)


def test_what_another_process_purges_is_left_to_it(receiver: Receiver) -> None:
    registered(receiver.edge("a"))
    put("post:1")
    other = Role.of(connections["default"])
    assert other.acquire()
    refused = []
    in_thread(lambda: refused.append(purger_of(receiver.edge("a")).drain())).join(PATIENCE)
    other.release()
    assert refused == [False]
    assert not receiver.calls
