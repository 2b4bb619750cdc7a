"""Errands are handed out when they are due, whether anybody has taken those before or not."""

from loadtests.errands import Errand
from loadtests.mix import Kind, Wish
from loadtests.pump import Pump


def _errand(due, kind=Kind.DETAIL_READER):
    return Errand(due, 0, Wish(kind), "/", 0)


def _taken(pump, kind):
    queue = pump.queues[kind]
    return [queue.get_nowait() for _ in range(len(queue))]


def test_nobody_waits_for_an_answer():
    errands = [_errand(place / 1000) for place in range(50)]
    pump = Pump(iter(errands))
    pump.run()

    assert pump.is_done
    assert pump.now() >= errands[-1].due
    assert _taken(pump, Kind.DETAIL_READER) == errands


def test_each_kind_of_user_has_its_own_errands():
    pump = Pump(iter([_errand(0.0, Kind.WRITER), _errand(0.0, Kind.EDGE), _errand(0.0, Kind.WRITER)]))
    pump.run()

    assert [len(_taken(pump, kind)) for kind in (Kind.WRITER, Kind.EDGE, Kind.CRAWLER)] == [2, 1, 0]


def test_at_the_end_every_user_is_told_and_nothing_is_forgotten():
    left = [_errand(0.0), _errand(0.0, Kind.EDGE)]
    pump = Pump(iter(left))
    pump.run()

    assert sorted(pump.dismiss({Kind.EDGE: 2, Kind.WRITER: 1}), key=lambda one: one.wish.kind) == left
    assert _taken(pump, Kind.EDGE) == [None, None]
    assert _taken(pump, Kind.WRITER) == [None]
