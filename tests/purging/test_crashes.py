"""Whatever dies, whenever it does, an edge hears of every committed change."""

from __future__ import annotations

from typing import Any

from caching.models import Outbox, Purge
from tests.factories import make_author
from tests.postgres import USER
from tests.purging.dying import POINTS, dying
from tests.purging.purging import Workers, purging, registered, relay, until_settled
from tests.purging.receivers import Receiver


def url_of(database: Any) -> str:
    settings = database.settings_dict
    if database.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    return f"postgres://{USER}@/postgres?host={settings['HOST']}"


def test_a_purge_outlives_who_dies_with_it_in_his_hands(database: Any, receiver: Receiver) -> None:
    registered(receiver.edge("a"))
    with dying(url_of(database), receiver, rebound=0.1) as process:
        for point in POINTS:
            author = make_author()
            key = f"author:{author.pk}"
            process.ask(f"run {point}")
            assert process.ask("wait") == "9", point
            assert bool(receiver.times(key)) == (point in {"told", "settled"}), point
            assert Outbox.objects.exists() == (point in {"committed", "queued"}), point
            assert Purge.objects.exists() == (point not in {"committed", "queued"}), point
            told = len(receiver.times(key))
            process.ask("run on")
            # And once more after the rebound, however often it was told before.
            receiver.until_told(key, times=told + (1 if point == "settled" else 2))
            until_settled()
            process.ask("end")
            assert not Outbox.objects.exists()


def test_another_takes_over_from_who_is_killed(postgresql_database: Any, receiver: Receiver) -> None:
    edge = receiver.edge("a")
    registered(edge)
    with dying(url_of(postgresql_database), receiver, rebound=0.0) as process:
        process.ask("run on")
        first = make_author()
        receiver.until_told(f"author:{first.pk}")
        # By now it has the role, and keeps it.
        with purging(edge, is_new=False):
            process.ask("end")
            second = make_author()
            relay(Workers())
            receiver.until_told(f"author:{second.pk}")
