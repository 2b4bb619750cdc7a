"""A writer is answered when nobody serves what he has replaced, and not before (P1)."""

from __future__ import annotations

import time
from threading import Event

import pytest
from django.db import OperationalError, connections

from caching.coherence import OutOfReach
from caching.models import Outbox
from caching.relaying import acknowledging
from caching.relaying.relay import Relay
from caching.surrogate_keys import EVERYTHING
from tests.caching.hearing import PATIENCE, Heard, Looks, in_thread
from tests.factories import make_author

pytestmark = pytest.mark.usefixtures("database_file")

LEASE = 0.3
FAR_AWAY = 1000.0


@pytest.fixture
def heard():
    return Heard()


def relay_for(heard, *, lease=LEASE):
    return Relay(heard, None, interval=0.005, lease=lease, passes=Looks())


def write():
    author = make_author()
    return f"author:{author.pk}"


class Waiting(Heard):
    """Lets a test say when the workers have applied a record."""

    def __init__(self):
        super().__init__()
        self.is_asked, self.is_applied = Event(), Event()

    def wait(self, position):
        super().wait(position)
        self.is_asked.set()
        assert self.is_applied.wait(PATIENCE)


def test_he_waits_until_every_worker_has_applied_his_own_record():
    heard = Waiting()
    key = write()
    writer = in_thread(relay_for(heard).acknowledge)
    assert heard.is_asked.wait(PATIENCE)

    assert key in heard.keys
    assert writer.is_alive()
    assert heard.waited_for == [1]
    heard.is_applied.set()
    writer.join(PATIENCE)
    assert not writer.is_alive()


def test_if_somebody_else_has_relayed_his_rows_he_waits_for_the_record_of_that(heard):
    write()
    heard.position = 41
    relay_for(heard).relay()
    heard.position = 57
    relay_for(heard).acknowledge()

    assert heard.waited_for == [57]


def test_if_somebody_else_takes_his_rows_under_his_eyes_he_waits_for_the_record_of_that(heard, monkeypatch):
    from caching.relaying import outbox  # noqa: PLC0415

    write()
    other = Heard()

    def seen_and_then_taken_by_another():
        monkeypatch.undo()
        assert relay_for(other).relay()
        heard.position = 99
        return False

    monkeypatch.setattr(outbox, "is_empty", seen_and_then_taken_by_another)
    relay_for(heard).acknowledge()

    assert heard.events == []
    assert heard.waited_for == [99]


def timed(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_without_redis_he_waits_until_every_lease_from_before_his_commit_has_run_out(heard):
    heard.lost = 0.01
    key = write()

    assert LEASE * acknowledging.DRIFT <= timed(relay_for(heard).acknowledge) < PATIENCE / 2
    assert heard.events == []
    assert key in set(Outbox.objects.values_list("key", flat=True)), "somebody must still hear of it"


def test_rows_that_somebody_else_has_relayed_may_not_have_been_applied_yet(heard):
    write()
    relay_for(Heard()).relay()
    heard.lost = 0.01

    assert timed(relay_for(heard).acknowledge) >= LEASE * acknowledging.DRIFT


@pytest.mark.parametrize("method", ["invalidate", "last", "wait"])
def test_redis_that_goes_at_any_moment_costs_a_lease_and_no_more(heard, monkeypatch, method):
    if method != "last":
        write()

    def lost(*_, **__):
        heard.lost = 0.01
        raise OutOfReach("gone")

    monkeypatch.setattr(heard, method, lost)

    assert LEASE * acknowledging.DRIFT <= timed(relay_for(heard).acknowledge) < PATIENCE / 2
    assert "distrust" not in heard.events


def test_when_redis_is_back_he_relays_after_all(heard):
    heard.lost = 0.01
    key = write()
    writer = in_thread(relay_for(heard, lease=FAR_AWAY).acknowledge)
    heard.lost = 0.0
    writer.join(PATIENCE)

    assert not writer.is_alive()
    assert key in heard.keys
    assert heard.waited_for == [1]


def test_if_the_database_says_that_nobody_trusts_redis_he_need_not_wait(heard):
    heard.lost = 100.0
    relay = relay_for(heard, lease=FAR_AWAY)
    relay._trust_lock.has_been_free = lambda: True
    write()

    assert timed(relay.acknowledge) < PATIENCE / 2


def test_a_failure_of_the_database_is_outlived(heard):
    key = write()
    heard.chokes = [OperationalError("gone")] * 3
    relay_for(heard).acknowledge()

    assert key in heard.keys
    assert "distrust" not in heard.events


def test_a_failure_that_does_not_end_makes_everybody_forget_everything(heard, monkeypatch, caplog):
    monkeypatch.setattr(acknowledging, "ACKNOWLEDGE_WITHIN", 0.1)
    write()
    invalidate = heard.invalidate

    def choking(keys, **options):
        if EVERYTHING not in keys:
            raise OperationalError("gone")
        return invalidate(keys, **options)

    heard.invalidate = choking
    relay_for(heard, lease=FAR_AWAY).acknowledge()

    assert heard.keys == {EVERYTHING}
    assert heard.waited_for == [1]
    assert heard.events[-1] == "distrust"
    assert "could not be relayed" in caplog.text


def test_if_nobody_can_be_told_this_process_at_least_forgets(heard, monkeypatch):
    monkeypatch.setattr(acknowledging, "ACKNOWLEDGE_WITHIN", 0.1)
    heard.lost = 0.01
    write()
    relay_for(heard, lease=FAR_AWAY).acknowledge()

    assert heard.events == ["distrust"]


def test_many_writers_are_each_answered_after_their_own_change(heard):
    heard.lost = 0.0
    relay = relay_for(heard)
    missed = []

    def writer(number):
        key = f"post:{number}"
        Outbox.objects.create(key=key)
        relay.acknowledge()
        if key not in heard.keys:
            missed.append(key)
        connections.close_all()

    threads = [in_thread(lambda number=number: writer(number)) for number in range(12)]
    for thread in threads:
        thread.join(PATIENCE)
    assert missed == []
    assert not Outbox.objects.exists()
