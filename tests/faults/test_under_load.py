"""Whatever breaks: no read is stale, every error is one that the fault allows, and all comes round.

Each day another few of the faults that can share a fleet have their turn (`FAULTS_SEED` repeats a
day); `python -m tests.oracle --faults all` causes all there are and prints a table.
"""

from __future__ import annotations

import datetime as dt
import os
import random

import pytest

from tests import fleet
from tests.oracle import report
from tests.oracle.fault import catalogue, fleets, named
from tests.oracle.run import Options, run

pytestmark = pytest.mark.skipif(not fleet.is_possible(), reason="needs Redis and PostgreSQL")

SEED = int(os.environ.get("FAULTS_SEED", dt.datetime.now(tz=dt.UTC).toordinal()))
AT_A_TIME = 3


def test_no_fault_of_today_makes_a_read_stale() -> None:
    plain, *_ = fleets(named(sorted(catalogue())))
    chosen = random.Random(SEED).sample(plain, AT_A_TIME)
    result = run(
        Options(
            seconds=5,
            seed=SEED,
            reads_per_second=1_000,
            writes_per_second=30,
            # On a machine that is busy with tests, Redis must not seem to be away now and then.
            environment={"READPATH_REDIS_TIMEOUT": "0.5"},
        ),
        chosen,
    )
    told = f"FAULTS_SEED={SEED}\n{report.table(result)}\n{report.evidence(result)}"
    assert not report.verdict(result), told
    assert len(result.incidents) == AT_A_TIME, told
