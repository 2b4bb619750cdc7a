"""What does a Redis behind L1 cost, and what does an answer from L2 cost?

Servers with one worker on one core; load, Redis and PostgreSQL on the other. All are asked in
turns, as in `hits`, and a ratio is taken within a round. What reaches Redis is counted by Redis:
nothing for a hit in L1; a look for each answer from L2, whose worker is given too small an L1 to
hold a page, and is asked for pages of a list in turn so that no two clients share an answer.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from statistics import median
from typing import Final

from benchmarks import outage, plots
from benchmarks.fleet import Services, services
from benchmarks.machine import cores
from benchmarks.report import Aim, Section, middle, progress
from benchmarks.tier_contenders import Contender, commands, contenders

SECONDS: Final = 2  # For each contender in each round.
# What is compared with what, and what it should come to.
_AIMS: Final = (("L1 hits, Redis", "L1 hits", 0.95), ("L2 hits", "cache_page", 4.0))
_TOLD: Final = (("L2 hits", "constant"), ("L2 304s", "L2 hits"), ("L1 hits, Redis", "L2 hits"))
_IDLE: Final = 2.0  # Seconds for which an idle worker's commands are counted.
_WARM_UP: Final = 1.0


def run(*, rounds: int, seconds: float) -> list[Section]:
    """Measure."""
    _, load_core = cores()
    with services(core=load_core) as behind:
        tiers = _tiers(behind, rounds=rounds, seconds=seconds)
        behind.forget()
        return [tiers, outage.run(behind)]


def _tiers(behind: Services, *, rounds: int, seconds: float) -> Section:
    with contenders(behind) as found:
        progress("tiers: warming up")
        for contender in found.values():
            contender.measure(behind, seconds=_WARM_UP)
        for number in range(1, rounds + 1):
            progress(f"tiers: round {number} of {rounds}")
            # Who comes first takes turns, too.
            for contender in list(found.values())[:: 1 if number % 2 else -1]:
                rate, ran = contender.measure(behind, seconds=seconds)
                contender.rates.append(rate)
                contender.commands.append(ran)
        idle = _idle_commands(behind)
    return _reported(found, idle)


def _idle_commands(behind: Services) -> float:
    """Return the commands per second while nobody asks for anything: tails that renew their leases."""
    before, began = commands(behind), time.perf_counter()
    time.sleep(_IDLE)
    after, took = commands(behind), time.perf_counter() - began
    return (sum(after.values()) - sum(before.values())) / took


def _reported(found: dict[str, Contender], idle: float) -> Section:
    section = Section(
        "L1 with and without Redis, and L2",
        ("", "answers/s", "least to greatest", "p50 ms", "p99 ms", "CPU µs each", "GETs each"),
    )
    for name, contender in found.items():
        rates = contender.rates
        per_second, least, greatest = middle([rate.per_second for rate in rates])
        section.rows.append((
            name,
            f"{per_second:,.0f}",
            f"{least:,.0f} to {greatest:,.0f}",
            f"{median(rate.p50 for rate in rates) * 1000:.2f}",
            f"{median(rate.p99 for rate in rates) * 1000:.2f}",
            f"{median(rate.cpu_microseconds for rate in rates):.0f}",
            f"{contender.gets / contender.requests:.3f}",
        ))  # fmt: skip
    for name, of, bound in _AIMS:
        section.aims.append(Aim(f"{name} / {of}", median(_ratios(found[name], found[of])), bound))
    section.aims += _aims_of_counting(found, idle, section.notes)
    for name, of in (*((name, of) for name, of, _ in _AIMS), *_TOLD):
        ratio, least, greatest = middle(_ratios(found[name], found[of]))
        by_cpu = _cpu(found[of]) / _cpu(found[name])
        told = f"{ratio:.2f}, per round {least:.2f} to {greatest:.2f}; by CPU time instead: {by_cpu:.2f}"
        section.notes.append(f"{name} / {of}: {told}")
    section.raw = {
        name: {"rates": [asdict(rate) for rate in one.rates], "commands": one.commands}
        for name, one in found.items()
    }
    per_second = {name: [rate.per_second for rate in one.rates] for name, one in found.items()}
    ours = [name for name in found if name.startswith(("L1", "L2"))]
    plot = plots.medians("tiers", section.title, per_second, unit="answers/s", ours=ours, log=True)
    section.plots.append(plot)
    return section


def _aims_of_counting(found: dict[str, Contender], idle: float, notes: list[str]) -> list[Aim]:
    hits, from_l2 = found["L1 hits, Redis"], found["L2 hits"]
    ran = sum(sum(by_name.values()) for by_name, _ in hits.commands)
    expected = idle * sum(took for _, took in hits.commands)
    # Renewals of leases come every 0.4 s, so a few more or less fall into a go.
    beyond = round(max(0.0, ran - expected) / hits.requests, 3)
    notes.append(
        f"Redis ran {ran} commands during {hits.requests:,} L1 hits; for idle workers {expected:.0f} as long"
    )
    return [
        Aim("Redis commands per L1 hit, beyond an idle worker's", beyond, 0, at_least=False),
        Aim("values asked of Redis for all L1 hits", hits.gets, 0, at_least=False),
        Aim("values asked of Redis per L2 hit", from_l2.gets / from_l2.requests, 0.98),
    ]


def _cpu(contender: Contender) -> float:
    return median(rate.cpu_microseconds for rate in contender.rates)


def _ratios(these: Contender, those: Contender) -> list[float]:
    """Return the ratio of the rates in each round."""
    return [this.per_second / that.per_second for this, that in zip(these.rates, those.rates, strict=True)]
