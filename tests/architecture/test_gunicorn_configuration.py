"""Without Redis one worker serves, and whoever asks for more is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _printed(**environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"WORKERS", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "settings/gunicorn.py", "--print-config"],
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "settings.testing", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def _workers(done: subprocess.CompletedProcess[str]) -> int:
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("workers "))
    return int(line.partition("=")[2])


def test_more_workers_than_one_are_refused_with_the_reason() -> None:
    done = _printed(WORKERS="4")
    assert _workers(done) == 1
    assert "WORKERS=4 needs REDIS_URL" in done.stderr


def test_one_worker_is_nothing_to_talk_about() -> None:
    done = _printed()
    assert _workers(done) == 1
    assert "REDIS_URL" not in done.stderr
