"""A build takes what is kept of a row only if its snapshot would show the same."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from caching.building import collecting
from caching.coherence import Coherence
from caching.fragments import FRESH_FOR, Fragments, NoFragments
from caching.l1 import L1
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import NOW, entry_of

NAME = b"\0Item  7"
BODY = b'{"id":7}'
KEYS = {"post:7", "author:1"}


def coherence_of(budget: int = 1_000_000) -> Coherence:
    coherence = Coherence(L1(budget))
    coherence.trust()
    return coherence


def build_with(coherence: Coherence, waiting: Collection[str] | None = (), *, now: float = NOW) -> Fragments:
    """Return the fragments of a build that sees these keys in the outbox."""
    return Fragments(coherence, lambda: waiting, now=now)


def kept(coherence: Coherence, *, now: float = NOW) -> None:
    """Keep a fragment of an earlier build."""
    start, build = coherence.begin(), build_with(coherence, now=now)
    build.keep(NAME, BODY, KEYS)
    build.store(start)


def taken(coherence: Coherence, waiting: Collection[str] | None = (), *, now: float = NOW) -> bytes | None:
    """Return what a later build would take."""
    return build_with(coherence, waiting, now=now).get(NAME)


def test_what_one_build_keeps_another_takes_and_depends_on():
    coherence = coherence_of()
    kept(coherence)
    build = build_with(coherence)
    with collecting() as dependencies:
        assert build.get(NAME) == BODY
    assert dependencies.keys >= KEYS
    assert build.is_used


def test_what_nobody_has_kept_is_not_there_and_nobody_asks_what_waits():
    asked = []
    build = Fragments(coherence_of(), lambda: asked.append(1), now=NOW)
    assert build.get(NAME) is None
    assert not build.is_used
    assert not asked


def test_what_waits_is_asked_once():
    coherence = coherence_of()
    kept(coherence)
    asked = []
    build = Fragments(coherence, lambda: asked.append(1) or (), now=NOW)
    assert [build.get(NAME) for _ in range(3)] == [BODY] * 3
    assert asked == [1]


@pytest.mark.parametrize(
    "waiting", [{"post:7"}, {"author:1"}, {"post:*"}, {EVERYTHING}, {"post:8", "author:*"}, None], ids=str
)
def test_a_change_that_is_committed_and_not_relayed_leaves_it_alone(waiting):
    coherence = coherence_of()
    kept(coherence)
    assert taken(coherence, waiting) is None
    assert taken(coherence, {"post:8", "author:2", "tag:*", "post:7:comments"}) == BODY


@pytest.mark.parametrize("key", ["post:7", "author:1", "post:*", "author:*", EVERYTHING])
def test_it_falls_with_each_of_its_keys(key):
    coherence = coherence_of()
    kept(coherence)
    coherence.invalidate({"post:8", "post:7:comments"})
    assert taken(coherence) == BODY
    coherence.invalidate({key})
    assert coherence.l1.fragment(NAME) is None


def test_a_write_that_overtakes_its_build_keeps_it_out():
    coherence = coherence_of()
    start, build = coherence.begin(), build_with(coherence)
    build.keep(NAME, BODY, KEYS)
    coherence.invalidate({"author:1"})
    build.store(start)
    assert coherence.l1.fragment(NAME) is None


def test_who_does_not_trust_takes_none():
    coherence = Coherence(L1(1_000_000), leased=True, clock=lambda: 100.0)
    coherence.trust()
    coherence.leased(101.0)
    kept(coherence)
    assert taken(coherence) == BODY
    coherence.leased(99.0)
    assert taken(coherence) is None
    coherence.leased(101.0)
    coherence.distrust()
    assert taken(coherence) is None


def test_what_may_lag_lags_no_longer_than_so():
    coherence = coherence_of()
    kept(coherence)
    assert taken(coherence, now=NOW + FRESH_FOR - 0.001) == BODY
    assert taken(coherence, now=NOW + FRESH_FOR) is None


def test_a_build_takes_nothing_that_was_kept_after_it_had_begun():
    """The other build's snapshot may be younger, and then the two show different states."""
    coherence = coherence_of()
    build = build_with(coherence)
    kept(coherence)
    assert build.get(NAME) is None
    assert taken(coherence) == BODY


def test_a_build_without_fragments_makes_some():
    coherence = coherence_of()
    kept(coherence)
    start, build = coherence.begin(), NoFragments(coherence, lambda: (), now=NOW)
    assert build.get(NAME) is None
    build.keep(NAME, b"new", KEYS)
    build.store(start)
    assert taken(coherence) == b"new"


def test_fragments_and_entries_share_one_budget():
    coherence = coherence_of(100_000)
    coherence.store(entry_of(b"/things/1/", keys={"thing:1"}), start=coherence.position())
    for number in range(500):
        build = build_with(coherence)
        build.keep(b"\0Item  %d" % number, b"x" * 1_000, {f"post:{number}"})
        build.store(coherence.begin())
        assert coherence.l1.bytes <= 100_000
    assert coherence.l1.fragment(b"\0Item  499") is not None
    assert coherence.l1.fragment(b"\0Item  0") is None
    assert 20 < len(coherence.l1) < 100
    coherence.l1.clear()
    assert coherence.l1.bytes == 0


def test_a_fragment_that_never_fits_is_not_kept_and_drives_nobody_out():
    coherence = coherence_of(10_000)
    kept(coherence)
    build = build_with(coherence)
    build.keep(b"\0Item  8", b"x" * 20_000, {"post:8"})
    build.store(coherence.begin())
    assert coherence.l1.fragment(b"\0Item  8") is None
    assert taken(coherence) == BODY


def test_replaced_and_dropped_fragments_give_back_their_bytes():
    coherence = coherence_of()
    kept(coherence)
    once = coherence.l1.bytes
    kept(coherence)
    assert coherence.l1.bytes == once
    coherence.invalidate({"post:7"})
    assert coherence.l1.bytes == 0
