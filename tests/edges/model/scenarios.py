"""What is explored, and from where?

Each scenario has a budget for what may happen, and is as large as its question needs.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.edges.model.guards import Guard
from tests.edges.model.state import LEASE, Budget, Edge, Purger, Row, Rows, State, Worker

_WAITING = Row(stage=0, left=0, version=1, first=1, age=LEASE, first_age=LEASE)


class Scenario(NamedTuple):
    """What may happen, who takes part, and how many states that makes at least."""

    at_least: int
    budget: Budget
    workers: int = 1
    purgers: int = 1
    has_leases: bool = False
    is_instant: bool = False
    waiting: Rows = Rows()  # For the last edge, since a lease ago.


SCENARIOS = {
    "a write": Scenario(2_600, Budget(writes=1, fetches=(2,), crashes=1), workers=2),
    "two writes": Scenario(3_500, Budget(writes=2, fetches=(2,))),
    "two purgers": Scenario(1_100, Budget(writes=1, fetches=(2,)), purgers=2),
    "Redis is gone for a while": Scenario(15_000, Budget(writes=1, fetches=(2,), outages=1), has_leases=True),
    "a purger without Redis, and a key that waits already": Scenario(
        12_000, Budget(writes=1, fetches=(1,), cuts=1), has_leases=True, waiting=Rows(key=_WAITING)
    ),
    "an edge behind another": Scenario(2_200, Budget(writes=1, fetches=(1, 2))),
    "an edge behind another, no fetch is slow": Scenario(
        1_900, Budget(writes=1, fetches=(2, 2)), workers=2, is_instant=True
    ),
    "an edge behind another is flushed": Scenario(3_500, Budget(writes=1, fetches=(1, 1), flushes=1)),
    "a new edge behind another is flushed": Scenario(
        16_000, Budget(writes=1, fetches=(1, 1), flushes=1), waiting=Rows(everything=_WAITING)
    ),
}

# By hand, for minutes.
DEEP_SCENARIOS = {
    "a write, three workers": Scenario(71_000, Budget(writes=1, fetches=(3,), crashes=2), workers=3),
    "two writes and two workers": Scenario(182_000, Budget(writes=2, fetches=(3,), crashes=1), workers=2),
    "three writes": Scenario(59_000, Budget(writes=3, fetches=(3,))),
    "two writes and two purgers": Scenario(62_000, Budget(writes=2, fetches=(3,)), purgers=2),
    "Redis is gone, two writes": Scenario(
        322_000, Budget(writes=2, fetches=(2,), outages=1), has_leases=True
    ),
    "an edge behind another, two writes": Scenario(693_000, Budget(writes=2, fetches=(2, 2), crashes=1)),
    "an edge behind another, two purgers": Scenario(75_000, Budget(writes=1, fetches=(2, 2)), purgers=2),
    "an edge behind another, two writes, no fetch is slow": Scenario(
        123_000, Budget(writes=2, fetches=(3, 3)), workers=2, is_instant=True
    ),
    "both edges are flushed": Scenario(211_000, Budget(writes=2, fetches=(1, 1), flushes=2)),
    "an edge behind two others": Scenario(20_000, Budget(writes=1, fetches=(1, 1, 2))),
}

REVEALED_BY = {
    Guard.QUEUED_WITH_THE_PASS: "a write",
    Guard.QUEUED_WHEN_INVALIDATED: "a write",
    Guard.WORKERS_FIRST: "a write",
    Guard.LAST_AFTER_TAKING: "a write",
    Guard.HELD_FOR_A_LEASE: "Redis is gone for a while",
    Guard.REBOUND: "a write",
    Guard.AGE_OF_A_FETCH: "a write",
    Guard.VERSIONS: "two writes",
    Guard.THROUGH_FIRST: "an edge behind another, no fetch is slow",
    Guard.THROUGH_REBOUND: "an edge behind another",
    Guard.THROUGH_WHOLE_DELAY: "an edge behind another",
    Guard.HELD_UNTIL_INVALIDATED: "Redis is gone for a while",
    Guard.TOLD_AGAIN_IF_HELD: "a purger without Redis, and a key that waits already",
    Guard.THROUGH_EVERYTHING: "an edge behind another is flushed",
    Guard.THROUGH_LAST_FLUSH: "a new edge behind another is flushed",
}


def start_of(scenario: Scenario) -> State:
    """Return the state in which a scenario begins: everybody holds what the database does."""
    edges = len(scenario.budget.fetches)
    return State(
        budget=scenario.budget,
        edges=(Edge(),) * edges,
        workers=(Worker(),) * scenario.workers,
        purgers=(Purger(),) * scenario.purgers,
        queue=(*(Rows(),) * (edges - 1), scenario.waiting),
        versions=1,
        has_leases=scenario.has_leases,
        is_instant=scenario.is_instant,
    )
