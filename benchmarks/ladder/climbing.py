"""In which order is everything measured? Round after round, all rungs in each, there and back.

A moment in which the machine is slow is slow for all, and ratios are taken within a round.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from benchmarks.ladder import showing
from benchmarks.ladder.counting import statements_told
from benchmarks.ladder.paths import Paths, paths
from benchmarks.ladder.rebuilds import rebuilds
from benchmarks.ladder.rung import Building, Rung
from benchmarks.ladder.rungs import Rungs
from benchmarks.ladder.stage import Stage
from benchmarks.report import Section, progress
from tests.postgres import Cluster

_WARM_UP: Final = 1.0  # Seconds for each.


def climb(cluster: Cluster, *, rounds: int, seconds: float) -> list[Section]:
    """Measure all rungs, and what a changed row costs."""
    found = paths()
    lists, details = _climbed(cluster, found, rounds=rounds, seconds=seconds)
    # Alone, since one outbox has readers of one service only.
    rebuilt = rebuilds(cluster, found, rounds=rounds)
    return [showing.of_lists(lists), showing.of_details(details), showing.of_rebuilds(rebuilt)]


def _climbed(cluster: Cluster, found: Paths, *, rounds: int, seconds: float) -> tuple[list[Rung], list[Rung]]:
    with ExitStack() as stack:
        stage = Stage(stack, cluster)
        rungs = Rungs(stage, found)
        lists, details = rungs.lists(), rungs.details()
        every = [*lists, *details]
        _count(every, stage)
        progress("ladder: warming up")
        for rung in every:
            if not isinstance(rung, Building):  # These warm up each time.
                rung.climb(stage, seconds=_WARM_UP)
        for number in range(1, rounds + 1):
            # Who comes first takes turns, too.
            for rung in every[:: 1 if number % 2 else -1]:
                progress(f"ladder: round {number} of {rounds}: {rung.name}")
                rung.goes.append(rung.climb(stage, seconds=seconds))
    return lists, details


def _count(every: list[Rung], stage: Stage) -> None:
    with statements_told(stage.cluster):
        for rung in every:
            progress(f"ladder: counting queries: {rung.name}")
            rung.count(stage)
