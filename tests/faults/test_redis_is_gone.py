"""P5: without Redis reads go on and are not stale, writes succeed, and nobody waits for long.

Redis refuses connections, or swallows what it is sent, as a machine does that is gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from http import HTTPStatus
from statistics import median

import pytest

from tests import fleet
from tests.faults.conftest import TIMEOUT
from tests.faults.outages import Outage, without_database, without_redis
from tests.herds.builds import Builds, Looks
from tests.herds.herd import ANSWERED_WITHIN, Herd, keep_asking
from tests.herds.scene import NEW, OLD, Scene, shows
from tests.oracle.wire import Answer

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="needs Redis and PostgreSQL")

CLIENTS = 80
LEASE = 2.0  # Seconds: what the settings say.
AT_ONCE = 0.8 * LEASE  # Seconds that something may take that does not wait for a lease, here.
# Seconds: a look waits for one, and connecting anew for two, before it takes the database for lost.
REFUSED_WITHIN = 4.0
CONFIRMED = "hit; detail=confirmed"

every_outage = pytest.mark.parametrize("outage", Outage)

FIELDS = ("body", "excerpt", "slug", "score", "published_at", "updated_at", "author", "category", "tags")


def cold_pages(scene: Scene) -> list[str]:
    return [f"/api/v1/posts/{scene.post}/?fields=title,{field}" for field in FIELDS]


def everybody_shows(herd: Herd, path: str, title: str) -> bool:
    """Tell whether every worker shows the title. Who had no time to find out in time is asked again."""
    deadline = time.monotonic() + ANSWERED_WITHIN
    answers = []
    for worker in herd.of:
        while (answer := herd.read(path, worker)).status == HTTPStatus.SERVICE_UNAVAILABLE:
            assert time.monotonic() < deadline, answer
        answers.append(answer)
    return shows(answers, title)


def seconds(began: float) -> float:
    return time.monotonic() - began


def refusals(answers: Iterable[Answer]) -> Iterable[bool]:
    for answer in answers:
        head = answer.head.lower()
        yield (
            answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            and b"\r\nretry-after: " in head
            and b"\r\ncache-control: no-store" in head
        )


@every_outage
def test_a_lost_redis_costs_a_reader_one_timeout_and_a_writer_a_lease(scene: Scene, outage: Outage) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        worker, *_ = herd.of
        herd.warm(scene.path)
        with without_redis(scene, outage):
            began = time.monotonic()
            # Trusted for a lease: what is warm does not ask.
            assert herd.read(scene.path, worker).outcome == "hit"
            answers = [herd.read(page, worker) for page in cold_pages(scene)]
            took = seconds(began)
            assert shows(answers, OLD)
            # Each would ask Redis four times, were it not for the first who finds out.
            assert took < 2 * len(answers) * TIMEOUT, f"{took:.2f} s for {len(answers)} cold reads"
            assert scene.write() < 4 * LEASE
            assert everybody_shows(herd, scene.path, NEW)


@every_outage
def test_warm_pages_are_confirmed_by_the_outbox_at_the_price_of_a_look_at_a_time(
    scene: Scene, outage: Outage
) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        herd.warm(scene.path)
        with without_redis(scene, outage):
            herd.warm(scene.path, CONFIRMED)
            scene.wait_until_all_are("confirming")
            builds, looks = Builds(scene.fleet.cluster), Looks(scene.fleet.cluster)
            reads = keep_asking(herd.all, scene.path, seconds=3.0)
            assert set(reads) == {CONFIRMED}
            assert looks.sessions() <= len(herd.of), "a worker looks more than once at a time"
            assert looks.count() < reads.total() / 2, f"{looks.count()} looks for {reads.total()} reads"
            assert builds.count() == 0
            # Nobody relays, and still: what is written past us shows with the next read.
            scene.write_raw()
            assert everybody_shows(herd, scene.path, NEW)


@every_outage
def test_a_writer_does_not_wait_for_a_redis_that_has_been_away_for_long(scene: Scene, outage: Outage) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        herd.warm(scene.path)
        with without_redis(scene, outage):
            deadline = time.monotonic() + 10 * LEASE
            number = 0
            while scene.write(f"Title {number}") > AT_ONCE:
                assert time.monotonic() < deadline, "every writer waits for a lease"
                number += 1
            took = []
            for title in ("Title A", "Title B", "Title C", "Title D", NEW):
                took.append(scene.write(title))
                assert everybody_shows(herd, scene.path, title)
            # Were it the rule to wait for a lease, it would not be the half that is quick.
            assert median(took) < AT_ONCE, took


def test_a_look_whose_connection_has_died_is_made_on_another(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        herd.warm(scene.path)
        with without_redis(scene, Outage.REFUSED):
            herd.warm(scene.path, CONFIRMED)
            assert scene.fleet.cluster.terminate_connections()
            assert everybody_shows(herd, scene.path, OLD)
    scene.writer.run("connection.close()")


@every_outage
@pytest.mark.parametrize("database", Outage)
def test_without_redis_and_database_nothing_that_is_stored_is_served(
    scene: Scene, outage: Outage, database: Outage
) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        herd.warm(scene.path)
        with without_redis(scene, outage):
            herd.warm(scene.path, CONFIRMED)
            with without_database(scene, database):
                began = time.monotonic()
                for page in (scene.path, *cold_pages(scene)[:1]):
                    assert all(refusals(herd.read(page, worker) for worker in herd.of)), page
                took = seconds(began)
                assert took < 2 * len(herd.of) * REFUSED_WITHIN, f"{took:.1f} s"
        herd.warm(scene.path)
