"""Does L1 stay as large, and as fast, as it was told, whatever the number of URLs it is asked for?

In process: 1,000 to 1,000,000 small entries are put into an L1 of 64 MiB, in a process of its
own for each number; and into one without a bound worth the name, up to where this machine's
memory allows. What the process has grown by is the kernel's count.
"""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import plots
from benchmarks.growth.alone import NO_DATABASE, alone
from benchmarks.processes import resident_bytes
from benchmarks.report import Aim, Section, progress

_MIB: Final = 1024 * 1024
BUDGET: Final = 64 * _MIB
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
UNBOUNDED: Final = 1 << 40
_MOST_UNBOUNDED: Final = 200_000
_AT_ONCE: Final = 100  # Entries made before they are put, so that only putting is timed.
_LOOKS: Final = 20_000
_MEMORY_GROWS: Final = 1.1
_BEYOND_BUDGET: Final = 1.2  # With what the allocator keeps for later.
_LOOK_UPS_GROW: Final = 1.3


@dataclass(frozen=True, slots=True)
class Filled:
    """An L1 into which so many entries were put; in bytes and nanoseconds."""

    urls: int
    budget: int
    entries: int
    counted: int
    grown: int
    put: float
    hit: float
    missing: float


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    found = []
    for budget in (BUDGET, UNBOUNDED):
        for urls in SIZES:
            if budget == BUDGET or urls <= _MOST_UNBOUNDED:
                progress(
                    f"growth: {urls:,} URLs in an L1 {'of 64 MiB' if budget == BUDGET else 'without a bound'}"
                )
                found.append(alone(NO_DATABASE, _filled, urls, budget, rounds=rounds))
    return [_reported(found)]


def _filled(urls: int, budget: int, *, rounds: int) -> Filled:
    from benchmarks.growth.entries import entry, path  # noqa: PLC0415 - after Django's set-up.
    from caching.l1 import L1  # noqa: PLC0415

    l1 = L1(budget)
    l1.put(entry(0))
    gc.collect()
    before, _ = resident_bytes(os.getpid())
    puts = []
    for first in range(0, urls, _AT_ONCE):
        made = [entry(number) for number in range(first, min(urls, first + _AT_ONCE))]
        began = time.perf_counter_ns()
        for one in made:
            l1.put(one)
        puts.append((time.perf_counter_ns() - began) / len(made))
    del made, one
    gc.collect()
    after, _ = resident_bytes(os.getpid())
    held = [path(number) for number in range(urls) if l1.get(path(number)) is not None]
    chance = random.Random(urls)
    hits = [chance.choice(held) for _ in range(_LOOKS)]
    missing = [path(urls + number) for number in range(_LOOKS)]
    return Filled(
        urls=urls,
        budget=budget,
        entries=len(l1),
        counted=l1.bytes,
        grown=after - before,
        put=median(puts),
        hit=_nanoseconds(l1.get, hits, rounds),
        missing=_nanoseconds(l1.get, missing, rounds),
    )


def _nanoseconds(look_up: Callable[[bytes], object], keys: list[bytes], rounds: int) -> float:
    """Return what one look-up takes; the loop around it is part of that."""
    times = []
    for _ in range(rounds * 3):
        began = time.perf_counter_ns()
        for key in keys:
            look_up(key)
        times.append((time.perf_counter_ns() - began) / len(keys))
    return median(times)


def _reported(found: list[Filled]) -> Section:
    section = Section(
        "An L1 that was given many URLs",
        (
            "L1",
            "URLs",
            "entries held",
            "L1 counts MiB",
            "process grew by MiB",
            "put µs",
            "hit ns",
            "no entry ns",
        ),
    )
    for one in found:
        section.rows.append((
            f"{BUDGET // _MIB} MiB" if one.budget == BUDGET else "no bound",
            f"{one.urls:,}",
            f"{one.entries:,}",
            *(f"{size / _MIB:.1f}" for size in (one.counted, one.grown)),
            f"{one.put / 1000:.2f}",
            *(f"{look:.0f}" for look in (one.hit, one.missing)),
        ))  # fmt: skip
    bounded = {one.urls: one for one in found if one.budget == BUDGET}
    most, before = bounded[SIZES[-1]], bounded[SIZES[-2]]
    section.aims += [
        Aim(
            f"memory with {most.urls:,} URLs / with {before.urls:,}",
            most.grown / before.grown,
            _MEMORY_GROWS,
            at_least=False,
        ),
        Aim(f"memory with {most.urls:,} URLs / budget", most.grown / BUDGET, _BEYOND_BUDGET, at_least=False),
        Aim(
            f"a hit among {most.urls:,} URLs / among {before.urls:,}",
            most.hit / before.hit,
            _LOOK_UPS_GROW,
            at_least=False,
        ),
    ]
    section.raw = {"found": [asdict(one) for one in found]}
    section.plots += [_memory(found), _look_ups(found)]
    return section


def _memory(found: list[Filled]) -> Path:
    return plots.lines(
        "growth-urls-memory",
        "Memory that L1 takes, by the number of URLs it was given",
        _by_label(found, lambda one: one.grown / _MIB),
        "distinct URLs",
        "MiB (the process's growth, by the kernel's count)",
        log_x=True,
        log_y=True,
        bound=(BUDGET / _MIB, f"budget: {BUDGET // _MIB} MiB"),
    )


def _look_ups(found: list[Filled]) -> Path:
    shown = {f"hit, {label}": points for label, points in _by_label(found, lambda one: one.hit).items()}
    shown |= {
        f"no entry, {label}": points for label, points in _by_label(found, lambda one: one.missing).items()
    }
    return plots.lines(
        "growth-urls-look-ups",
        "A look-up in L1, by the number of URLs it was given",
        shown,
        "distinct URLs",
        "ns",
        log_x=True,
    )


def _by_label(found: list[Filled], value: Callable[[Filled], float]) -> dict[str, list[tuple[float, float]]]:
    shown: dict[str, list[tuple[float, float]]] = {}
    for one in found:
        label = "budget 64 MiB" if one.budget == BUDGET else "no bound"
        shown.setdefault(label, []).append((one.urls, value(one)))
    return shown
