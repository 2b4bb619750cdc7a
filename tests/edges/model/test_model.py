"""Purging leaves no edge with what a write has changed, and each of its guards is needed for that.

Exhaustive within each scenario's budget: every order in which its steps can be taken.
"""

from __future__ import annotations

import pytest

from tests.edges.model import purging
from tests.edges.model.exploration import examine
from tests.edges.model.guards import Guard
from tests.edges.model.scenarios import REVEALED_BY, SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_edge_keeps_what_a_write_has_changed_once_nothing_waits_for_it(name):
    """Nor does anything wait for ever."""
    scenario = SCENARIOS[name]
    exploration = examine(scenario)
    assert exploration.counterexample is None, f"\n{exploration.counterexample}"
    assert exploration.states >= scenario.at_least, "the scenario has become smaller than it was meant to be"


@pytest.mark.parametrize("guard", Guard, ids=lambda guard: guard.name)
def test_without_this_guard_an_edge_can_keep_it(guard):
    """The guard is no ornament, and the exploration would notice if the protocol lost it."""
    exploration = examine(SCENARIOS[REVEALED_BY[guard]], guard)
    assert exploration.counterexample is not None, f"nothing goes wrong without: {guard.value}"


def test_a_counterexample_tells_how_it_came_about():
    counterexample = examine(SCENARIOS[REVEALED_BY[Guard.REBOUND]], Guard.REBOUND).counterexample
    first, *_, last = str(counterexample).splitlines()
    assert first == "  1. write 1 commits"
    assert last == "  => edge 0 keeps value 0 of 1, and nothing waits for it"


def test_what_would_wait_for_ever_is_noticed(monkeypatch):
    """An edge that were behind itself, for instance."""
    monkeypatch.setattr(purging, "_waits_for_another", lambda *_: True)
    counterexample = examine(SCENARIOS["two purgers"]).counterexample
    assert counterexample is not None
    assert counterexample.wrong.startswith("edge 0 is never told of")
