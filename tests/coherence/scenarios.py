"""What is explored, and from where?

Each scenario has a budget for what may happen, and is as large as its question needs: two
workers where one stores in L2 what the other reads, one where only time, Redis or the database
come between a worker and its own L1. A stopped, slow or killed process is in all of them: it is
one that takes no step.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.coherence.guards import Guard
from tests.coherence.state import LEASE, NEVER, NOTHING, Budget, Entry, Record, Redis, State, Worker, Writer

_WARM = Redis(generation=1, entry=Entry(0, 1))


class Scenario(NamedTuple):
    """What may happen; what L1 of each worker and Redis hold at first; how many states that makes at least.

    Without leases, workers are cut off from Redis, but for what their tails still hear. The writes
    of `writers` have been committed before, and relayed if a record's number is known.
    """

    at_least: int
    budget: Budget
    l1: tuple[int, ...]
    redis: Redis = Redis()
    has_leases: bool = True
    writers: tuple[Writer, ...] = ()


SCENARIOS = {
    "builds and a read of L2 around a write": Scenario(
        130_000, Budget(writes=1, builds=2, reads=1, renewals=2), (NOTHING, NOTHING), _WARM
    ),
    "two writes": Scenario(40_000, Budget(writes=2, builds=1, renewals=2), (0, NOTHING)),
    "a follower": Scenario(900, Budget(writes=1, builds=2, followers=1, renewals=1), (NOTHING,)),
    "a lease runs out": Scenario(5_000, Budget(writes=1, builds=1, renewals=2, ticks=2), (0,)),
    "a lease runs out around a read of L2": Scenario(
        6_000, Budget(writes=1, reads=1, renewals=2, ticks=2), (NOTHING,), _WARM
    ),
    "a worker is taken for dead": Scenario(
        38_000,
        Budget(writes=1, builds=1, renewals=2, ticks=1),
        (0,),
        Redis(last=11, log=(Record(11),)),
        writers=(Writer(1, number=11, patience=(0, NEVER)),),
    ),
    "a stopped relay holds the lock": Scenario(
        44_000, Budget(writes=1, passes=1, renewals=1, ticks=1), (0, NOTHING)
    ),
    "a record is missing": Scenario(1_800, Budget(writes=1, others=1, evictions=1, renewals=2), (0,)),
    "Redis evicts": Scenario(
        10_000, Budget(writes=1, builds=1, reads=1, evictions=1, renewals=1), (NOTHING,), _WARM
    ),
    "Redis is flushed": Scenario(20_000, Budget(writes=1, builds=1, flushes=1, renewals=2, ticks=1), (0,)),
    "Redis is flushed while a writer waits for the phantom of the last time": Scenario(
        6_500,
        Budget(writes=1, flushes=1, renewals=1, ticks=1),
        (1,),
        Redis(phantom=1),
        writers=(Writer(1, number=10, patience=(NEVER, 0), phantom=1),),
    ),
    "Redis is flushed, and its clock is put back": Scenario(
        18_000,
        Budget(writes=1, builds=1, flushes=1, renewals=1, ticks=1),
        (NOTHING,),
        Redis(numbers_grow=False),
    ),
    "a replica takes over": Scenario(
        20_000, Budget(writes=1, builds=1, reads=1, failovers=1, renewals=1), (NOTHING,), _WARM
    ),
    "looks at the outbox": Scenario(
        14_000, Budget(writes=1, builds=1, looks=2, followers=1, ticks=1), (NOTHING,)
    ),
    "looks at the outbox, and Redis is back": Scenario(
        80_000, Budget(writes=1, builds=1, looks=1, renewals=2, ticks=2), (0,)
    ),
    "a page takes a fragment": Scenario(
        3_000, Budget(writes=1, builds=2, fragments=1, followers=1), (NOTHING,)
    ),
    "a page takes a fragment while a lease runs out": Scenario(
        30_000, Budget(writes=1, builds=1, fragments=1, renewals=1, ticks=1), (NOTHING,)
    ),
    "a page takes a fragment, and Redis is flushed": Scenario(
        15_000, Budget(writes=1, builds=1, fragments=1, flushes=1, renewals=1), (NOTHING,)
    ),
    "a relay crashes": Scenario(
        130_000,
        Budget(writes=1, builds=1, looks=1, crashes=1),
        (NOTHING,),
        has_leases=False,
        writers=(Writer(1, patience=(NEVER, NEVER)),),
    ),
}

# Hours rather than seconds: `python -m tests.coherence.model --deep`.
DEEP_SCENARIOS = {
    "deep: a write, and everything that two workers do": Scenario(
        0, Budget(writes=1, builds=2, reads=1, followers=1, looks=1, renewals=3, ticks=2), (0, NOTHING), _WARM
    ),
    "deep: two writes and leases": Scenario(0, Budget(writes=2, builds=2, renewals=3, ticks=2), (0, NOTHING)),
    "deep: Redis loses its memory twice": Scenario(
        0, Budget(writes=2, builds=1, flushes=2, renewals=2, ticks=2), (0,)
    ),
    "deep: a replica takes over": Scenario(
        0, Budget(writes=2, builds=2, reads=1, failovers=1, renewals=2, ticks=1), (NOTHING, NOTHING), _WARM
    ),
    "deep: a relay crashes or stops": Scenario(
        0, Budget(writes=2, builds=1, looks=2, passes=1, crashes=1, renewals=1, ticks=1), (0, NOTHING)
    ),
}

# Where to look for what goes wrong without a guard.
REVEALED_BY = {
    Guard.ATOMIC_INVALIDATION: "a follower",
    Guard.INVALIDATE_BEFORE_DELETING: "two writes",
    Guard.START_BEFORE_READING: "a follower",
    Guard.VOUCHING: "a follower",
    Guard.VOUCHING_REACHES_BACK: "Redis evicts",
    Guard.VOUCHING_KNOWS_HISTORY: "Redis is flushed, and its clock is put back",
    Guard.REFUSE_TO_PUT: "a follower",
    Guard.REFUSE_TO_PROMOTE: "a lease runs out around a read of L2",
    Guard.GENERATIONS: "Redis evicts",
    Guard.RANDOM_GENERATIONS: "Redis evicts",
    Guard.L2_ONLY_WHEN_TRUSTING: "a lease runs out around a read of L2",
    Guard.DROPPING_BEFORE_TELLING: "two writes",
    Guard.GAPS: "a record is missing",
    Guard.FORGETTING_REACHES_BUILDS: "a replica takes over",
    Guard.WAITING: "two writes",
    Guard.LAST_AFTER_ROWS: "two writes",
    Guard.LEASES_END: "a lease runs out",
    Guard.LEASE_FROM_SENDING: "a lease runs out",
    Guard.LEASE_ONCE_CAUGHT_UP: "a lease runs out",
    Guard.COMPARE_AND_BURY: "a worker is taken for dead",
    Guard.STATE_IS_KNOWN: "Redis is flushed",
    Guard.PHANTOM: "Redis is flushed",
    Guard.PHANTOM_OF_ITS_OWN: "Redis is flushed while a writer waits for the phantom of the last time",
    Guard.NEW_HISTORY_ENDS_ENTRIES: "a replica takes over",
    Guard.LEASE_FROM_LOOK: "a lease runs out",
    Guard.RENEWING_AFTER_LOOK: "a lease runs out",
    Guard.LOOK_AFTER_ARRIVAL: "looks at the outbox, and Redis is back",
    Guard.LOOK_DROPS: "looks at the outbox",
    Guard.LOOK_KNOWS_PASSES: "a relay crashes",
    Guard.LOOK_IN_ONE_SNAPSHOT: "looks at the outbox",
    Guard.TOKENS_OF_PASSES: "a relay crashes",
    Guard.FOLLOWERS_ARRIVE: "a follower",
    Guard.FOLLOWERS_LOOK: "looks at the outbox",
    Guard.WHOLE_LEASE_ALONE: "two writes",
    Guard.FRAGMENTS_DROPPED: "a page takes a fragment",
    Guard.FRAGMENTS_REFUSED: "a page takes a fragment",
    Guard.FRAGMENTS_MADE_BEFORE: "a page takes a fragment",
    Guard.FRAGMENTS_SEE_OUTBOX: "a page takes a fragment",
    Guard.FRAGMENTS_VOUCHED: "a page takes a fragment",
    Guard.FRAGMENTS_BUILT_ANEW: "a page takes a fragment",
}


def start_of(scenario: Scenario) -> State:
    """Return the state in which a scenario begins: all is quiet."""
    lease = LEASE if scenario.has_leases else 0
    workers = tuple(Worker(l1=value, lease=lease, looked=lease) for value in scenario.l1)
    positions = tuple(worker.position if lease else None for worker in workers)
    return State(
        scenario.budget,
        value=len(scenario.writers),
        rows=tuple(writer.write for writer in scenario.writers if not writer.number),
        redis=scenario.redis._replace(positions=positions),
        workers=workers,
        writers=scenario.writers,
    )
