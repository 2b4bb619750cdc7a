"""The protocol of coherence serves no stale read, and each of its guards is needed for that.

Exhaustive within each scenario's budget: every order in which its steps can be taken.
"""

from __future__ import annotations

import pytest

from tests.coherence.guards import Guard
from tests.coherence.model import examine
from tests.coherence.scenarios import REVEALED_BY, SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_read_is_older_than_an_acknowledged_write(name):
    """Nor is anything outdated left when all is quiet."""
    scenario = SCENARIOS[name]
    exploration = examine(scenario)
    assert exploration.counterexample is None, f"\n{exploration.counterexample}"
    assert exploration.states >= scenario.at_least, "the scenario has become smaller than it was meant to be"


@pytest.mark.parametrize("guard", Guard, ids=lambda guard: guard.name)
def test_without_this_guard_a_read_can_be_stale(guard):
    """The guard is no ornament, and the exploration would notice if the protocol lost it."""
    exploration = examine(SCENARIOS[REVEALED_BY[guard]], guard)
    assert exploration.counterexample is not None, f"nothing goes wrong without: {guard.value}"


def test_a_counterexample_tells_how_it_came_about():
    counterexample = examine(SCENARIOS[REVEALED_BY[Guard.WAITING]], Guard.WAITING).counterexample
    first, *_, last = str(counterexample).splitlines()
    assert first == "  1. write 1 commits"
    assert last == "  => worker 0's L1 answers value 0 after write 1 was acknowledged"
