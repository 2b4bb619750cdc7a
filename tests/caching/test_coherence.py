"""A build that a write has overtaken never lands (P3), and nothing is kept that nobody invalidates."""

import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest

from caching.coherence import Coherence, SharedPosition
from caching.l1 import L1
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import copied, entry_of

PATIENCE = 30  # Seconds until a test that hangs has failed.


@pytest.fixture
def coherence():
    coherence = Coherence(L1(50_000_000))
    coherence.trust()
    return coherence


def post(number, *, body=b"{}"):
    return entry_of(b"/posts/%d/" % number, body=body, keys=[f"post:{number}", "posts"])


def test_what_nobody_touched_is_stored(coherence):
    start = coherence.position()
    coherence.invalidate({"post:2"})

    assert coherence.store(post(1), start=start)
    assert coherence.l1.get(b"/posts/1/") is not None


@pytest.mark.parametrize("key", ["post:1", "posts", "post:*", "posts:*", EVERYTHING])
def test_a_build_that_began_before_the_invalidation_is_refused(coherence, key):
    start = coherence.position()
    coherence.invalidate({key})

    assert not coherence.store(post(1), start=start)
    assert coherence.l1.get(b"/posts/1/") is None


@pytest.mark.parametrize("key", ["post:1", "posts", "post:*", "posts:*", EVERYTHING])
def test_what_was_stored_before_the_invalidation_is_dropped(coherence, key):
    coherence.store(post(1), start=coherence.position())
    coherence.invalidate({key})

    assert coherence.l1.get(b"/posts/1/") is None


def test_a_build_that_began_after_the_invalidation_is_stored(coherence):
    coherence.invalidate({"post:1"})

    assert coherence.store(post(1), start=coherence.position())


def test_a_build_that_began_in_a_forgotten_past_is_refused(coherence):
    start = coherence.position()
    for number in range(60_000):
        coherence.invalidate({f"tag:{number}"})

    assert not coherence.store(post(1), start=start)


def test_a_refused_build_leaves_what_a_younger_one_has_stored(coherence):
    start = coherence.position()
    coherence.invalidate({"post:1"})
    coherence.store(post(1, body=b"new"), start=coherence.position())

    assert not coherence.store(post(1, body=b"old"), start=start)
    assert coherence.l1.get(b"/posts/1/").variants["identity"].body == b"new"


def test_touched_looks_at_a_span_of_the_log(coherence):
    start = coherence.position()
    coherence.invalidate({"post:1"})
    middle = coherence.position()
    coherence.invalidate({"post:2"})

    assert coherence.touched({"post:1"}, after=start, until=middle)
    assert not coherence.touched({"post:2"}, after=start, until=middle)
    assert coherence.touched({"post:2"}, after=start)


def test_it_tells_what_it_has_heard_since(coherence):
    coherence.invalidate({"post:1"})
    position = coherence.position()
    assert coherence.heard_since(position) == frozenset()

    coherence.invalidate({"post:2"})
    coherence.invalidate({"posts"})
    assert coherence.heard_since(position) == {"post:2", "posts"}


@pytest.mark.parametrize(
    "missed",
    [
        pytest.param(lambda coherence: coherence.distrust(), id="no trust"),
        pytest.param(lambda coherence: (coherence.distrust(), coherence.trust()), id="no trust for a while"),
        pytest.param(lambda coherence: coherence.forget(), id="records were missed"),
        pytest.param(lambda coherence: coherence.leased(0.0), id="the lease is over"),
        pytest.param(lambda coherence: coherence.invalidate({EVERYTHING}), id="everything"),
    ],
)
def test_where_it_may_have_missed_something_it_tells_nothing(coherence, missed):
    position = coherence.position()
    coherence.invalidate({"post:1"})
    missed(coherence)

    assert coherence.heard_since(position) is None


# Trust.


def test_nothing_is_stored_before_there_is_trust():
    coherence = Coherence(L1(1_000_000))

    assert not coherence.is_trusting()
    assert not coherence.store(post(1), start=coherence.position())


def test_a_build_that_began_before_there_was_trust_is_refused():
    coherence = Coherence(L1(1_000_000))
    start = coherence.position()
    coherence.trust()

    assert not coherence.store(post(1), start=start)
    assert coherence.store(post(1), start=coherence.position())


def test_distrust_forgets_everything_and_stores_nothing(coherence):
    coherence.store(post(1), start=coherence.position())
    coherence.distrust()

    assert len(coherence.l1) == 0
    assert not coherence.is_trusting()
    assert not coherence.store(post(1), start=coherence.position())


def test_a_build_that_spans_a_time_of_distrust_is_refused(coherence):
    start = coherence.position()
    coherence.distrust()
    coherence.trust()

    assert not coherence.store(post(1), start=start)


def test_to_trust_again_what_is_trusted_refuses_nobody(coherence):
    start = coherence.position()
    coherence.trust()

    assert coherence.store(post(1), start=start)


# Leases: where invalidations come from a log that all workers share.


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leased(clock):
    """Return a coherence that is trusted for two seconds."""
    coherence = Coherence(L1(1_000_000), leased=True, clock=clock)
    coherence.trust()
    coherence.leased(clock.now + 2)
    return coherence


def test_without_a_lease_nothing_is_trusted_but_stored_all_the_same(clock):
    """What is stored may be confirmed by a look at the outbox."""
    coherence = Coherence(L1(1_000_000), leased=True, clock=clock)
    coherence.trust()

    assert coherence.is_reported
    assert not coherence.is_trusting()
    assert coherence.store(post(1), start=coherence.position())


def test_a_lease_without_reports_is_worth_nothing(clock):
    coherence = Coherence(L1(1_000_000), leased=True, clock=clock)
    coherence.leased(clock.now + 2)
    assert not coherence.is_trusting()
    coherence.trust()

    assert coherence.is_trusting()


def test_a_lease_ends_by_the_clock_alone(leased, clock):
    leased.store(post(1), start=leased.position())
    clock.now += 1.999
    assert leased.is_trusting()
    clock.now += 0.001

    assert not leased.is_trusting()
    assert leased.l1.get(b"/posts/1/") is not None


def test_whoever_shares_nothing_needs_no_lease(coherence):
    assert coherence.trusted_until == float("inf")


def test_distrust_ends_it_until_the_triggers_are_seen_again(leased, clock):
    leased.distrust()
    leased.leased(clock.now + 3)
    assert not leased.is_trusting()
    leased.trust()

    assert leased.trusted_until == clock.now + 3


def test_forget_drops_everything_and_the_lease(leased):
    start = leased.position()
    leased.store(post(1), start=start)
    leased.forget()
    leased.trust()

    assert len(leased.l1) == 0
    assert not leased.is_trusting()
    assert not leased.store(post(1), start=start)
    assert leased.touched({"anything"}, after=start)
    assert leased.store(post(1), start=leased.position())


def test_everything_ends_the_trust_in_triggers_that_were_seen_before(leased):
    epoch = leased.epoch
    leased.invalidate({EVERYTHING})
    leased.trust(epoch)
    assert not leased.is_trusting()
    leased.trust(leased.epoch)

    assert leased.is_trusting()


def test_other_keys_end_no_trust(leased):
    epoch = leased.epoch
    leased.invalidate({"post:1", "post:*"})

    assert leased.epoch == epoch
    assert leased.is_trusting()


def test_a_build_begins_where_both_logs_are(leased):
    leased.shared = SharedPosition(b"history", 7)
    leased.invalidate({"post:1"})

    assert leased.begin() == (leased.position(), SharedPosition(b"history", 7))


# Passes: what a look at the outbox tells of those who relay.


def test_a_pass_whose_record_was_heard_confirms_what_is_stored(leased):
    leased.invalidate({"post:2"}, relay_pass=7)
    leased.store(post(1), start=leased.position())
    leased.confirmed(7, {"post:3"})

    assert leased.l1.get(b"/posts/1/") is not None


def test_a_pass_that_others_followed_is_remembered(leased):
    """Those after it were rolled back, or are not committed yet."""
    for number in (7, 8, 9):
        leased.invalidate({"post:2"}, relay_pass=number)
    leased.store(post(1), start=leased.position())
    leased.confirmed(7, ())

    assert leased.l1.get(b"/posts/1/") is not None


def test_a_pass_that_was_not_heard_forgets_everything_once(leased):
    start = leased.position()
    leased.store(post(1), start=start)
    leased.confirmed(8, ())
    assert len(leased.l1) == 0
    assert not leased.store(post(1), start=start)
    assert leased.store(post(1), start=leased.position())
    leased.confirmed(8, ())

    assert leased.l1.get(b"/posts/1/") is not None


def test_records_that_no_pass_wrote_confirm_none(leased):
    leased.invalidate({"post:2"})
    leased.store(post(1), start=leased.position())
    leased.confirmed(0, ())

    assert len(leased.l1) == 0


def test_what_a_look_shows_is_dropped_and_followers_hear_of_it(leased):
    start = leased.position()
    leased.invalidate((), relay_pass=7)
    leased.store(post(1), start=leased.position())
    leased.confirmed(7, {"post:1"})

    assert leased.l1.get(b"/posts/1/") is None
    assert leased.touched({"post:1"}, after=start, until=leased.position())


# Threads.


@pytest.fixture
def _impatient_threads():
    """Let threads take turns a hundred times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.00005)
    yield
    sys.setswitchinterval(before)


class Race:
    """Writers, builders and readers of three posts; an entry is stored at the state that it shows."""

    POSTS, ENOUGH, RACERS = 3, 1_000, 6

    def __init__(self, coherence):
        self.coherence = coherence
        self.committed = [0] * self.POSTS  # The state that the database would show.
        self.acknowledged = [0] * self.POSTS  # The state whose invalidation has returned.
        self.locks = [Lock() for _ in range(self.POSTS)]
        self.templates = [post(number) for number in range(self.POSTS)]
        self.barrier = Barrier(self.RACERS, timeout=PATIENCE)
        self.counted = Counter(written=0, stored=0, found=0)

    def turns(self, seed):
        """Yield posts until enough has happened of everything."""
        choose, deadline = random.Random(seed), time.monotonic() + PATIENCE
        self.barrier.wait()
        while min(self.counted.values()) < self.ENOUGH:
            assert time.monotonic() < deadline, f"too little happened: {self.counted}"
            yield choose.randrange(self.POSTS)

    def write(self, seed):
        for number in self.turns(seed):
            with self.locks[number]:
                self.committed[number] += 1
                self.coherence.invalidate({f"post:{number}"})
                self.acknowledged[number] = self.committed[number]
            self.counted["written"] += 1

    def build(self, seed):
        for number in self.turns(seed):
            start = self.coherence.position()
            entry = copied(self.templates[number], stored_at=self.committed[number])
            self.counted["stored"] += self.coherence.store(entry, start=start)

    def read(self, seed):
        for number in self.turns(seed):
            at_least = self.acknowledged[number]
            entry = self.coherence.l1.get(b"/posts/%d/" % number)
            if entry is not None:
                self.counted["found"] += 1
                assert entry.stored_at >= at_least, "older than a write that was acknowledged"


@pytest.mark.usefixtures("_impatient_threads")
def test_under_load_no_reader_finds_what_was_built_before_an_invalidation_that_has_returned(coherence):
    race = Race(coherence)

    with ThreadPoolExecutor(race.RACERS) as pool:
        for future in [
            pool.submit(work, n) for work in (race.write, race.build, race.read) for n in range(2)
        ]:
            future.result(PATIENCE)

    for number in range(race.POSTS):
        entry = coherence.l1.get(b"/posts/%d/" % number)
        assert entry is None or entry.stored_at == race.committed[number]
