"""What was read stays, what comes once goes, and what comes back is known again."""

import gc
import tracemalloc
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from caching.eviction import MOST_LOOKS, MOST_READS, PLACE_BYTES, REMEMBERED_BYTES, Queues

ROOM = 20


class Holder:
    """Who holds so many, each of one byte, and asks the queues who has to go."""

    def __init__(self, room=ROOM, **options):
        self.room = room
        self.queues = Queues(room, **options)
        self.held = {}
        self.gone = []

    def put(self, *keys):
        for key in keys:
            while len(self.held) >= self.room:
                self.gone.append(self.queues.next())
                self.drop(self.gone[-1])
            self.held[key] = SimpleNamespace(bytes=1, reads=0)
            self.queues.add(key, self.held[key])

    def read(self, *keys, times=1):
        for key in keys:
            self.held[key].reads = min(MOST_READS, self.held[key].reads + times)

    def drop(self, key):
        del self.held[key]
        self.queues.remove(key)


def crowd(name, count):
    return [f"{name} {number}" for number in range(count)]


@pytest.fixture
def holder():
    return Holder()


@pytest.fixture
def full(holder):
    """Fill the room with `a 0` to `a 19`, all but one of them, and 'first', all kept."""
    holder.put(*crowd("a", ROOM))
    holder.read(*crowd("a", ROOM))
    holder.put("first")
    holder.read("first")
    # One of those that are kept has gone for it; it comes back, and is kept again.
    holder.put(holder.gone[0])
    assert set(crowd("a", ROOM)) - set(holder.held) == {"a 1"}
    return holder


def test_who_comes_once_goes_in_the_order_of_coming(holder):
    holder.put(*crowd("a", 2 * ROOM))

    assert holder.gone == crowd("a", ROOM)


def test_crawler_pushes_out_other_newcomers_only(full):
    known = set(full.held)

    full.put(*crowd("crawled", 10 * ROOM))

    assert len(known & set(full.held)) >= 0.9 * ROOM - 1


def test_newcomers_have_a_tenth_of_the_room_in_which_to_be_read(full):
    full.put("b", "c")

    assert {"b", "c"} <= set(full.held)
    full.put("d", "e")
    assert "b" not in full.held


def test_who_was_read_when_new_is_kept(holder):
    holder.put(*crowd("a", ROOM))
    holder.read("a 3")
    holder.put(*crowd("b", 3 * ROOM))

    assert "a 3" in holder.held
    assert "a 4" not in holder.held


def test_who_was_kept_and_is_read_no_more_goes_in_the_end(full):
    for name in "bcdef":
        for key in crowd(name, ROOM):
            full.put(key)
            full.read(key)

    assert not set(crowd("a", ROOM)) & set(full.held)


@pytest.mark.parametrize("times", range(MOST_READS + 1))
def test_each_reading_lets_who_is_kept_pass_once(times):
    looks = []
    holder = Holder(is_over=lambda held: bool(looks.append(held)))
    holder.put(*crowd("a", ROOM))
    holder.read(*crowd("a", ROOM))
    holder.put("b")
    reader = holder.held["a 7"]
    holder.read("a 7", times=times)
    looks.clear()

    while "a 7" in holder.held:
        holder.drop(holder.queues.next())

    # Looked at once more, but its readings were used up.
    assert sum(held is reader for held in looks) == times


def test_who_comes_back_soon_is_kept_at_once(full):
    full.put("b", *crowd("crawled", ROOM // 2))
    assert "b" not in full.held

    full.put("b", *crowd("crawled again", 3 * ROOM))

    assert "b" in full.held


def test_who_comes_back_late_is_a_newcomer(full):
    full.put("b", *crowd("crawled", 3 * ROOM))
    assert "b" not in full.held

    full.put("b", *crowd("crawled again", ROOM))

    assert "b" not in full.held


def test_who_was_dropped_is_remembered_too(full):
    full.drop("a 5")
    full.put("a 5", *crowd("crawled", 5 * ROOM))

    assert "a 5" in full.held


def test_nobody_is_remembered_while_there_is_room(holder):
    holder.put("a", "b")
    holder.drop("a")

    assert holder.queues.bytes == PLACE_BYTES


def test_whose_time_is_over_goes_before_who_was_read():
    over = {"a 3"}
    holder = Holder(is_over=lambda held: held is holder.held.get("a 3") and bool(over))
    holder.put(*crowd("a", ROOM))
    holder.read(*crowd("a", ROOM))

    holder.put("b")

    assert holder.gone == ["a 3"]


def test_search_ends_where_all_have_been_read():
    room = 5 * MOST_LOOKS
    looks = []
    holder = Holder(room, is_over=lambda held: bool(looks.append(held)))
    holder.put(*range(room))
    holder.read(*range(room))

    holder.put("one more")

    assert len(holder.gone) == 1
    assert len(looks) <= MOST_LOOKS + 1


def test_nobody_has_to_go_where_nobody_is(full):
    for key in list(full.held):
        full.drop(key)

    assert full.queues.next() is None
    assert full.queues.bytes == 0


@pytest.mark.parametrize("room", [10_000, 15_000])
def test_places_cost_what_python_allocates(room):
    keys = [b"/api/v1/posts/%d/" % number for number in range(4 * room)]
    holder = SimpleNamespace(bytes=1, reads=0)
    gc.collect()
    tracemalloc.start()
    try:
        queues = Queues(room)
        for place, key in enumerate(keys):
            if place >= room:
                queues.remove(queues.next())
            queues.add(key, holder)
        gc.collect()
        allocated, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert queues.bytes == room * (PLACE_BYTES + REMEMBERED_BYTES)
    assert queues.bytes == pytest.approx(allocated, rel=0.25)


KEYS = st.integers(0, 30)


class QueuesMachine(RuleBasedStateMachine):
    """The queues beside a plain dictionary of what is held."""

    def __init__(self):
        super().__init__()
        self.held = {}
        self.queues = Queues(100)

    @rule(key=KEYS, size=st.integers(1, 20))
    def put(self, key, size):
        if key not in self.held:
            self.held[key] = SimpleNamespace(bytes=size, reads=2)
            self.queues.add(key, self.held[key])
            assert self.held[key].reads == 0

    @rule(key=KEYS)
    def read(self, key):
        if key in self.held:
            self.held[key].reads = min(MOST_READS, self.held[key].reads + 1)

    @rule(key=KEYS, by=st.integers(1, 20))
    def grow(self, key, by):
        if key in self.held:
            self.held[key].bytes += by
            self.queues.grown(key, by)

    @rule(key=KEYS)
    def drop(self, key):
        if self.held.pop(key, None) is not None:
            self.queues.remove(key)

    @rule()
    def evict(self):
        key = self.queues.next()
        assert (key is None) == (not self.held)
        if key is not None:
            assert self.held.pop(key).reads == 0
            self.queues.remove(key)

    @rule()
    def clear(self):
        self.queues.clear()
        self.held.clear()
        assert self.queues.bytes == 0

    @invariant()
    def each_stands_in_one_queue(self):
        queues = self.queues
        assert {**queues._new, **queues._kept} == self.held
        assert len(queues._new) + len(queues._kept) == len(self.held)
        assert queues._new_bytes == sum(held.bytes for held in queues._new.values())

    @invariant()
    def the_bytes_are_those_of_places_and_of_the_remembered(self):
        queues = self.queues
        assert len(queues._remembered) <= queues._memory
        assert queues.bytes == len(self.held) * PLACE_BYTES + len(queues._remembered) * REMEMBERED_BYTES


QueuesMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_whatever_happens_to_the_queues = QueuesMachine.TestCase
