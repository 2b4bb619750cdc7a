"""What does the model remember between two steps?

One surrogate key, one URL, one L1 per worker. A value is the number of writes that it has in
it, so it is older than an acknowledged write exactly when it is smaller than that write's
number. Every write changes all rows of the page, so one that takes a fragment of another value
than it has read itself is torn. Everything is a tuple: states are compared and hashed.

Time is nothing but the leases and patience that it uses up: a tick takes one from each. A
worker that is stopped, slow or dead is one that takes no step while others do, so none of these
needs a rule of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.coherence.guards import Guard, Protocol

LEASE = 1  # Ticks. More would tell apart what the order of steps tells apart already.
NOTHING = -1  # In place of a value.
NEVER = -1  # In place of a number of ticks.


class Record(NamedTuple):
    """A record of the log; `token` names the relay's pass that wrote it, 0 if none did."""

    number: int
    token: int = 0
    is_ours: bool = True  # About our key, or about everything.


class Entry(NamedTuple):
    """An entry in L2."""

    value: int
    generation: int


class Redis(NamedTuple):
    """What the workers share. No history: flushed or evicted."""

    history: int = 1
    last: int = 10
    log: tuple[Record, ...] = ()
    positions: tuple[int | None, ...] = ()  # As each worker has said; None: no lease.
    phantom: int = 0
    generation: int = 0  # 0: missing. It stands for the key's and for that of everything.
    entry: Entry | None = None
    histories: int = 1
    numbers_grow: bool = True  # From one history to the next: not if the new server's clock is behind.


class Renewal(NamedTuple):
    """A renewal on its way: there, until it has arrived, and back."""

    left: int
    position: int
    history: int
    has_arrived: bool = False
    last: int = 0


class Relay(NamedTuple):
    """A relay's pass: which rows it took; whether Redis has been told; `left` of its look."""

    rows: tuple[int, ...]
    token: int
    left: int
    is_half_told: bool = False
    is_told: bool = False
    holds_lock: bool = True


class Build(NamedTuple):
    """A build under way; `touched` once this worker heard that the key was invalidated since."""

    history: int
    start: int
    value: int
    touched: bool = False
    generation: int = 0
    is_stored: bool = False
    rows: tuple[int, ...] = ()  # The outbox as its snapshot shows it, if there may be fragments.
    taken: int = NOTHING  # The value of the fragment that it shows instead of a row.
    is_anew: bool = False  # Built once more, without fragments.


class Fragment(NamedTuple):
    """A row that another page's build has read, in its hands or in L1; or none."""

    value: int = NOTHING
    touched: bool = False
    is_younger: bool = False  # Than the build under way.


class Read(NamedTuple):
    """A read of L2, which began when write number `floor` had been acknowledged."""

    floor: int
    entry: Entry | None = None
    touched: bool = False
    is_answered: bool = False


class Look(NamedTuple):
    """A read that looks at the outbox first; `rows` is None between the two halves of a torn look."""

    floor: int
    rows: tuple[int, ...] | None
    token: int
    is_applied: bool = False


class Follower(NamedTuple):
    """A read that waits for the build under way."""

    floor: int
    outdated: bool


class Worker(NamedTuple):
    """One worker: its L1, its tail, its lease, and what it is doing."""

    l1: int = NOTHING
    history: int = 1
    position: int = 10
    told_position: int = 10  # What the next renewal says.
    heard: tuple[int, ...] = (0,)  # Tokens of passes.
    seen: tuple[int, ...] = ()  # Rows that looks have shown.
    lease: int = LEASE
    looked: int = LEASE
    renewal: Renewal | None = None
    relay: Relay | None = None
    build: Build | None = None
    read: Read | None = None
    look: Look | None = None
    follower: Follower | None = None
    making: Fragment | None = None  # In the hands of another page's build.
    fragment: Fragment | None = None  # In L1.


class Writer(NamedTuple):
    """A writer: which write is his, for how long it has been committed, and for whom he waits."""

    write: int = 0
    age: int = 0
    number: int = 0  # The record that everybody must have passed; 0: not known yet.
    patience: tuple[int, ...] = ()  # For how many ticks each worker, and the phantom, said nothing.
    phantom: int = 0
    is_acknowledged: bool = False


class Budget(NamedTuple):
    """What may still happen, of what would otherwise happen without end."""

    writes: int = 0
    others: int = 0  # Invalidations of another key.
    builds: int = 0
    fragments: int = 0
    reads: int = 0
    looks: int = 0
    followers: int = 0
    renewals: int = 0
    passes: int = 0
    ticks: int = 0
    crashes: int = 0
    evictions: int = 0
    flushes: int = 0
    failovers: int = 0


class State(NamedTuple):
    """Everything."""

    budget: Budget
    value: int = 0
    rows: tuple[int, ...] = ()
    token: int = 0
    tokens: int = 0
    redis: Redis = Redis()
    replica: Redis | None = None
    workers: tuple[Worker, ...] = ()
    writers: tuple[Writer, ...] = ()
    acknowledged: int = 0
    stale: str = ""


def spend(state: State, what: str, **changes: object) -> State:
    """Return the state with one less of `what` to come, and `changes` made."""
    left = getattr(state.budget, what) - 1
    return state._replace(budget=state.budget._replace(**{what: left}), **changes)


def with_worker(state: State, index: int, **changes: object) -> State:
    """Return the state with `changes` made to one worker."""
    changed = state.workers[index]._replace(**changes)
    return state._replace(workers=(*state.workers[:index], changed, *state.workers[index + 1 :]))


def with_writer(state: State, index: int, **changes: object) -> State:
    """Return the state with `changes` made to one writer."""
    changed = state.writers[index]._replace(**changes)
    return state._replace(writers=(*state.writers[:index], changed, *state.writers[index + 1 :]))


def touched(worker: Worker, protocol: Protocol) -> Worker:
    """Return the worker after it heard that the key was invalidated, while things were under way."""
    build = worker.build and worker.build._replace(touched=True)
    read = worker.read and worker.read._replace(touched=True)
    making = worker.making and worker.making._replace(touched=True)
    fragment = None if protocol.keeps(Guard.FRAGMENTS_DROPPED) else worker.fragment
    return worker._replace(l1=NOTHING, build=build, read=read, making=making, fragment=fragment)


def answered(state: State, reader: str, value: int, floor: int) -> State:
    """Return the state after a read was answered: marked, if it is older than it may be."""
    if value >= floor:
        return state
    return state._replace(stale=f"{reader} returned value {value} after write {floor} was acknowledged")
