"""What do people see of it? Three tables, the aims, and a plot of the rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import plots
from benchmarks.ladder import rungs
from benchmarks.ladder.rebuilds import Rebuilt
from benchmarks.ladder.rung import Rung
from benchmarks.report import Aim, Section, middle, percentile

_COLUMNS: Final = (
    *("", "answers/s", "least to greatest", "p50 ms", "p99 ms", "queries", "Redis calls", "bytes"),
    "CPU µs each",
)
# What is compared with what, and what it should come to.
_AIMS_OF_LISTS: Final = (
    (rungs.L1, rungs.CONSTANT, 0.9),
    (rungs.L1, rungs.PAGE_REDIS, 20.0),
    (rungs.L1, rungs.VARNISH, 0.35),
    (rungs.L1, rungs.NGINX, 0.35),
    (rungs.UNCHANGED, rungs.L1, 1.0),
    (rungs.BUILD, rungs.KEYSET, 3.0),
    (rungs.BUILD_ALONE, rungs.KEYSET, 3.0),
)
_AIMS_OF_DETAILS: Final = (
    (rungs.DETAIL, rungs.OPTIMIZED_DETAIL, 2.0),
    (rungs.DETAIL_ALONE, rungs.OPTIMIZED_DETAIL, 2.0),
)
_LEAST_OF_REBUILDS: Final = 5.0


def of_lists(found: Sequence[Rung]) -> Section:
    """Show what answers a list."""
    section = _table("The ladder: a page of 20 posts", found, (rungs.PAGE_REDIS, rungs.CONSTANT))
    _judge(section, found, _AIMS_OF_LISTS)
    faster = median(ratios(by_name(found)[rungs.L1], by_name(found)[rungs.PAGE_DJANGO_REDIS]))
    section.notes.append(f"{rungs.L1} / {rungs.PAGE_DJANGO_REDIS}: {faster:.1f}")
    section.plots.append(
        _plot("ladder", "A page of 20 posts: answers per second, each server on one core", found, log=True)
    )
    return section


def of_details(found: Sequence[Rung]) -> Section:
    """Show what answers a post."""
    section = _table("The ladder: one post, never asked for before", found, (rungs.OPTIMIZED_DETAIL,))
    _judge(section, found, _AIMS_OF_DETAILS)
    section.plots.append(
        _plot(
            "ladder-details", "One post, built: answers per second, each server on one core", found, log=False
        )
    )
    return section


def of_rebuilds(found: Sequence[Rebuilt]) -> Section:
    """Show what one changed row costs."""
    section = Section(
        "A page of 20 posts after one of them was changed by SQL: CPU time of the server's process",
        (
            "",
            "until answered ms",
            "in all ms",
            "middle half",
            "optimized, keyset ms",
            "middle half",
            "times less",
        ),
    )
    for rebuilt in found:
        ratio = median(rebuilt.uncached) / median(rebuilt.ours)
        section.rows.append(
            (
                rebuilt.name,
                f"{median(rebuilt.until_answered) * 1000:.2f}",
                *_milliseconds(rebuilt.ours),
                *_milliseconds(rebuilt.uncached),
                f"{ratio:.2f}",
            )
        )
        section.aims.append(Aim(f"{rungs.KEYSET} / {rebuilt.name}", ratio, _LEAST_OF_REBUILDS))
        section.raw[rebuilt.name] = asdict(rebuilt)
    section.notes.append(
        "least and greatest of single rebuilds say what else the machine did; hence the middle half"
    )
    return section


def ratios(these: Rung, those: Rung) -> list[float]:
    """Return the ratio of the rates in each round: neighbours in time, so the machine was the same."""
    return [this.per_second / that.per_second for this, that in zip(these.goes, those.goes, strict=True)]


def by_name(found: Sequence[Rung]) -> dict[str, Rung]:
    """Return the rungs under their names."""
    return {rung.name: rung for rung in found}


def _table(title: str, found: Sequence[Rung], compared: Sequence[str]) -> Section:
    named = by_name(found)
    section = Section(title, (*_COLUMNS, *(f"/ {name}" for name in compared)))
    for rung in found:
        per_second, least, greatest = middle([go.per_second for go in rung.goes])
        section.rows.append((
            rung.name,
            plots.written(per_second),
            f"{plots.written(least)} to {plots.written(greatest)}",
            f"{median(go.p50 for go in rung.goes) * 1000:.2f}",
            f"{median(go.p99 for go in rung.goes) * 1000:.2f}",
            f"{rung.queries:.1f}",
            f"{rung.redis_calls:.1f}",
            f"{rung.bytes:,.0f}",
            f"{median(go.cpu_microseconds for go in rung.goes):,.0f}",
            *(plots.written(median(ratios(rung, named[name]))) for name in compared),
        ))  # fmt: skip
        section.raw[rung.name] = {
            "queries": rung.queries,
            "redis_calls": rung.redis_calls,
            "goes": [asdict(go) for go in rung.goes],
        }
    section.notes += [
        f"{rung.name}: after the goes {rung.strays} of {rung.looks} answers were no such hits any more"
        for rung in found
        if rung.strays
    ]
    section.notes.append("32 connections that always wait for an answer: latencies are those of full load")
    return section


def _judge(section: Section, found: Sequence[Rung], aims: Sequence[tuple[str, str, float]]) -> None:
    named = by_name(found)
    for name, of, bound in aims:
        these, those = named[name], named[of]
        ratio, least, greatest = middle(ratios(these, those))
        section.aims.append(Aim(f"{name} / {of}", ratio, bound))
        by_cpu = _cpu(those) / _cpu(these)
        section.notes.append(
            f"{name} / {of} per round: {least:.2f} to {greatest:.2f}; by CPU time instead: {by_cpu:.2f}"
        )


def _cpu(rung: Rung) -> float:
    return median(go.cpu_microseconds for go in rung.goes)


def _plot(name: str, title: str, found: Sequence[Rung], *, log: bool) -> Path:
    rates = [middle([go.per_second for go in rung.goes]) for rung in found]
    return plots.bars(
        name,
        title,
        [(rung.name, rate) for rung, (rate, _, _) in zip(found, rates, strict=True)],
        unit="answers/s",
        spread=[(least, greatest) for _, least, greatest in rates],
        ours=rungs.OURS,
        log=log,
    )


def _milliseconds(seconds: Sequence[float]) -> tuple[str, str]:
    ascending = sorted(seconds)
    low, high = (percentile(ascending, share) * 1000 for share in (25, 75))
    return f"{median(ascending) * 1000:.2f}", f"{low:.2f} to {high:.2f}"
