"""A build that a write has overtaken never lands (P3), and nothing is kept that nobody invalidates."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest

from caching.coherence import Coherence
from caching.l1 import L1
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import entry_of

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


# Trust.


def test_nothing_is_stored_before_there_is_trust():
    coherence = Coherence(L1(1_000_000))

    assert not coherence.trusted
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
    assert not coherence.trusted
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


# Threads.


def test_under_load_no_reader_finds_what_was_built_before_an_invalidation_that_has_returned(coherence):
    """Writers and builders race for twenty posts; each entry says which state of the post it shows."""
    posts, turns = 20, 400
    committed = [0] * posts  # The state that the database would show.
    acknowledged = [0] * posts  # The state whose invalidation has returned.
    locks = [Lock() for _ in range(posts)]
    barrier = Barrier(8, timeout=PATIENCE)
    templates = [post(number) for number in range(posts)]

    def write(seed):
        choose = random.Random(seed)
        barrier.wait()
        for _ in range(turns):
            number = choose.randrange(posts)
            with locks[number]:
                committed[number] += 1
                coherence.invalidate({f"post:{number}"})
                acknowledged[number] = committed[number]

    def build(seed):
        choose = random.Random(seed)
        stored = 0
        barrier.wait()
        for _ in range(turns * 4):
            number = choose.randrange(posts)
            start = coherence.position()
            entry = _showing(templates[number], committed[number])
            stored += coherence.store(entry, start=start)
        return stored

    def read(seed):
        choose = random.Random(seed)
        found = 0
        barrier.wait()
        for _ in range(turns * 20):
            number = choose.randrange(posts)
            at_least = acknowledged[number]
            entry = coherence.l1.get(b"/posts/%d/" % number)
            if entry is not None:
                found += 1
                assert entry.stored_at >= at_least, "older than a write that was acknowledged"
        return found

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, seed) for seed in range(2)]
        builders = [pool.submit(build, seed) for seed in range(3)]
        readers = [pool.submit(read, seed) for seed in range(3)]
        for writer in writers:
            writer.result(PATIENCE)
        stored = sum(builder.result(PATIENCE) for builder in builders)
        found = sum(reader.result(PATIENCE) for reader in readers)

    assert stored > 100, "nothing was stored: the test shows nothing"
    assert found > 100, "nothing was found: the test shows nothing"
    for number in range(posts):
        entry = coherence.l1.get(b"/posts/%d/" % number)
        assert entry is None or entry.stored_at == committed[number]


def _showing(template, state):
    """Copy the entry, with the state that it shows as the moment at which it was stored."""
    fields = {name: getattr(template, name) for name in type(template).__slots__}
    return type(template)(**{**fields, "stored_at": state})
