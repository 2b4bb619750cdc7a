"""L1 stays inside its budget of real memory, and keeps what is read (P8)."""

import gc
import random
import tracemalloc
from sys import getsizeof

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from caching.eviction import MOST_READS
from caching.l1 import _INDEX_BYTES, _SLOT_BYTES, L1
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import BODY, copied, entry_of, plausible_body

SHORT = b"{}"


def filled(*numbers, keys=(), budget=10_000_000):
    l1 = L1(budget)
    for number in numbers:
        l1.put(entry_of(key(number), body=SHORT, keys=[f"post:{number}", *keys]))
    return l1


def key(number):
    return b"/posts/%d/" % number


def held(l1, numbers):
    return [number for number in numbers if l1.get(key(number)) is not None]


def room_for(count):
    """Return a budget for so many of the entries that `filled` makes, and a bit."""
    return (filled(*range(count)).bytes + filled(*range(count + 1)).bytes) // 2


# In and out.


def test_what_was_put_is_found_under_its_key():
    l1 = filled(1, 2)

    assert l1.get(key(1)).key == key(1)
    assert l1.get(key(3)) is None
    assert len(l1) == 2


@pytest.mark.parametrize(
    ("surrogate_key", "expected"),
    [
        pytest.param("post:2", [1, 3], id="a row"),
        pytest.param("posts", [], id="a collection of all"),
        pytest.param("post:*", [], id="all rows of a kind"),
        pytest.param(EVERYTHING, [], id="everything"),
        pytest.param("post:22", [1, 2, 3], id="nobody's"),
        pytest.param("authors:*", [1, 2, 3], id="another kind"),
    ],
)
def test_dropping_a_key_drops_what_carries_it_and_nothing_else(surrogate_key, expected):
    l1 = filled(1, 2, 3, keys=["posts"])

    l1.drop(surrogate_key)

    assert held(l1, [1, 2, 3]) == expected


def test_a_new_entry_takes_the_place_of_the_old_with_its_keys():
    l1 = L1(10_000_000)
    l1.put(entry_of(b"/i", keys=["tag:1", "tag:2"]))
    l1.put(entry_of(b"/i", body=BODY + b" ", keys=["tag:2", "tag:3"]))

    assert len(l1) == 1
    assert l1.get(b"/i").variants["identity"].body == BODY + b" "
    l1.drop("tag:1")
    assert l1.get(b"/i") is not None
    l1.drop("tag:3")
    assert l1.get(b"/i") is None


def test_replacing_an_entry_by_itself_costs_nothing():
    l1 = L1(10_000_000)
    l1.put(entry_of(b"/i", keys=["tag:1"]))
    before = l1.bytes
    l1.put(entry_of(b"/i", keys=["tag:1"]))

    assert l1.bytes == before


@pytest.mark.parametrize("empty", ["one by one", "by a shared key", "everything", "clear"])
def test_nothing_is_left_of_what_was_dropped(empty):
    choose = random.Random(7)
    l1 = L1(100_000_000)
    for number in range(500):
        keys = [f"tag:{choose.randrange(40)}" for _ in range(10)]
        l1.put(entry_of(key(number), body=SHORT, keys=["posts", f"post:{number}", *keys]))
    if empty == "one by one":
        for number in choose.sample(range(500), 500):
            l1.drop(f"post:{number}")
    elif empty == "by a shared key":
        l1.drop("posts")
    elif empty == "everything":
        l1.drop(EVERYTHING)
    else:
        l1.clear()

    assert l1.bytes == 0
    assert len(l1) == 0
    assert l1._by_surrogate_key == {}


# The budget.


def test_the_budget_is_never_exceeded():
    choose = random.Random(3)
    l1 = L1(2_000_000)
    for _ in range(1_500):
        body = b"x" * choose.randrange(10, 20_000)
        keys = [f"post:{choose.randrange(5_000)}" for _ in range(choose.randrange(40))]
        l1.put(entry_of(key(choose.randrange(1_000)), body=body, keys=keys))
        assert 0 < l1.bytes <= l1.budget
        if choose.random() < 0.1:
            l1.drop(f"post:{choose.randrange(5_000)}")

    assert l1.evicted > 100


def test_an_entry_larger_than_the_budget_is_refused_and_pushes_nothing_out():
    l1 = filled(1, 2, budget=50_000)

    assert not l1.put(entry_of(key(3), body=random.Random(1).randbytes(60_000)))
    assert held(l1, [1, 2, 3]) == [1, 2]


def test_a_refused_entry_does_not_leave_its_predecessor_behind():
    l1 = filled(1, 2, budget=50_000)

    l1.put(entry_of(key(2), body=random.Random(1).randbytes(60_000)))

    assert held(l1, [1, 2]) == [1]


def test_very_many_surrogate_keys_count_too():
    l1 = filled(1, 2, budget=100_000)

    assert not l1.put(entry_of(key(3), body=SHORT, keys=[f"post:{number}" for number in range(5_000)]))
    assert held(l1, [1, 2]) == [1, 2]


@pytest.mark.parametrize("budget", [0, -1])
def test_a_budget_of_nothing_is_refused(budget):
    with pytest.raises(ValueError, match="need budget > 0 bytes"):
        L1(budget)


@pytest.mark.parametrize(
    ("budget", "smallest", "largest", "rows", "population"),
    [
        pytest.param(10_000_000, 300, 60_000, (5, 60), 100_000, id="pages of all sizes"),
        pytest.param(4_000_000, 300, 3_000, (30, 60), 1_000, id="small pages of popular rows"),
        pytest.param(4_000_000, 300, 3_000, (30, 60), 10**9, id="small pages of rows nobody else shows"),
        pytest.param(2_500_000, 20, 200, (1, 2), 10**9, id="many tiny entries"),
    ],
)
def test_the_budget_is_one_of_real_memory(budget, smallest, largest, rows, population):
    choose = random.Random(1)
    sizes = [int(smallest * (largest / smallest) ** choose.random()) for _ in range(40)]
    bodies = [plausible_body(size, seed=size) for size in sizes]

    def page(number):
        keys = [f"post:{choose.randrange(population)}" for _ in range(choose.randint(*rows))]
        body = bodies[number % len(bodies)] + b"%d" % number
        return entry_of(b"/api/v1/posts/?cursor=%040d" % number, body=body, keys=["posts", *keys])

    page(0)
    gc.collect()
    tracemalloc.start()
    try:
        l1 = L1(budget)
        number = 0
        while l1.evicted < 50:
            l1.put(page(number))
            number += 1
        gc.collect()
        allocated, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert l1.bytes == pytest.approx(l1.budget, rel=0.01)
    assert l1.bytes == pytest.approx(allocated, rel=0.1)


# Who stays (test_eviction.py tells more).


def read(l1, number):
    entry = l1.get(key(number))
    entry.reads += entry.reads < MOST_READS
    return entry


def test_the_oldest_that_nobody_has_read_goes_first():
    l1 = filled(1, 2, 3, budget=room_for(3))
    read(l1, 1)

    l1.put(entry_of(key(4), body=SHORT, keys=["post:4"]))

    assert held(l1, [1, 2, 3, 4]) == [1, 3, 4]


def test_who_was_read_once_and_never_again_goes_in_the_end():
    l1 = filled(1, budget=room_for(10))
    read(l1, 1)
    for number in range(2, 40):
        l1.put(entry_of(key(number), body=SHORT, keys=[f"post:{number}"]))
        read(l1, number)

    assert l1.get(key(1)) is None


def test_what_is_put_is_never_what_has_to_go_for_it():
    l1 = filled(*range(10), budget=room_for(10))
    for number in range(10):
        for _ in range(MOST_READS):
            read(l1, number)

    for number in range(10, 30):
        l1.put(entry_of(key(number), body=SHORT, keys=[f"post:{number}"]))
        assert l1.get(key(number)) is not None


def test_an_entry_that_was_invalidated_and_is_built_anew_is_kept_like_one_that_was_read():
    l1 = filled(*range(20), budget=room_for(10))
    l1.drop("post:15")
    l1.put(entry_of(key(15), body=SHORT, keys=["post:15"]))

    for number in range(20, 29):
        l1.put(entry_of(key(number), body=SHORT, keys=[f"post:{number}"]))

    assert l1.get(key(15)) is not None
    assert l1.get(key(16)) is None


def test_a_walk_over_very_many_urls_does_not_push_out_what_is_read_meanwhile():
    hot = range(100)
    template = entry_of(b"/posts/0/", body=SHORT, keys=["posts"])
    l1 = filled(*hot, budget=2_000_000)
    for number in hot:
        read(l1, number)
    for number in range(1_000, 51_000):
        l1.put(copied(template, key=key(number)))
        if number % 10 == 0:  # Each of them every thousandth time: four times as many as there is room for.
            read(l1, number // 10 % 100)

    assert l1.evicted > 40_000
    assert held(l1, hot) == list(hot)


# Whatever happens.

NUMBERS = st.integers(0, 25)


class L1Machine(RuleBasedStateMachine):
    """L1 beside a dictionary that forgets nothing but what was dropped."""

    def __init__(self):
        super().__init__()
        self.l1 = L1(60_000)
        self.put_last = {}

    @rule(number=NUMBERS, size=st.integers(1, 30_000), keys=st.sets(st.integers(0, 5)))
    def put(self, number, size, keys):
        tags = {f"tag:{tag}" for tag in keys} | {f"post:{number}"}
        entry = copied(TEMPLATE, key=key(number), bytes=2_000 + size, surrogate_keys=frozenset(tags))
        if self.l1.put(entry):
            self.put_last[key(number)] = entry
            assert self.l1.get(key(number)) is entry
        else:
            self.put_last.pop(key(number), None)

    @rule(number=NUMBERS)
    def refuse(self, number):
        assert not self.l1.put(copied(TEMPLATE, key=key(number), bytes=60_000))
        self.put_last.pop(key(number), None)

    @rule(number=NUMBERS)
    def read(self, number):
        if self.l1.get(key(number)) is not None:
            read(self.l1, number)

    @rule(number=NUMBERS, by=st.integers(1, 20_000))
    def grow(self, number, by):
        entry = self.put_last.get(key(number))
        if entry is not None:
            self.l1.grown(entry, by)

    @rule(surrogate_key=st.integers(0, 5).map("tag:{}".format) | NUMBERS.map("post:{}".format))
    def drop(self, surrogate_key):
        self.l1.drop(surrogate_key)
        carrying = [k for k, entry in self.put_last.items() if surrogate_key in entry.surrogate_keys]
        for cache_key in carrying:
            del self.put_last[cache_key]

    @rule()
    def clear(self):
        self.l1.clear()
        self.put_last.clear()

    @invariant()
    def nothing_is_held_but_what_was_put_last(self):
        for number in range(26):
            entry = self.l1.get(key(number))
            assert entry is None or entry is self.put_last.get(key(number))

    @invariant()
    def the_budget_holds(self):
        assert 0 <= self.l1.bytes <= self.l1.budget

    @invariant()
    def each_byte_and_each_index_is_of_something_held(self):
        held = self.l1._entries
        carried = {}
        for cache_key, entry in held.items():
            for surrogate_key in entry.surrogate_keys:
                carried.setdefault(surrogate_key, set()).add(cache_key)
        assert self.l1._by_surrogate_key == carried
        index = sum(_INDEX_BYTES + getsizeof(found) for found in self.l1._by_surrogate_key.values())
        entries = sum(entry.bytes + _SLOT_BYTES for entry in held.values())
        assert self.l1.bytes == entries + index + self.l1._queues.bytes


TEMPLATE = entry_of(b"/posts/0/", body=SHORT)
L1Machine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
test_whatever_happens_to_l1 = L1Machine.TestCase
