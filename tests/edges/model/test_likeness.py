"""The real queue refuses the orders of steps by which the model goes wrong without a guard.

Each counterexample is played to the real statements, in a database whose clock is ours. Either they
do not give out a row that the model took there, or in the end something still waits for the edge.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from caching import purge_queue
from caching.purging import due
from caching.surrogate_keys import EVERYTHING
from tests import migrated
from tests.databases import as_default, sqlite_file
from tests.edges.model.exploration import examine
from tests.edges.model.guards import Guard
from tests.edges.model.scenarios import REVEALED_BY, SCENARIOS

KEY = "post:1"
EDGES = ("edge 0", "edge 1")
REBOUND = 2.0  # Seconds.
TICK = REBOUND + 0.25  # Rebounds come a little later, several of them together.

OF_THE_QUEUE = (
    Guard.REBOUND,
    Guard.VERSIONS,
    Guard.THROUGH_FIRST,
    Guard.THROUGH_REBOUND,
    Guard.THROUGH_WHOLE_DELAY,
    Guard.THROUGH_EVERYTHING,
    Guard.THROUGH_LAST_FLUSH,
)
TAKES = re.compile(r"purger (\d) takes (edge \d) of (the key|everything), version \d+, (first|again)")
SETTLES = re.compile(r"purger (\d) settles")
TOO_MUCH = re.compile(r"too much waits for (edge \d)")


class Refused(Exception):
    """The real queue does not give out what the model took."""


class Stage:
    """The real queue, some edges in a row, and a clock."""

    def __init__(self, database: BaseDatabaseWrapper, edges: int, *, everything_waits: bool) -> None:
        self._now = 1_000_000.0
        self._edges = EDGES[:edges]
        self._through = dict(zip(self._edges, (None, *self._edges), strict=False))
        self._taken: dict[str, tuple[str, due.Due]] = {}
        database.connection.create_function("julianday", 1, lambda _: self._now / 86_400 + 2_440_587.5)
        purge_queue.register(self._through)
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM caching_purge")
        if everything_waits:
            purge_queue.put({EVERYTHING: False}, edge=self._edges[-1])

    def play(self, step: str) -> None:
        """Do what one step of the model does to the queue."""
        self._now += 0.001  # No two steps are taken at once.
        if step == "time passes":
            self._now += TICK
        elif step == "the relay commits its pass":
            purge_queue.put({KEY: False})
        elif found := TOO_MUCH.match(step):
            due.give_up_telling_apart(found[1])
        elif found := TAKES.match(step):
            self._take(*found.groups())
        elif found := SETTLES.match(step):
            self._settle(*self._taken.pop(found[1]))

    def waits(self, *, at_first: bool = False) -> bool:
        """Tell whether the last edge will be told of something; `at_first`, that it has not been told."""
        found = due.waiting().get(self._edges[-1])
        return found is not None and (bool(found.first) or not at_first)

    def _take(self, purger: str, edge: str, what: str, stage: str) -> None:
        rows = due.take(edge, most=10, through=self._through[edge], held_for=0.0)
        wanted = (EVERYTHING if what == "everything" else KEY, 1 if stage == "again" else 0)
        found = next((row for row in rows if (row.key, row.stage) == wanted), None)
        if found is None:
            raise Refused
        self._taken[purger] = edge, found

    def _settle(self, edge: str, row: due.Due) -> None:
        behind = {name: REBOUND for name, through in self._through.items() if through == edge}
        is_behind = self._through[edge] is not None
        due.settle(edge, [row], rebound=REBOUND, calls=1, is_behind=is_behind, behind=behind)


@pytest.fixture
def database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    """Yield a database in which a single key that waits for an edge is one too many."""
    monkeypatch.setattr(due, "MOST_WAITING", 0)
    shutil.copy(migrated.sqlite(), tmp_path / "test.sqlite3")
    with django_db_blocker.unblock(), as_default(sqlite_file(tmp_path / "test.sqlite3")) as made:
        made.ensure_connection()
        yield made


def staged(database: BaseDatabaseWrapper, name: str) -> Stage:
    scenario = SCENARIOS[name]
    everything_waits = scenario.waiting.everything is not None
    return Stage(database, len(scenario.budget.fetches), everything_waits=everything_waits)


@pytest.mark.parametrize("guard", OF_THE_QUEUE, ids=lambda guard: guard.name)
def test_the_queue_does_not_go_the_way_that_leads_the_model_astray(
    guard: Guard, database: BaseDatabaseWrapper
) -> None:
    name = REVEALED_BY[guard]
    counterexample = examine(SCENARIOS[name], guard).counterexample
    assert counterexample is not None
    stage = staged(database, name)

    try:
        for step in counterexample.steps:
            stage.play(step)
    except Refused:
        return
    still = stage.waits(at_first=SCENARIOS[name].is_instant)
    assert still, f"the queue goes wrong as the model does without: {guard.value}\n{counterexample}"


WAY_OF_A_CHANGE = """\
the relay commits its pass
purger 0 takes edge 0 of the key, version 2, first
purger 0 settles edge 0 of the key, version 2, first
purger 0 takes edge 1 of the key, version 2, first
purger 0 settles edge 1 of the key, version 2, first
time passes
purger 0 takes edge 0 of the key, version 2, again
purger 0 settles edge 0 of the key, version 2, again
time passes
purger 0 takes edge 1 of the key, version 2, again
purger 0 settles edge 1 of the key, version 2, again"""


def test_the_queue_goes_the_way_of_a_change_to_its_end(database: BaseDatabaseWrapper) -> None:
    """Else whoever refuses everything would be right above."""
    stage = staged(database, "an edge behind another")
    for step in WAY_OF_A_CHANGE.splitlines():
        stage.play(step)

    assert not stage.waits()


@pytest.mark.parametrize("time_that_passes", [1, 2])
def test_neither_edge_is_told_again_before_its_time(
    time_that_passes: int, database: BaseDatabaseWrapper
) -> None:
    stage = staged(database, "an edge behind another")
    way = WAY_OF_A_CHANGE.splitlines()
    hurried = [at for at, step in enumerate(way) if step == "time passes"][time_that_passes - 1]

    for step in way[:hurried]:
        stage.play(step)
    with pytest.raises(Refused):
        stage.play(way[hurried + 1])
