"""Without Redis one worker serves, and whoever asks for more is told; with it, each worker takes part."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from caching.shared import keys
from tests.redis import is_installed, running_redis
from tests.server import running_server

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = {"WORKERS", "REDIS_URL", "KEEPALIVE", "MAX_REQUESTS"}


def _printed(**environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "settings/gunicorn.py", "--print-config"],
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "settings.testing", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _workers(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stderr
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


def test_with_redis_as_many_workers_serve_as_were_asked_for() -> None:
    done = _printed(WORKERS="4", REDIS_URL="redis://:s3cret@127.0.0.1:6379/0")
    assert _workers(done) == 4
    assert "REDIS_URL" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variable", "text", "least"),
    [("WORKERS", "many", 1), ("WORKERS", "0", 1), ("KEEPALIVE", "1.5", 1), ("MAX_REQUESTS", "-1", 0)],
)
def test_what_is_no_number_is_refused_in_one_line(variable: str, text: str, least: int) -> None:
    done = _printed(**{variable: text})
    assert done.returncode == 1
    assert done.stderr == f"readpath: {variable} needs a whole number of at least {least}, got {text!r}\n"


@pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")
def test_each_worker_holds_a_lease_while_it_serves_and_none_afterwards() -> None:
    with (
        running_redis() as shared,
        shared.client() as direct,
        running_server(WORKERS="3", REDIS_URL=shared.url, READPATH_REDIS_TIMEOUT="0.5") as server,
    ):
        server.wait_for_workers()  # Who serves has begun, and ends in order.
        assert len(_leases(direct)) == 3
        server.stop()
        assert not _leases(direct)


def _leases(direct: Redis) -> set[bytes]:
    """Return who takes part; a new history begins with one that is nobody (`w:~`)."""
    fields = direct.hkeys(keys.STATE)
    return {field for field in fields if field.startswith(b"w:") and not field.startswith(b"w:~")}
