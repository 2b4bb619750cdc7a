"""Programs of the tests that need a Django of their own: other settings, and Silk installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import migrated
from tests.processes import ROOT, environment

_WITHIN = 120.0  # Seconds.
Told = Callable[..., Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Return a function that runs a module beside a database of its own; what it prints last is JSON."""

    def run(module: str, **variables: str) -> Any:
        directory = tmp_path_factory.mktemp("silk")
        database = directory / "content.sqlite3"
        shutil.copy(migrated.sqlite(), database)
        done = subprocess.run(
            [sys.executable, "-m", f"tests.profiling.{module}", str(directory)],
            cwd=ROOT,
            env=environment(
                DATABASE_URL=f"sqlite:///{database}",
                PROFILE_SILK=str(directory / "silk.sqlite3"),
                **variables,
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_WITHIN,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(Path(directory, "told.json").read_text())

    return run
