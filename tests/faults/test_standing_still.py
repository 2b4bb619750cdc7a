"""P1: a worker that stood still past its lease serves nothing that was overwritten meanwhile.

Its clients have asked before it goes on, so it answers them with the first thing that it does.
"""

from __future__ import annotations

import pytest

from tests import fleet
from tests.herds.herd import Herd
from tests.herds.scene import NEW, OLD, Scene, shows

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="needs Redis and PostgreSQL")

CLIENTS = 80
LEASE = 2.0  # Seconds: what the settings say.
ACKNOWLEDGED_WITHIN = 4 * LEASE


def test_what_was_overwritten_is_not_served_by_who_stood_still(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        stopped, *others = herd.of
        herd.warm(scene.path)
        with scene.fleet.stopped(stopped):
            took = scene.write()
            # A lease from when its last renewal was seen, which may be a while ago.
            assert LEASE / 2 < took < ACKNOWLEDGED_WITHIN, "whoever stands still may trust for a lease"
            assert shows([herd.read(scene.path, worker) for worker in others], NEW)
            herd.ask(scene.path, herd.of[stopped])
        assert shows(herd.answers(herd.of[stopped]), NEW)


def test_the_same_when_redis_is_dead_by_then(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        stopped, *others = herd.of
        herd.warm(scene.path)
        try:
            with scene.fleet.stopped(stopped):
                scene.write()
                scene.fleet.redis.kill()
                herd.ask(scene.path, herd.of[stopped])
            assert shows(herd.answers(herd.of[stopped]), NEW)
            assert shows([herd.read(scene.path, worker) for worker in others], NEW)
        finally:
            scene.fleet.redis.start()


def test_who_stood_still_while_redis_lost_its_memory_forgets_too(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        stopped, *_ = herd.of
        herd.warm(scene.path)
        with scene.fleet.stopped(stopped):
            scene.fleet.redis.kill()
            scene.fleet.redis.start()
            scene.write()
            herd.ask(scene.path, herd.of[stopped])
        assert shows(herd.answers(herd.of[stopped]), NEW)


def test_reads_that_were_asked_before_a_worker_stood_still_are_answered_after(scene: Scene) -> None:
    with Herd(scene.fleet, CLIENTS) as herd:
        stopped, *_ = herd.of
        with scene.fleet.stopped(stopped):
            herd.ask(scene.path, herd.of[stopped])
        assert shows(herd.answers(herd.of[stopped]), OLD)
