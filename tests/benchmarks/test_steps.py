"""Each step that is measured alone does what it is there for, here without being timed."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks import content, steps
from benchmarks.machine import ROOT

POSTS = 60  # Three pages: one of them is in the middle.


def test_every_step_does_what_it_is_there_for(tmp_path):
    database = f"sqlite:///{tmp_path}/posts.sqlite3"
    content.fill_if_empty(database, POSTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks/inprocess", "--benchmark-disable", "--quiet"],
        cwd=ROOT,
        env={**os.environ, steps.DATABASE_URL: database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
