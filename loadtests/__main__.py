"""Load the service, and write a report: `python -m loadtests --help`.

The exit status is 0 if every budget was reached, 1 if not or if something could not be run, and 2
if the command line was wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from loadtests import command, edge_plots, machine, options, plots, replay, report
from loadtests import tally as names
from loadtests.budgets import judge
from loadtests.catalogue import Catalogue, NothingThereError
from loadtests.client import UnreachableError
from loadtests.report import Chapter
from loadtests.run import FailedRunError, Run, Target
from loadtests.scenarios import Scenario
from loadtests.server import Content, filled_server
from loadtests.services import MissingError
from loadtests.staging import look_around, stage

_BUSY = 0.85  # Of a core: from there on the generator is what is measured.


def main() -> int:
    """Run what was asked for; return the exit status."""
    told = command.arguments()
    told.out.mkdir(parents=True, exist_ok=True)
    described = machine.description()
    try:
        with _target(told) as target:
            chapters = [_chapter(scenario, target, told) for scenario in command.scenarios(told)]
    except (MissingError, UnreachableError, NothingThereError, FailedRunError) as error:
        print(f"python -m loadtests: {error}", file=sys.stderr)
        return 1
    return _conclude(chapters, described, told.out)


def _conclude(chapters: Sequence[Chapter], described: dict[str, str], out: Path) -> int:
    (out / "report.html").write_text(report.page(chapters, described))
    (out / "report.json").write_text(report.plain(chapters, described))
    verdicts = [verdict for chapter in chapters for verdict in chapter.verdicts]
    missed = [verdict for verdict in verdicts if not verdict.is_reached]
    print(f"\n{len(verdicts) - len(missed)} of {len(verdicts)} budgets reached")
    print(f"report: {out / 'report.html'}", flush=True)
    return 1 if missed else 0


@contextmanager
def _target(told: argparse.Namespace) -> Iterator[Target]:
    """Yield whom to ask: a host that was named, or a server of our own, which is filled first."""
    target = Target(
        host=told.host or "",
        token=told.token,
        server=None,
        users=told.users,
        processes=told.processes,
        catalogue=told.out / "catalogue.json",
        arguments=options.load_arguments(told),
        out=told.out,
        rebound=told.rebound,
    )
    if told.host:
        look_around(target)
        yield target
        return
    what = told.data or f"{told.posts:,} generated posts"
    print(f"... filling a database ({told.stack}) with {what}", flush=True)
    content, log = Content(told.posts, told.data), told.out / "gunicorn.log"
    with filled_server(content, workers=told.workers, stack=told.stack, log=log) as server:
        yield replace(target, host=server.host, token=server.token, server=server)


def _chapter(scenario: Scenario, target: Target, told: argparse.Namespace) -> Chapter:
    """Run all variants of a scenario, and judge."""
    chapter = Chapter(scenario)
    chapter.skipped = _why_not(scenario, target, told)
    if not chapter.skipped:
        chapter.runs = [stage(scenario, place, target) for place in range(len(scenario.variants))]
        if any(variant.order for variant in scenario.variants):
            chapter.notes.append(_told_of_the_trace(target, told))
        chapter.verdicts = judge(
            scenario.budgets,
            [(run.variant, run.figures()) for run in chapter.runs],
            for_comparison={one.name for one in scenario.variants if one.expiry is not None},
        )
        chapter.notes += [note for run in chapter.runs for note in _notes(run)]
        chapter.plots = _plots(chapter.runs, target.out)
    print(report.text(chapter), flush=True)
    return chapter


def _why_not(scenario: Scenario, target: Target, told: argparse.Namespace) -> str:
    """Return why a scenario cannot be run, nothing if it can."""
    if scenario.name == "deploy" and target.server is None:
        return "only a server that this command has started can be told to replace its workers"
    if scenario.edge and target.server is None:
        return "an edge is put in front only of a server that this command has started"
    if any(variant.writes == "edits" for variant in scenario.variants) and not target.token:
        return f"edits need --token, or ${options.TOKEN_VARIABLE}"
    if any(variant.order for variant in scenario.variants):
        try:
            replay.trace_file(told.traffic, told.trace)
        except replay.NoTraceError as error:
            return str(error)
    return ""


def _told_of_the_trace(target: Target, told: argparse.Namespace) -> str:
    ranks = replay.recorded_ranks(replay.trace_file(told.traffic, told.trace))
    posts = len(Catalogue.load(target.catalogue).posts)
    left_out = replay.Recorded(ranks, posts).left_out
    return (
        f"{told.trace}: {left_out:.1%} of its accesses are to keys beyond the {posts:,} posts, and left out"
    )


def _notes(run: Run) -> list[str]:
    notes = list(run.notes)
    found = run.figures()
    waited = found.counts[names.WAITED]
    if waited:
        notes.append(
            f"{waited:,} requests waited for a free user or for the generator itself;"
            " their latency counts from when they were due"
        )
    cpu = max(run.tally.cpu_shares.values(), default=0.0)
    verdict = "; that is too much, the figures are its own" if cpu > _BUSY else ""
    notes.append(f"in its busiest second a process of the generator needed {cpu:.0%} of a core{verdict}")
    return [f"{run.variant}: {note}" if run.variant else note for note in notes]


def _plots(runs: Sequence[Run], out: Path) -> list[Path]:
    drawn = []
    for run in runs:
        suffix = f"-{run.variant.replace(' ', '-')}" if run.variant else ""
        drawn += plots.draw(run, out / f"{run.scenario.name}{suffix}")
    if len(runs) > 1:
        drawn.append(plots.hit_ratios(runs, out / f"{runs[0].scenario.name}-compared.png"))
    if runs[0].scenario.edge:
        drawn += edge_plots.draw(runs, out / runs[0].scenario.name)
    return drawn


def _interrupted(number: int, _: object) -> NoReturn:
    """End as a shell would say it, and leave no server behind."""
    print("\npython -m loadtests: interrupted", file=sys.stderr)
    sys.exit(128 + number)


if __name__ == "__main__":
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, _interrupted)
    sys.exit(main())
