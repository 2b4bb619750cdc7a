"""A public machine does not start with anything insecure left to a default."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECURE = {"SECRET_KEY": secrets.token_urlsafe(50), "ALLOWED_HOSTS": "api.example.com"}


def _check(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in SECURE}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={
            **inherited,
            "DJANGO_SETTINGS_MODULE": "settings.production",
            "DATABASE_URL": f"sqlite:///{directory / 'production.sqlite3'}",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_secure_settings_pass_every_check(tmp_path: Path) -> None:
    done = _check(tmp_path, **SECURE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        pytest.param({"ALLOWED_HOSTS": "api.example.com"}, "SECRET_KEY", id="no secret"),
        pytest.param({**SECURE, "SECRET_KEY": "short"}, "SECRET_KEY", id="a short secret"),
        pytest.param({"SECRET_KEY": SECURE["SECRET_KEY"]}, "ALLOWED_HOSTS", id="no hosts"),
        pytest.param({**SECURE, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS", id="any host"),
    ],
)
def test_insecure_settings_are_refused_in_one_line(
    environment: dict[str, str], named: str, tmp_path: Path
) -> None:
    done = _check(tmp_path, **environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
