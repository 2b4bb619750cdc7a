"""How near does an answer from L1 come to the server's limit, and how far is the alternative?

The servers are asked in turns: each round asks all of them, so that a moment in which the
machine is slow is slow for all, and ratios are taken within a round.
"""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import Final

from benchmarks import content, plots
from benchmarks.contenders import HEAD_KEPT, contenders
from benchmarks.load import Rate
from benchmarks.report import Aim, Section, middle, progress

POSTS: Final = 2000
# What is compared with what, and what it should come to.
_AIMS: Final = (("hits", "constant", 0.9), ("hits", "cache_page", 20.0), ("304s", "hits", 1.0))
_WARM_UP: Final = 1.0  # Seconds each.


def run(*, rounds: int, seconds: float) -> Section:
    """Measure."""
    with contenders(content.database_url(POSTS)) as (all_of_them, notes):
        progress("hits: warming up")
        for contender in all_of_them:
            contender.measure(seconds=_WARM_UP)
        for number in range(1, rounds + 1):
            progress(f"hits: round {number} of {rounds}")
            for contender in all_of_them:
                contender.rates.append(contender.measure(seconds=seconds))
    return _reported({contender.name: contender.rates for contender in all_of_them}, notes)


def _reported(found: dict[str, list[Rate]], notes: list[str]) -> Section:
    section = Section(
        "Answers from L1, their limit and the alternatives",
        ("", "answers/s", "least to greatest", "p50 ms", "p99 ms", "CPU µs each"),
        notes=notes,
    )
    for name, rates in found.items():
        per_second, least, greatest = middle([rate.per_second for rate in rates])
        section.rows.append((
            name,
            f"{per_second:,.0f}",
            f"{least:,.0f} to {greatest:,.0f}",
            f"{median(rate.p50 for rate in rates) * 1000:.2f}",
            f"{median(rate.p99 for rate in rates) * 1000:.2f}",
            f"{median(rate.cpu_microseconds for rate in rates):.0f}",
        ))  # fmt: skip
    for name, of, bound in _AIMS:
        ratio, least, greatest = middle(_ratios(found[name], found[of]))
        section.aims.append(Aim(f"{name} / {of}", ratio, bound))
        by_cpu = median(rate.cpu_microseconds for rate in found[of]) / median(
            rate.cpu_microseconds for rate in found[name]
        )
        section.notes.append(
            f"{name} / {of} per round: {least:.2f} to {greatest:.2f}; by CPU time instead: {by_cpu:.2f}"
        )
    lean = median(_ratios(found["hits"], found["cache_page, lean"]))
    section.notes.append(f"hits / cache_page without the service's middleware: {lean:.1f}")
    kept = median(_ratios(found["hits"], found[HEAD_KEPT]))
    section.notes.append(
        f"hits / a constant whose header block the worker keeps as it keeps ours: {kept:.2f}"
    )
    head = median(_ratios(found["hits, HEAD"], found["constant, HEAD"]))
    section.notes.append(
        f"HEAD hits / constant HEAD: {head:.2f}, both by our own client, as wrk waits for HEAD's body"
    )
    section.raw = {name: [asdict(rate) for rate in rates] for name, rates in found.items()}
    per_second = {name: [rate.per_second for rate in rates] for name, rates in found.items()}
    ours = [name for name in found if name.startswith(("hits", "304s"))]
    plot = plots.medians("hits", section.title, per_second, unit="answers/s", ours=ours, log=True)
    section.plots.append(plot)
    return section


def _ratios(these: list[Rate], those: list[Rate]) -> list[float]:
    """Return the ratio of the rates in each round: neighbours in time, so the machine was the same."""
    return [this.per_second / that.per_second for this, that in zip(these, those, strict=True)]
