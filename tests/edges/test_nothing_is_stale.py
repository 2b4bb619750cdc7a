"""When nothing waits in the queue, no edge shows anything that was overwritten, whatever went wrong.

A few random writes, one fault of each kind, two Varnish. `python -m benchmarks.edge chaos` does it with
10,000 writes; the seed of today (`CHAOS_SEED` repeats a day) says which writes, and in which order the
faults come.
"""

from __future__ import annotations

import datetime as dt
import os
from itertools import pairwise

import pytest

from tests.edges.chaos import stage
from tests.edges.chaos.faults import BRIEF, FAULTS
from tests.edges.chaos.history import GONE, Histories, shown
from tests.edges.chaos.plan import SHARES, plan
from tests.edges.chaos.run import Options, run
from tests.edges.chaos.waiting import stands_for

SEED = int(os.environ.get("CHAOS_SEED", dt.datetime.now(tz=dt.UTC).toordinal()))


@pytest.mark.skipif(not stage.is_possible(), reason="needs Redis, PostgreSQL and Varnish")
def test_no_edge_shows_what_was_overwritten_once_the_queue_is_empty() -> None:
    told: list[str] = [f"CHAOS_SEED={SEED}"]
    outcome = run(Options(writes=150, seed=SEED, faults=BRIEF, posts=15, readers=1), told.append)
    story = "\n".join(told)
    assert not outcome.stale, "\n".join([story, *outcome.evidence])
    assert not outcome.stale_meanwhile, "\n".join([story, *map(str, outcome.stale_meanwhile)])
    # That nothing was found says something only if there was something to find, and an eye for it.
    assert outcome.seen_by_the_judge == set(stage.EDGES), story
    assert outcome.writes.total() >= 150, story
    assert outcome.floors_raised > 30, story
    assert len(outcome.incidents) == len(BRIEF), story


def test_a_read_that_shows_what_was_overwritten_before_it_began_is_found() -> None:
    histories = Histories(["near", "far"])
    history = histories.add(("post", 7), pk=42)
    history.states += [1, GONE, 3]
    history.floors["near"] = 2
    page = b'{"title": "Title 7.1"}'
    assert list(histories.wrong(histories.floors("near"), shown(page)))
    assert not list(histories.wrong(histories.floors("far"), shown(page)))
    for state in (GONE, 3):
        assert not list(histories.wrong(histories.floors("near"), iter([(("post", 7), state)])))


def test_a_purge_is_over_once_no_key_waits_that_stands_for_the_thing() -> None:
    for waiting in ({"post:42"}, {"post:*"}, {"all"}):
        assert stands_for(waiting, ("post", 7), 42)
    assert not stands_for({"post:7", "tag:*", "post:slug=42"}, ("post", 7), 42)


def test_a_seed_stands_for_the_same_writes_and_faults_each_time() -> None:
    one, same, other = (plan(seed, writes=500, faults=list(FAULTS), times=2) for seed in (3, 3, 4))
    assert one == same != other
    chosen = [write for write, _ in zip(one.chosen(), range(500), strict=False)]
    assert chosen == [write for write, _ in zip(same.chosen(), range(500), strict=False)]
    assert {write.how for write in chosen} == set(SHARES)
    assert all(earlier <= later for (earlier, _), (later, _) in pairwise(one.faults))
    assert all(moment < one.writes for moment, _ in one.faults)
