"""Writers, relays, the purger and whoever forgets an edge get in each other's way: nothing is lost by it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction

from caching import purge_queue
from caching.models import Outbox, Purge
from caching.purging import due
from caching.relaying import outbox
from tests.caching.hearing import in_thread
from tests.purging.purging import Workers, purging, relay, until, until_settled
from tests.purging.receivers import PATIENCE, Receiver

KEYS = [f"post:{number}" for number in range(12)]
ROUNDS = 50


class Crowd:
    """Threads that all do something to the queue, again and again."""

    def __init__(self) -> None:
        self.workers = Workers()
        self.errors: list[BaseException] = []
        self.changed: dict[str, float] = {}  # When each key was changed last, before its commit.

    def write(self, dice: random.Random) -> None:
        """Change some keys, and relay."""
        keys = dice.sample(KEYS, 5)
        with transaction.atomic():
            Outbox.objects.bulk_create([Outbox(key=key + dice.choice(["", "!"])) for key in keys])
            self.changed.update(dict.fromkeys(keys, time.monotonic()))
        relay(self.workers)

    def leave(self, dice: random.Random) -> None:
        """Change a key, and find Redis out of reach."""
        Outbox.objects.create(key=dice.choice(KEYS))
        outbox.queue_for_edges()

    def forget(self, dice: random.Random) -> None:
        """Let an edge come and go."""
        purge_queue.register({"passing": None})
        purge_queue.forget("passing")

    def start(self, act: Callable[[random.Random], None], seed: int) -> Thread:
        """Do so many times in a thread."""

        def hammer() -> None:
            dice = random.Random(seed)
            try:
                for _ in range(ROUNDS):
                    act(dice)
            except BaseException as error:  # noqa: BLE001 - it is the test's to judge.
                self.errors.append(error)

        return in_thread(hammer)


@pytest.mark.usefixtures("database")
def test_every_key_is_told_after_its_last_change(
    receiver: Receiver,
    other_receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Two edges in a row, flushed now and then, while what cannot be relayed is queued as well."""
    monkeypatch.setattr(due, "MOST_WAITING", 8)
    crowd = Crowd()
    inner = receiver.edge("z", rebound=0.02)
    outer = other_receiver.edge("a", rebound=0.02, through="z")
    acts = [crowd.write, crowd.write, crowd.leave, crowd.forget]
    with purging(outer, inner, workers=crowd.workers):
        for thread in [crowd.start(act, seed) for seed, act in enumerate(acts)]:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "it hangs"
        until(lambda: not relay(crowd.workers) and outbox.is_empty(), "nobody relays")
        until_settled()
    assert crowd.errors == []
    assert "the queue of purges cannot be read" not in caplog.text, "somebody was in a deadlock"
    assert "purging failed" not in caplog.text
    for edge in (receiver, other_receiver):
        for key, moment in crowd.changed.items():
            assert max(edge.times(key) + edge.times("all")) > moment, key


def test_who_settles_waits_for_nobody_who_queues(postgresql_database: Any) -> None:
    """A relay may hold its rows for long, in an order of its own."""
    purge_queue.register({"a": None})
    Purge.objects.all().delete()
    with transaction.atomic():
        purge_queue.put({"post:1": False, "post:2": False})
    taken = due.take("a", most=10, through=None, held_for=0.0)

    def settle() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        due.settle("a", taken, rebound=0.0, calls=1)

    with transaction.atomic():
        purge_queue.put({"post:2": False})
        in_thread(settle).join(PATIENCE)
    assert list(Purge.objects.values_list("key", flat=True)) == ["post:2"]


def test_an_edge_is_registered_between_two_passes(postgresql_database: Any) -> None:
    """A pass that did not see it would queue nothing for it, and invalidate after it was told to drop all."""
    Outbox.objects.create(key="post:1")
    with outbox.relaying():
        registering = in_thread(lambda: purge_queue.register({"a": None}))
        until(lambda: _waits_for_a_lock() or not registering.is_alive(), "it does nothing")
        assert purge_queue.registered() == frozenset()
    registering.join(PATIENCE)
    assert purge_queue.registered() == {"a"}


def _waits_for_a_lock() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
