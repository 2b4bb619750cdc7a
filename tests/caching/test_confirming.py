"""While the shared log is out of reach, a look at the outbox tells what may still be answered from L1."""

import asyncio
import logging
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Event, Semaphore

import pytest

from caching.coherence import Coherence
from caching.confirming import Confirming
from caching.l1 import L1
from tests.caching.entries import entry_of

PATIENCE = 20.0
MOST = 100

ONE = entry_of(b"/things/1/", keys=["thing:1"])
TWO = entry_of(b"/things/2/", keys=["thing:2"])


@dataclass(frozen=True)
class Look:
    last_pass: int
    rows: tuple[tuple[int, str], ...]


@dataclass
class Outbox:
    """What the database shows; a look can be held up after it has read, and fail."""

    last_pass: int = 7
    rows: list[tuple[int, str]] = field(default_factory=list)
    failure: Exception | None = None
    looks: int = 0
    has_triggers: bool = True
    began: Semaphore = field(default_factory=lambda: Semaphore(0))
    may_end: Event = field(default_factory=Event)

    def __post_init__(self):
        self.may_end.set()

    def look(self):
        self.looks += 1
        seen, failure = Look(self.last_pass, tuple(self.rows)), self.failure
        self.began.release()
        assert self.may_end.wait(PATIENCE)
        if failure is not None:
            raise failure
        return seen

    async def until_looking(self):
        assert await asyncio.to_thread(self.began.acquire, timeout=PATIENCE), "nobody looks"


class Reader:
    """A worker whose lease has run out; both things are in its L1."""

    def __init__(self):
        self.outbox = Outbox()
        self.coherence = Coherence(L1(1_000_000), leased=True)
        self.coherence.trust()
        self.coherence.invalidate((), relay_pass=self.outbox.last_pass)
        self.confirming = Confirming(
            self.outbox.look, self.coherence, is_reported=lambda: self.outbox.has_triggers, most=MOST
        )
        for entry in (ONE, TWO):
            assert self.keep(entry)

    def keep(self, entry):
        return self.coherence.store(entry, start=self.coherence.position())

    def holds(self):
        return [entry is not None for entry in map(self.coherence.l1.get, (ONE.key, TWO.key))]

    async def confirm(self):
        return await self.confirming.confirm()

    async def confirming_now(self):
        """Begin to ask, and return once the request waits."""
        task = asyncio.create_task(self.confirm())
        await asyncio.sleep(0)
        return task


@asynccontextmanager
async def reading():
    reader = Reader()
    try:
        async with asyncio.timeout(PATIENCE):
            yield reader
    finally:
        reader.outbox.may_end.set()
        reader.confirming.close()


def played(scenario):
    """Make a test of a scenario: a coroutine that is given a reader."""

    def test():
        async def play():
            async with reading() as reader:
                await scenario(reader)

        asyncio.run(play())

    test.__name__ = scenario.__name__
    return test


# What a look shows.


@played
async def test_an_outbox_that_is_as_it_was_confirms_everything(reader):
    assert await reader.confirm()
    assert reader.holds() == [True, True]


@played
async def test_what_waits_in_the_outbox_is_dropped(reader):
    reader.outbox.rows = [(1, "thing:1")]

    assert await reader.confirm()
    assert reader.holds() == [False, True]


@played
async def test_a_row_is_heard_once_and_the_next_one_too(reader):
    """What was built after it, and holds it, stays."""
    reader.outbox.rows = [(1, "thing:1")]
    await reader.confirm()
    assert reader.keep(ONE)
    await reader.confirm()
    assert reader.holds() == [True, True]

    reader.outbox.rows += [(2, "thing:1")]
    await reader.confirm()
    assert reader.holds() == [False, True]


@played
async def test_a_row_that_came_late_with_a_low_number_is_heard(reader):
    """Numbers are drawn when a row is written, not when it is committed."""
    reader.outbox.rows = [(5, "thing:1")]
    await reader.confirm()
    reader.outbox.rows = [(4, "thing:2"), (5, "thing:1")]
    await reader.confirm()

    assert reader.holds() == [False, False]


@played
async def test_a_build_that_began_before_the_look_is_refused(reader):
    start = reader.coherence.position()
    reader.outbox.rows = [(1, "thing:1")]
    await reader.confirm()

    assert not reader.coherence.store(ONE, start=start)


@played
async def test_a_pass_that_we_have_not_heard_of_clears_l1_once(reader):
    """Somebody else has relayed rows that we shall never see."""
    reader.outbox.last_pass = 8
    start = reader.coherence.position()
    assert await reader.confirm()
    assert reader.holds() == [False, False]
    assert not reader.coherence.store(ONE, start=start)

    assert reader.keep(ONE)
    assert await reader.confirm()
    assert reader.holds() == [True, False]


@pytest.mark.parametrize(("waiting", "is_confirmed"), [(MOST - 1, True), (MOST, False), (MOST + 1, False)])
def test_too_many_rows_may_not_be_all_and_confirm_nothing(waiting, is_confirmed):
    async def scenario():
        async with reading() as reader:
            reader.outbox.rows = [(number, f"other:{number}") for number in range(waiting)]
            return await reader.confirm()

    assert asyncio.run(scenario()) is is_confirmed


@played
async def test_a_look_that_fails_confirms_nothing_and_the_next_one_may(reader):
    reader.outbox.failure = OSError("the database is away")
    assert not await reader.confirm()
    assert reader.confirming.failed
    reader.outbox.failure = None

    assert await reader.confirm()
    assert not reader.confirming.failed


@played
async def test_what_was_missed_by_a_look_that_failed_is_seen_by_the_next(reader):
    reader.outbox.rows, reader.outbox.failure = [(1, "thing:1")], OSError("the database is away")
    await reader.confirm()
    reader.outbox.failure = None
    await reader.confirm()

    assert reader.holds() == [False, True]


def test_that_looks_fail_is_logged_once(caplog):
    async def scenario():
        async with reading() as reader:
            reader.outbox.failure = OSError("the database is away")
            for _ in range(3):
                await reader.confirm()

    with caplog.at_level(logging.WARNING, "caching.confirming"):
        asyncio.run(scenario())

    assert len(caplog.records) == 1


# Triggers.


@played
async def test_a_worker_that_does_not_know_asks_for_the_triggers(reader):
    reader.coherence.distrust()
    assert await reader.confirm()

    assert reader.coherence.is_reported
    assert reader.keep(ONE)


@played
async def test_without_triggers_nothing_is_stored(reader):
    reader.coherence.distrust()
    reader.outbox.has_triggers = False
    await reader.confirm()

    assert not reader.keep(ONE)
    assert reader.holds() == [False, False]


@played
async def test_a_row_for_everything_makes_us_ask_for_the_triggers_again(reader):
    reader.outbox.rows, reader.outbox.has_triggers = [(1, "all")], False
    await reader.confirm()
    assert reader.holds() == [False, False]
    assert not reader.keep(ONE)
    await reader.confirm()
    assert not reader.keep(ONE)
    reader.outbox.has_triggers = True
    await reader.confirm()

    assert reader.keep(ONE)


# Sharing.


@played
async def test_readers_who_wait_together_share_a_look(reader):
    reader.outbox.may_end.clear()
    first = await reader.confirming_now()
    await reader.outbox.until_looking()
    others = [await reader.confirming_now() for _ in range(100)]
    reader.outbox.may_end.set()

    assert await asyncio.gather(first, *others) == [True] * 101
    assert reader.outbox.looks == 2


@played
async def test_a_reader_waits_for_a_look_that_began_after_it_had_arrived(reader):
    """What was acknowledged before it asked may have been committed after the look under way had read."""
    reader.outbox.may_end.clear()
    early = await reader.confirming_now()
    await reader.outbox.until_looking()
    reader.outbox.rows = [(1, "thing:1")]
    late = await reader.confirming_now()
    held = deque()
    late.add_done_callback(lambda _: held.append(reader.holds()))
    early.add_done_callback(lambda _: held.append("early"))
    reader.outbox.may_end.set()
    await asyncio.gather(early, late)

    assert list(held) == ["early", [False, True]]


@played
async def test_one_looks_at_a_time(reader):
    reader.outbox.may_end.clear()
    waiting = [await reader.confirming_now()]
    await reader.outbox.until_looking()
    for _ in range(10):
        waiting.append(await reader.confirming_now())
        await asyncio.sleep(0)

    assert reader.outbox.looks == 1
    reader.outbox.may_end.set()
    await asyncio.gather(*waiting)


@played
async def test_a_reader_that_goes_away_takes_nobody_along(reader):
    reader.outbox.may_end.clear()
    leaving, staying = await reader.confirming_now(), await reader.confirming_now()
    await reader.outbox.until_looking()
    leaving.cancel()
    later = await reader.confirming_now()
    reader.outbox.may_end.set()

    assert await staying
    assert await later
    assert leaving.cancelled()
