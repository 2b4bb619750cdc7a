"""P7: however many clients ask four workers for one cold URL, it is built once, whatever happens.

No test waits for luck: a lock in PostgreSQL holds the build until everybody has arrived, and a
build is counted by what PostgreSQL was asked for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from http import HTTPStatus

import pytest

from tests import fleet
from tests.herds.herd import Herd
from tests.herds.holding import Hold
from tests.herds.scene import NEW, OLD, Scene, shows
from tests.oracle.wire import Answer

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="needs Redis and PostgreSQL")

REPLACED_WITHIN = 5.0  # Seconds; a claim lives for less than one, and this machine serves all of it.
STORED, COLLAPSED = "fwd=uri-miss; stored", "fwd=uri-miss; collapsed"
HITS = frozenset({"hit", "hit; detail=l2"})


def statuses(answers: Collection[Answer | None]) -> Counter[int]:
    return Counter(answer.status if answer else 0 for answer in answers)


def outcomes(answers: Collection[Answer | None]) -> Counter[str]:
    return Counter(answer.outcome for answer in answers if answer)


def test_a_herd_at_a_cold_key_is_one_build(scene: Scene) -> None:
    with Herd(scene.fleet) as herd, Hold(scene.fleet.cluster) as hold:
        builds = scene.builds()
        herd.ask(scene.path)
        hold.builders()
        herd.arrive()
        hold.release()
        answers = herd.answers()
        assert shows(answers, OLD), statuses(answers)
        assert len({answer.body for answer in answers if answer}) == 1
        assert builds.count() == 1
        told = outcomes(answers)
        assert told[STORED] == 1
        assert set(told) <= {STORED, COLLAPSED} | HITS
        # And it is kept by every worker.
        assert {herd.read(scene.path, worker).outcome for worker in herd.of} == {"hit"}


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_herd_at_a_build_that_fails_is_one_build(scene: Scene, how: str) -> None:
    with Herd(scene.fleet) as herd, Hold(scene.fleet.cluster) as hold:
        builds = scene.builds()
        herd.ask(scene.path)
        hold.builders()
        herd.arrive()
        with hold.failing(how):
            answers = herd.answers()
        assert set(statuses(answers)) == {HTTPStatus.SERVICE_UNAVAILABLE}
        assert all(b"\r\nretry-after: " in answer.head.lower() for answer in answers if answer)
        assert all(b"\r\ncache-control: no-store" in answer.head.lower() for answer in answers if answer)
        # A connection that was kept and has died is replaced, and the build on it repeated, once.
        assert builds.count() in ({1} if how == "pg_cancel_backend" else {1, 2})
        # Nobody remembers the failure: who comes now has it built, once.
        hold.release()
        time_of_failure = builds.count()
        herd.ask(scene.path)
        assert shows(herd.answers(), OLD)
        assert builds.count() == time_of_failure + 1


@pytest.mark.parametrize("is_local", [True, False], ids=["to the builder", "to the others"])
def test_who_comes_after_an_acknowledged_write_never_gets_the_build_before_it(
    scene: Scene, *, is_local: bool
) -> None:
    with Herd(scene.fleet) as herd, Hold(scene.fleet.cluster) as hold:
        builder, *others = herd.of
        early = [wire for wires in herd.of.values() for wire in wires[::2]]
        asked = [builder] if is_local else others
        late = [wire for worker in asked for wire in herd.of[worker][1::2]]
        builds = scene.builds()
        herd.ask(scene.path, early[:1])
        hold.builders()
        herd.ask(scene.path, early[1:])
        herd.arrive()
        hold.freeze()
        scene.write()
        herd.ask(scene.path, late)
        herd.arrive()
        hold.thaw()
        assert shows(herd.answers(late), NEW)
        answers = herd.answers(early)
        assert set(statuses(answers)) == {HTTPStatus.OK}
        # Those who came before, to the worker that was building, may have what it built.
        assert shows(answers[:1], OLD), "the build that was held had read too late"
        # One that the write has overtaken, and one for everybody after it; never two at once.
        assert builds.count() == 2
        assert builds.most_at_once() == 1
        assert shows([herd.read(scene.path, worker) for worker in herd.of], NEW)


def test_a_builder_that_is_killed_is_soon_replaced(scene: Scene) -> None:
    with Herd(scene.fleet) as herd, Hold(scene.fleet.cluster) as hold:
        builds = scene.builds()
        builder, *others = herd.of
        herd.ask(scene.path, herd.of[builder][:1])
        hold.builders()
        herd.ask(scene.path, herd.all[1:])
        herd.arrive()
        killed_at = time.monotonic()
        scene.fleet.kill(builder)
        hold.builders(2)  # The session of the dead one still waits.
        took = time.monotonic() - killed_at
        hold.release()
        assert set(statuses(herd.answers(herd.of[builder]))) == {0}
        for worker in others:
            assert shows(herd.answers(herd.of[worker]), OLD)
        assert builds.count() == 2
        assert took < REPLACED_WITHIN, f"{took:.3f} s"


def test_a_builder_that_stands_still_is_replaced_and_never_lands_over_a_newer_write(scene: Scene) -> None:
    with Herd(scene.fleet) as herd, Hold(scene.fleet.cluster) as hold:
        builder, witness, *others = herd.of
        herd.ask(scene.path, herd.of[builder][:1])
        hold.builders()
        herd.ask(scene.path, [*herd.of[witness], *(wire for worker in others for wire in herd.of[worker])])
        herd.arrive()
        with scene.fleet.stopped(builder):
            hold.builders(2)
            hold.release()
            for worker in (witness, *others):
                assert shows(herd.answers(herd.of[worker]), OLD)
            scene.write()
            assert shows([herd.read(scene.path, worker) for worker in others], NEW)
            # They come to the one that stands still, and after the write.
            late = herd.of[builder][1:]
            herd.ask(scene.path, late)
        assert shows(herd.answers(late), NEW)
        assert shows(herd.answers(herd.of[builder][:1]), OLD), "it had not read before it stood still"
        # The witness holds nothing, so it shows what is in Redis.
        assert shows([herd.read(scene.path, worker) for worker in (witness, *others, builder)], NEW)


def test_when_redis_dies_during_a_build_each_worker_builds_once(scene: Scene) -> None:
    try:
        with Herd(scene.fleet) as herd, Hold(scene.fleet.cluster) as hold:
            builds = scene.builds()
            herd.ask(scene.path)
            hold.builders()
            herd.arrive()
            scene.fleet.redis.kill()
            hold.builders(len(herd.of))
            hold.release()
            assert shows(herd.answers(), OLD)
            assert builds.count() == len(herd.of)
    finally:
        scene.fleet.redis.start()
    scene.wait_until_coherent()
    with Herd(scene.fleet) as herd:
        builds = scene.builds()
        herd.ask(scene.path)
        assert shows(herd.answers(), OLD)
        assert builds.count() == 1
