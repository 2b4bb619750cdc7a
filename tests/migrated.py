"""What does a migrated, empty database look like? Made once by each process that tests, then copied.

To migrate takes a second of one core, to copy what came of it a few milliseconds, and most
servers of the tests want a database of their own.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests import postgres
from tests.processes import ROOT, environment

_WITHIN = 120.0  # Seconds.


@cache
def sqlite() -> Path:
    """Return a SQLite file as `migrate` leaves it, to be copied."""
    path = Path(tempfile.mkdtemp(prefix="readpath-migrated-")) / "readpath.sqlite3"
    atexit.register(shutil.rmtree, path.parent)
    _migrate(f"sqlite:///{path}")
    return path


@cache
def postgresql() -> Path:
    """Return PostgreSQL's data directory as `migrate` and an orderly stop leave it, to be copied."""
    return postgres.kept_data(lambda cluster: _migrate(cluster.url))


def _migrate(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
        timeout=_WITHIN,
    )
    assert done.returncode == 0, f"migrate failed: {done.stdout}{done.stderr}"
