"""P4: a crash at any point loses no invalidation; it is applied when any process looks again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests import fleet
from tests.herds.herd import Herd, answers
from tests.herds.scene import NEW, OLD, Scene, shows
from tests.redis import wait_until
from tests.server import ROOT

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="needs Redis and PostgreSQL")

CLIENTS = 60
NAME = "the relay that is killed"

_RELAYING = "SELECT last_pass FROM caching_relaying WHERE id = 1 FOR UPDATE"
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND query LIKE '%%caching_relaying%%' AND application_name LIKE %s"
)
_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
_IN_A_PASS = f"{_SESSIONS} AND state = 'idle in transaction' AND query LIKE '%%caching_outbox%%'"


def count(scene: Scene, query: str, *parameters: str) -> int:
    with scene.fleet.cluster.connect() as connection:
        ((found,),) = connection.execute(query, parameters or None).fetchall()
        return int(found)


def rows(scene: Scene) -> int:
    return count(scene, "SELECT count(*) FROM caching_outbox")


def test_a_write_whose_worker_dies_before_it_has_relayed_shows(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd, scene.fleet.cluster.connect() as locking:
        dying, *others = herd.of
        herd.warm(scene.path)
        with locking.transaction():
            locking.execute(_RELAYING)
            wire = herd.of[dying][0]
            wire.send(scene.writing(NEW))
            # Its own relay would be one, the writer is another.
            wait_until(lambda: count(scene, _WAITING, "%") >= 2, "nobody wants to relay")
            scene.fleet.kill(dying)
            assert rows(scene)
        assert answers([wire]) == [None]
        wait_until(lambda: not rows(scene), "nobody relays")
        for worker in others:
            wait_until(lambda worker=worker: shows([herd.read(scene.path, worker)], NEW), "the write is lost")


def test_a_relay_that_dies_in_its_pass_takes_nothing_with_it(scene: Scene) -> None:
    # Patient, so that it stays where it is: it has taken the rows, and Redis does not answer.
    patient = {"READPATH_LEASE": "60", "READPATH_REDIS_TIMEOUT": "15", "PGAPPNAME": NAME}
    with Herd(scene.fleet, CLIENTS) as herd:
        herd.warm(scene.path)
        with standing_still(scene, herd.of):
            scene.write_raw()
            scene.fleet.redis.pause()
            try:
                relay = subprocess.Popen(
                    [sys.executable, "manage.py", "relay", "--once"],
                    cwd=ROOT,
                    env={**scene.fleet.environment, **patient},
                )
                wait_until(lambda: count(scene, _IN_A_PASS, NAME) == 1, "it does not relay", patience=30)
                relay.kill()
                relay.wait()
            finally:
                scene.fleet.redis.resume()
            wait_until(lambda: not count(scene, _SESSIONS, NAME), "its session does not end")
            assert rows(scene)
        wait_until(lambda: not rows(scene), "nobody relays")
        for worker in herd.of:
            wait_until(lambda worker=worker: shows([herd.read(scene.path, worker)], NEW), "the write is lost")


@contextmanager
def standing_still(scene: Scene, workers: Iterable[int]) -> Iterator[None]:
    """Let all workers stand still for as long as the block takes."""
    with ExitStack() as stack:
        for worker in workers:
            stack.enter_context(scene.fleet.stopped(worker))
        yield


def test_what_was_written_while_no_worker_lived_is_not_hidden_by_what_redis_holds(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        herd.warm(scene.path)
    scene.fleet.stop(signal.SIGKILL)
    scene.write_raw()
    with scene.fleet.cluster.connect() as locking:
        with locking.transaction():
            # Nobody can know what is in it now, so nobody may believe Redis.
            locking.execute("LOCK TABLE caching_outbox IN ACCESS EXCLUSIVE MODE")
            scene.fleet.start()
            with Herd(scene.fleet, CLIENTS) as herd:
                assert not any(shows([herd.read(scene.path, worker)], OLD) for worker in herd.of)
        with Herd(scene.fleet, CLIENTS) as herd:
            assert shows([herd.read(scene.path, worker) for worker in herd.of], NEW)


def test_a_change_that_was_numbered_long_before_it_was_committed_shows(scene: Scene) -> None:
    other = Scene(scene.fleet, scene.writer)
    with Herd(scene.fleet, CLIENTS) as herd, scene.fleet.cluster.connect() as connection:
        with connection.transaction():
            connection.execute("UPDATE api_post SET title = %s WHERE id = %s", [NEW, scene.post])
            for number in range(5):
                other.write(f"{NEW} {number}")
            herd.warm(scene.path)
        for worker in herd.of:
            wait_until(lambda worker=worker: shows([herd.read(scene.path, worker)], NEW), "the write is lost")
