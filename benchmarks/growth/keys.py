"""What does an entry cost that depends on many things? With 1 to 200 surrogate keys each.

Four steps: putting it into L1, keeping it in L2 as a build does (generations are vouched for in
Redis, then the entry is sent), reading it from L2 with its generations, and invalidating its
keys for all workers. A page of 20 posts carries about 60 keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import plots
from benchmarks.growth.alone import NO_DATABASE, alone
from benchmarks.report import Section, progress

if TYPE_CHECKING:
    from caching.shared.fleet import Fleet
    from tests.shared.workers import Worker

NUMBERS: Final = (1, 2, 5, 10, 20, 50, 100, 200)
_TIMES: Final = 40  # Entries of each number of keys, per round.
STEPS: Final = ("put into L1", "drop from L1", "keep in L2", "read from L2", "invalidate in Redis")

# A step -> a number of keys -> the microseconds of each time.
Found = dict[str, dict[int, list[float]]]


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    progress("growth: entries with many surrogate keys")
    found = alone(NO_DATABASE, _measured, rounds)
    return [_reported(found)]


def _measured(rounds: int) -> Found:
    from benchmarks.growth.members import member  # noqa: PLC0415 - after Django's set-up.

    found: Found = {step: {number: [] for number in NUMBERS} for step in STEPS}
    numbers = count(1)
    with member() as (worker, _):
        for turn in range(-1, rounds):  # The first one only warms up.
            for number in NUMBERS:
                for _ in range(_TIMES):
                    times = _once(worker, number, next(numbers))
                    if turn >= 0:
                        for step, seconds in zip(STEPS, times, strict=True):
                            found[step][number].append(seconds * 1e6)
    return found


def _once(worker: Worker, number: int, which: int) -> Iterator[float]:
    """Take one entry with so many keys through its life; yield the seconds of each step."""
    from benchmarks.growth.entries import entry, row_key  # noqa: PLC0415 - after Django's set-up.

    keys = [row_key(which * 1_000 + place) for place in range(number)]
    made = entry(which, keys)
    l1 = worker.coherence.l1
    yield _seconds(lambda: l1.put(made))
    yield _seconds(lambda: l1.drop(keys[0]))
    start = worker.begin()
    yield _seconds(lambda: worker.fleet.store(made, start))
    yield worker.loop.run(_reading(worker.fleet, made.key))
    yield _seconds(lambda: worker.fleet.invalidate(keys))
    worker.fleet.wait(worker.fleet.last())
    if worker.holds(made):
        raise RuntimeError("nothing measured, for an entry was not dropped")


async def _reading(fleet: Fleet, key: bytes) -> float:
    began = time.perf_counter()
    found = await fleet.entry(key)
    seconds = time.perf_counter() - began
    if found is None:
        raise RuntimeError("nothing measured, for an entry was not in L2")
    return seconds


def _seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def _reported(found: Found) -> Section:
    section = Section(
        "An entry by the number of its surrogate keys; µs, median", ("step", *(f"{n:,}" for n in NUMBERS))
    )
    shown: dict[str, list[tuple[float, float]]] = {}
    for step, times in found.items():
        medians = {number: median(of_number) for number, of_number in times.items()}
        section.rows.append((step, *(f"{medians[number]:.1f}" for number in NUMBERS)))
        shown[step] = list(medians.items())
    section.notes.append("each key has its coarse key beside it; all steps in one process, Redis in its own")
    section.raw = {step: {str(number): times for number, times in of.items()} for step, of in found.items()}
    section.plots.append(
        plots.lines(
            "growth-keys",
            "What is done with one entry, by the number of its surrogate keys",
            shown,
            "surrogate keys of the entry",
            "µs",
            log_x=True,
            log_y=True,
        )
    )
    return section
