"""The replay tells the truth: an LRU comes to what is known of it, and no store beats hindsight."""

import random

import pytest

from benchmarks.replay import KNOWN, contenders, policies, ratios, traces
from benchmarks.replay.traces import Trace


@pytest.fixture(scope="module")
def place():
    try:
        return traces.directory()
    except traces.NoTraffic as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def trace():
    """Two thousand requests for a few hundred keys, some of them far more popular."""
    choose = random.Random(5)
    keys = [b"/posts/%d/" % int(choose.paretovariate(0.6) % 400) for _ in range(2_000)]
    return Trace("short", keys, len(set(keys)))


@pytest.mark.parametrize("name", traces.RECORDED)
def test_lru_hits_what_is_known_of_it_on_the_recordings(place, name):
    recorded = traces.recorded(place, name)
    shares = [share for on, share in KNOWN if on == name]

    found = ratios.by_count({contenders.LRU: policies.LRU}, [recorded], shares)

    for share in shares:
        assert round(found[contenders.LRU][name, share], 1) == KNOWN[name, share]


def test_what_we_use_hits_more_than_clock_and_lru_on_the_recordings(place):
    recorded = traces.recorded(place, "web07")
    stores = {name: contenders.BY_COUNT[name] for name in (contenders.OURS, contenders.LRU, contenders.CLOCK)}

    found = {name: by[recorded.name, 0.1] for name, by in ratios.by_count(stores, [recorded], [0.1]).items()}

    assert found[contenders.OURS] > found[contenders.CLOCK] + 2
    assert found[contenders.OURS] > found[contenders.LRU] + 2


def test_sizes_are_of_pages_and_stay_the_same(place):
    sizes = traces.Sizes(place)

    assert 400 < len(sizes.of_pages) < 600
    assert sizes.of(b"/posts/1/") == traces.Sizes(place).of(b"/posts/1/") in sizes.of_pages


@pytest.mark.parametrize("name", ["cachetools LRU", "cachebox LRU"])
def test_an_lru_of_a_library_agrees_with_ours(trace, name):
    lru = ratios.hits(policies.LRU(40), trace)

    assert ratios.hits(contenders.BY_COUNT[name](40), trace) == lru > 0


@pytest.mark.parametrize("name", [name for name in contenders.BY_COUNT if name not in {"theine", "moka-py"}])
def test_nobody_hits_more_than_who_knows_the_future(trace, name):
    best = policies.best_possible(trace.keys, 41)

    assert 0 < ratios.hits(contenders.BY_COUNT[name](40), trace) <= best < len(trace.keys)


def test_who_knows_the_future_keeps_whoever_comes_first():
    keys = [b"a", b"b", b"c", b"a", b"b", b"c"]

    assert policies.best_possible(keys, 1) == 0
    assert policies.best_possible(keys, 2) == 2
    assert policies.best_possible(keys, 3) == 3


@pytest.mark.parametrize("name", ["LRU", "CLOCK", "SIEVE"])
def test_a_policy_keeps_within_its_bytes(name):
    choose = random.Random(2)
    store = contenders.BY_BYTES[name](1_000)
    sizes = {b"%d" % number: choose.randrange(1, 300) for number in range(50)}
    for _ in range(2_000):
        key = choose.choice(list(sizes))
        if store.get(key) is None:
            store.put(key, sizes[key])

        assert sum(size for key, size in sizes.items() if store.get(key) is not None) <= 1_000


def test_a_crawler_asks_for_nothing_twice_and_does_not_count(trace):
    crawled = traces.crawled(trace, 5)
    readers = [key for key in crawled.keys if key not in crawled.crawlers_keys]

    assert readers == trace.keys
    assert len(crawled.keys) == len(readers) + len(crawled.crawlers_keys)
    assert len(crawled.crawlers_keys) == pytest.approx(len(crawled.keys) / 5, abs=1)
    assert crawled.ratio(len(readers)) == 100
    assert ratios.total_size(crawled, lambda key: 3) == 3 * crawled.population


def test_missing_recordings_are_asked_for_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("READPATH_TRAFFIC", str(tmp_path))

    with pytest.raises(traces.NoTraffic, match=r"need cache2k-web07\.trace\.xz in .*READPATH_TRAFFIC"):
        traces.directory()
