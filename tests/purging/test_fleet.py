"""Workers that share a Redis purge as one: in order, whoever dies or stands still, with Redis and without."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests import fleet as fleets
from tests.fleet import Fleet, running_fleet
from tests.purging.receivers import TOKEN, Receiver, receiving
from tests.writer import Writer

LEASE = 1.0


@pytest.fixture(scope="module")
def edge() -> Iterator[Receiver]:
    """Return the edge in front of the fleet."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def fleet(edge: Receiver) -> Iterator[Fleet]:
    """Return two workers, one of which purges."""
    if not fleets.is_possible():
        pytest.skip("PostgreSQL or Redis is missing on this machine")
    with running_fleet(
        workers=2,
        READPATH_EDGES=f"cdn={edge.url}&rebound=0.2&timeout=30",
        READPATH_PURGE_TOKEN=TOKEN,
        READPATH_LEASE=str(LEASE),
        READPATH_REDIS_TIMEOUT="0.25",
    ) as running:
        edge.until_told("all")
        yield running


@pytest.fixture(scope="module")
def writer(fleet: Fleet) -> Iterator[Writer]:
    """Return a process that writes to the fleet's database."""
    with Writer(fleet) as running:
        yield running


@pytest.fixture
def change(writer: Writer, edge: Receiver) -> Iterator[Callable[[], tuple[str, float]]]:
    """Return what changes the database, and tells the key of that and the moment before it."""

    def make() -> tuple[str, float]:
        began_at = time.monotonic()
        return f"author:{writer.run('result = factories.make_author().pk')}", began_at

    yield make
    edge.status = 200


def test_no_edge_hears_before_a_worker_that_stands_still_has_lost_its_trust(
    fleet: Fleet, edge: Receiver, change: Callable[[], tuple[str, float]]
) -> None:
    """One of the two is not the one that purges: the other one may tell when the lease is over."""
    for worker in fleet.workers:
        with fleet.stopped(worker):
            key, began_at = change()
            edge.within(LEASE * 1.5, lambda one=key: bool(edge.times(one)))
        edge.until_told(key)
        assert edge.times(key)[0] - began_at > LEASE / 2


def test_without_redis_an_edge_hears_after_a_lease_and_again_when_redis_is_back(
    fleet: Fleet, edge: Receiver, change: Callable[[], tuple[str, float]]
) -> None:
    fleet.redis.kill()
    try:
        key, began_at = change()
        edge.until_told(key, times=2)  # And after the rebound.
        assert edge.times(key)[0] - began_at > LEASE
    finally:
        fleet.redis.start()
    edge.until_told(key, times=4)


def test_no_writer_waits_for_an_edge_that_does_not_answer(
    fleet: Fleet, edge: Receiver, writer: Writer
) -> None:
    token, post = writer.run(
        "from rest_framework.authtoken.models import Token\n"
        "author = factories.make_author(user=factories.make_user())\n"
        "result = [Token.objects.create(user=author.user).key, factories.make_post(author=author).pk]"
    )
    edge.until_told(f"post:{post}", times=2)  # Once more after the rebound; then nothing waits.
    told, refused = len(edge.times(f"post:{post}")), len(edge.refused)
    edge.status = 0
    writer.run("factories.make_author()")
    edge.until_refused(refused + 1)
    for title in ("One", "Two"):
        answer = httpx.patch(
            f"{fleet.url}/api/v1/posts/{post}/",
            json={"title": title},
            headers={"Authorization": f"Token {token}"},
            timeout=20.0,
        )
        assert answer.status_code == 200
    assert len(edge.refused) == refused + 1, "it has answered meanwhile"
    edge.stop()
    edge.status = 200
    edge.start()
    edge.until(lambda: len(edge.times(f"post:{post}")) > told, "the edge is back, and nobody tells it")


def test_whoever_is_killed_another_one_purges_and_no_two_do(
    fleet: Fleet, edge: Receiver, change: Callable[[], tuple[str, float]]
) -> None:
    with fleet.cluster.connect() as psql:
        for worker in fleet.workers:
            fleet.kill(worker)
            key, _ = change()
            edge.until_told(key)
            fleet.wait_for_workers(without=worker)
            (holders,) = psql.execute(
                "SELECT count(*) FROM pg_locks,"
                " (SELECT hashtextextended('readpath purger public', 0) AS key) AS ours"
                " WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint = (key >> 32) & 4294967295"
                " AND objid::bigint = key & 4294967295"
            ).fetchone() or (None,)
            assert holders == 1


def test_what_fails_is_shown_and_the_token_is_not(fleet: Fleet, edge: Receiver, writer: Writer) -> None:
    edge.status = 403
    edge.fields = {"X-Echo": TOKEN}
    refused = len(edge.refused)
    try:
        writer.run("factories.make_author()")
        edge.until_refused(refused + 2)
        with httpx.Client(base_url=fleet.url, timeout=20.0) as client:
            ready = client.get("/healthz/ready")
    finally:
        edge.status = 200
        edge.fields = {}
    status = fleet.manage("purge", "--status", "--json")
    assert ready.status_code == 200
    shown = ready.json()["edges"]["cdn"]
    assert "READPATH_PURGE_TOKEN" in shown["reason"]
    assert shown["failing_for"] > 0
    assert shown["waiting"] > 0
    assert json.loads(status)["cdn"]["keys"] > 0
    log = fleet.log.read_text()
    assert "edge cdn cannot be purged" in log
    assert edge.tokens == {f"Bearer {TOKEN}"}
    for text in (log, ready.text, status, repr(fleet)):
        assert TOKEN not in text
    assert "Traceback" not in log
