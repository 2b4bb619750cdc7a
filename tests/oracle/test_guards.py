"""The oracle finds what it looks for: without any one of the guards, reads are stale, and it says so."""

from __future__ import annotations

import pytest

from tests import fleet
from tests.oracle import report
from tests.oracle.fault import named
from tests.oracle.guards import GUARDS
from tests.oracle.run import Options, run

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="Redis or PostgreSQL is not installed")

_LONGEST = 120.0  # Seconds of load; most are caught within one.


@pytest.mark.parametrize("name", GUARDS)
def test_a_missing_guard_is_caught(name: str) -> None:
    guard = GUARDS[name]
    result = run(
        Options(
            seconds=_LONGEST,
            workers=0 if guard.is_alone else 4,
            # A fault leaves writes of a stopped worker in the way of others: more posts then.
            posts=9 if guard.faults else 3,
            readers=8 if guard.faults else 24,
            slow=200 if guard.faults else 8,
            # As many writes as the machine has time for, but so few writers that it has time for
            # reads, too: who writes over something stale before it was read has hidden it.
            writers=16 if guard.faults else 4,
            writes_per_second=200,
            raw_per_second=0,
            stops_at_violation=True,
            application="tests.oracle.broken:application",
            # On a machine that is busy with tests, Redis must not seem to be away now and then.
            environment={"ORACLE_WITHOUT": name, "ORACLE_PROVOKED": name, "READPATH_REDIS_TIMEOUT": "0.5"},
        ),
        named(guard.faults * 6),
    )
    assert result.tally.total().violations["stale"], f"not caught:\n{report.table(result)}"
    assert "of worker" in report.evidence(result)
