"""Is anything stale at an edge once nothing waits, after 10,000 random writes and everything that breaks?

The machinery is that of the tests (`tests/edges/chaos/`), which run a small version of it: two Varnish
with the recipe, writers through the API and with SQL, readers at both edges, and faults at moments that
the seed decides. Here it is counted and told.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from benchmarks.report import Aim, Section, progress
from tests.edges.chaos import stage
from tests.edges.chaos.run import Options, Outcome
from tests.edges.chaos.run import run as put_to_the_test

_WRITES_BETWEEN: Final = 280  # About: so many are written while a fault lasts.
_POSTS: Final = 60


def run(*, writes: int, seed: int) -> list[Section]:
    """Measure."""
    if not stage.is_possible():
        raise RuntimeError("need PostgreSQL, redis-server and varnishd with its modules")
    faults = len(Options.faults)
    options = Options(
        writes=writes,
        seed=seed,
        times=max(1, writes // (_WRITES_BETWEEN * faults)),
        posts=_POSTS,
        readers=3,
        reads_per_second=300,
    )
    outcome = put_to_the_test(options, lambda text: progress(f"chaos: {text}"))
    return [_verdict(outcome), _writes(outcome), _incidents(outcome)]


def _verdict(outcome: Outcome) -> Section:
    section = Section("Answers of two edges when nothing waits any more", ("", "count"))
    reads = outcome.reads
    answered = sum(number for name, number in reads.items() if name.split()[1] in {"200", "304", "404"})
    section.rows += [
        ("writes acknowledged", f"{outcome.writes.total():,}"),
        ("requests and statements sent again, for their answer was lost", f"{outcome.attempts_lost:,}"),
        ("faults", f"{len(outcome.incidents):,}"),
        ("reads answered meanwhile, each checked", f"{answered:,}"),
        ("reads without an answer, or with an error", f"{reads.total() - answered:,}"),
        ("things that those showed", f"{outcome.checked.total():,}"),
        ("purges seen to be over, after which no read may show less", f"{outcome.floors_raised:,}"),
        ("reads that showed less", f"{len(outcome.stale_meanwhile):,}"),
        ("rows that waited at once, at most", f"{outcome.most_waiting:,}"),
        ("seconds from the last write until nothing waited", f"{outcome.empty_after:.1f}"),
        ("URLs read", f"{outcome.urls:,}"),
        ("answers compared at the end (URL, edge, coding)", f"{outcome.compared:,}"),
        ("of these, stale", f"{len(outcome.stale):,}"),
    ]
    section.aims += [
        Aim("stale answers at the end", len(outcome.stale), 0, at_least=False),
        Aim("reads that showed what a purge that was over had overwritten", len(outcome.stale_meanwhile), 0,
            at_least=False),
        Aim("edges at which an answer made stale on purpose was found", len(outcome.seen_by_the_judge),
            len(stage.EDGES)),
    ]  # fmt: skip
    section.notes.append(f"seed {outcome.options.seed}; {outcome.seconds:.0f} s of writes, reads and faults")
    section.notes += outcome.evidence
    section.notes += map(str, outcome.stale_meanwhile)
    section.raw = {"reads": dict(reads), "stale": outcome.evidence}
    return section


def _writes(outcome: Outcome) -> Section:
    section = Section("What was written", ("", "acknowledged"))
    section.rows += [(name, f"{number:,}") for name, number in outcome.writes.most_common()]
    section.notes.append(f"refused, for what it was about had just gone: {outcome.refused:,}")
    section.notes.append(
        f"the longest that a write by API took, faults and all: {outcome.longest_write:.1f} s"
    )
    section.raw = dict(outcome.writes)
    return section


def _incidents(outcome: Outcome) -> Section:
    section = Section("What went wrong meanwhile", ("", "times", "seconds in all"))
    times: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for name, _, took in outcome.incidents:
        times[name] += 1
        seconds[name] += took
    section.rows += [(name, str(times[name]), f"{seconds[name]:.1f}") for name in sorted(times)]
    section.raw = {"incidents": outcome.incidents}
    return section
