"""P1 and P2 of the real thing: many clients read and write for a minute, and no read is stale.

`python -m tests.oracle --help` runs the same for as long as you like.
"""

from __future__ import annotations

import pytest

from tests import fleet
from tests.oracle import report
from tests.oracle.guards import GUARDS
from tests.oracle.run import Options, run

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="Redis or PostgreSQL is not installed")


def test_no_read_of_four_workers_is_older_than_an_acknowledged_write() -> None:
    result = run(Options(seconds=60))
    assert not report.verdict(result), f"{report.table(result)}\n{report.evidence(result)}"
    assert result.tally.total().reads > 10_000, report.table(result)
    assert result.tally.total().writes > 200, report.table(result)


def test_no_read_of_one_worker_alone_is_older_than_an_acknowledged_write() -> None:
    # Few writers: SQLite lets one write at a time, and does not make them queue.
    result = run(Options(seconds=8, workers=0, writers=4, writes_per_second=20))
    assert not report.verdict(result), f"{report.table(result)}\n{report.evidence(result)}"
    assert result.tally.total().reads > 1_000, report.table(result)


def test_no_read_is_stale_when_every_race_takes_longer() -> None:
    """What `test_guards` does to provoke stale reads does no harm while all guards are there."""
    options = Options(
        seconds=12,
        posts=3,
        application="tests.oracle.broken:application",
        environment={"ORACLE_PROVOKED": "\n".join(GUARDS)},
    )
    result = run(options)
    assert not report.verdict(result), f"{report.table(result)}\n{report.evidence(result)}"
