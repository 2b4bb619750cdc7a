"""The oracle finds what it looks for: without any one of the guards, reads are stale, and it says so."""

from __future__ import annotations

import pytest

from tests import fleet
from tests.oracle import report
from tests.oracle.breaking import faults_without, kinds_without, options_without
from tests.oracle.guards import GUARDS
from tests.oracle.run import run

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="Redis or PostgreSQL is not installed")


# Without the others, pages are torn, some seconds later: `python -m tests.oracle --without NAME`.
@pytest.mark.parametrize("name", [name for name, guard in GUARDS.items() if not guard.tears])
def test_a_missing_guard_is_caught(name: str) -> None:
    result = run(options_without(name), faults_without(name))
    caught = result.tally.total().violations
    assert any(caught[kind] for kind in kinds_without(name)), f"not caught:\n{report.table(result)}"
    assert "of worker" in report.evidence(result)
