"""How many changes a second are heard? In one process, and by a tail over Redis.

In process: an L1 of many entries, from which keys are invalidated one by one, each of which
drops one entry, or ten, or a thousand. Over Redis: a writer in a process of its own appends
records of one key, or of ten, up to five hundred, as fast as Redis takes them, and a worker follows
the log and drops one entry for each key. The clock stops when the worker has applied the last record.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import plots
from benchmarks.growth.alone import NO_DATABASE, alone, process
from benchmarks.report import Section, middle, progress

if TYPE_CHECKING:
    from tests.shared.workers import Worker

HELD: Final = (1_000, 10_000, 100_000)  # Entries in L1.
PER_KEY: Final = (1, 10, 100, 1_000)  # Entries that carry the same key.
PER_RECORD: Final = (1, 10, 100, 500)  # Keys that are invalidated at once.
_DROPPED: Final = 1_000  # Entries, of all that L1 holds, per round.
_KEYS: Final = 2_000  # Over Redis, per round; a worker of the tests holds so many small entries.
_MOST_BYTES: Final = 1 << 40
_PATIENCE: Final = 20.0  # Seconds.


@dataclass(slots=True)
class Heard:
    """What became of records of so many keys; in keys per second, by round."""

    written: list[float] = field(default_factory=list)
    applied: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)  # Milliseconds from the last record to its application.


class Wrote(NamedTuple):
    """The last record that a writer has written; moments that all processes of a machine share."""

    number: int
    began_at: float
    ended_at: float


def run(*, rounds: int) -> list[Section]:
    """Measure."""
    progress("growth: invalidations in one process")
    inside = {held: alone(NO_DATABASE, _dropped, held, rounds) for held in HELD}
    progress("growth: invalidations over Redis")
    heard = alone(NO_DATABASE, _heard, rounds)
    return [_reported_inside(inside), _reported_heard(heard)]


def _dropped(held: int, rounds: int) -> dict[int, list[float]]:
    """Return, by the number of entries that a key drops, the entries dropped per second in each round."""
    from benchmarks.growth.entries import entry  # noqa: PLC0415 - after Django's set-up.
    from caching.coherence import Coherence  # noqa: PLC0415
    from caching.l1 import L1  # noqa: PLC0415

    coherence = Coherence(L1(_MOST_BYTES))
    coherence.trust()
    found: dict[int, list[float]] = {}
    for per_key in PER_KEY:
        if per_key > held:
            continue
        made = [entry(number, {f"posts:tag={number // per_key}"}) for number in range(held)]
        coherence.l1.clear()
        for turn in range(rounds * 5):
            for one in made if not turn else made[:_DROPPED]:
                coherence.l1.put(one)
            keys = [(f"posts:tag={number}",) for number in range(_DROPPED // per_key)]
            began = time.perf_counter()
            for key in keys:
                coherence.invalidate(key)
            seconds = time.perf_counter() - began
            if len(coherence.l1) != held - _DROPPED:
                raise RuntimeError(f"nothing measured, for {len(coherence.l1)} of {held} entries were left")
            found.setdefault(per_key, []).append(_DROPPED / seconds)
    return found


def _heard(rounds: int) -> dict[int, Heard]:
    from benchmarks.growth.entries import entry  # noqa: PLC0415 - after Django's set-up.
    from benchmarks.growth.members import member  # noqa: PLC0415

    found = {per_record: Heard() for per_record in PER_RECORD}
    made = [entry(number) for number in range(_KEYS)]
    with member() as (worker, redis_url), process(NO_DATABASE, REDIS_URL=redis_url) as writer:
        for turn in range(-1, rounds):  # The first one only warms up.
            for per_record, heard in found.items():
                for one in made:
                    worker.keep(one)
                wrote = writer.submit(_write, per_record).result()
                applied_at = _applied_at(worker, wrote.number)
                if turn >= 0:
                    heard.written.append(_KEYS / (wrote.ended_at - wrote.began_at))
                    heard.applied.append(_KEYS / (applied_at - wrote.began_at))
                    heard.behind.append((applied_at - wrote.ended_at) * 1000)
    return found


def _write(per_record: int) -> Wrote:
    """Invalidate all keys, so many at once."""
    from benchmarks.growth.entries import row_key  # noqa: PLC0415 - after Django's set-up.
    from tests.shared.workers import shared_log  # noqa: PLC0415

    log = shared_log()
    log.last()  # Connects, and greets.
    records = [
        [row_key(number) for number in range(first, first + per_record)]
        for first in range(0, _KEYS, per_record)
    ]
    began_at = time.monotonic()
    numbers = [log.invalidate(record) for record in records]
    return Wrote(numbers[-1], began_at, time.monotonic())


def _applied_at(worker: Worker, number: int) -> float:
    """Return the moment at which the worker has applied the record with this number."""
    deadline = time.monotonic() + _PATIENCE
    while (position := worker.coherence.shared) is None or position.number < number:
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing measured, for a worker did not hear of record {number}")
        time.sleep(0.0002)
    if len(worker.coherence.l1):
        raise RuntimeError(f"nothing measured, for {len(worker.coherence.l1)} entries were not dropped")
    return time.monotonic()


def _reported_inside(found: dict[int, dict[int, list[float]]]) -> Section:
    section = Section(
        "Entries that invalidations drop from L1, per second, in one process",
        ("entries in L1", *(f"{per_key:,} by each key" for per_key in PER_KEY)),
    )
    shown: dict[str, list[tuple[float, float]]] = {}
    for held, rates in found.items():
        medians = {per_key: median(times) for per_key, times in rates.items()}
        section.rows.append((f"{held:,}", *(f"{medians[per_key]:,.0f}" for per_key in PER_KEY)))
        shown[f"{held:,} entries in L1"] = list(medians.items())
        section.raw[str(held)] = {str(per_key): times for per_key, times in rates.items()}
    most, least = (section.raw[str(held)]["1"] for held in (HELD[-1], HELD[0]))
    section.notes.append(
        f"one by one, in an L1 of {HELD[-1]:,} / of {HELD[0]:,}: {median(most) / median(least):.2f}"
    )
    title = "Entries dropped per second in one process, by the entries that one key drops"
    section.plots.append(
        plots.lines(
            "growth-invalidations",
            title,
            shown,
            "entries with the same key",
            "entries/s",
            log_x=True,
            log_y=True,
        )
    )
    return section


def _reported_heard(found: dict[int, Heard]) -> Section:
    section = Section(
        "Invalidations over Redis: one writer, one worker",
        ("keys per record", "written keys/s", "applied keys/s", "least", "greatest", "behind at the end ms"),
    )
    shown: dict[str, list[tuple[float, float]]] = {"written": [], "applied by a worker": []}
    for per_record, heard in found.items():
        applied, least, greatest = middle(heard.applied)
        written = median(heard.written)
        rates = (f"{rate:,.0f}" for rate in (written, applied, least, greatest))
        section.rows.append((f"{per_record:,}", *rates, f"{median(heard.behind):.1f}"))
        shown["written"].append((per_record, written))
        shown["applied by a worker"].append((per_record, applied))
    section.notes.append("written: by one process that waits for each record; each key drops one entry")
    section.raw = {str(per_record): asdict(heard) for per_record, heard in found.items()}
    title = "Keys invalidated per second over Redis, by the keys of a record"
    section.plots.append(
        plots.lines(
            "growth-invalidations-redis", title, shown, "keys per record", "keys/s", log_x=True, log_y=True
        )
    )
    return section
