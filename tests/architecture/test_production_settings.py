"""A public machine does not start with anything insecure left to a default."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres, redis

ROOT = Path(__file__).resolve().parents[2]
SECURE = {"SECRET_KEY": secrets.token_urlsafe(50), "ALLOWED_HOSTS": "api.example.com"}
OURS = ("READPATH_", "REDIS_", "DATABASE_", "SECURE_")
PASSWORD = "s3cret-p%40ssword"


def _manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if name not in SECURE and not name.startswith(OURS)
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "settings.production", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _check(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    database = {"DATABASE_URL": f"sqlite:///{directory / 'production.sqlite3'}"}
    return _manage("check", "--deploy", "--fail-level", "WARNING", *arguments, **{**database, **environment})


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param({}, id="one machine"),
        pytest.param({"REDIS_URL": f"rediss://app:{PASSWORD}@redis.example:6380/0"}, id="Redis over TLS"),
        pytest.param(
            {
                "REDIS_URL": f"rediss://:{PASSWORD}@posts-master/0",
                "REDIS_SENTINELS": "a.example:26379,b.example:26379,c.example:26379",
                "REDIS_SENTINEL_PASSWORD": PASSWORD,
            },
            id="Sentinels",
        ),
        pytest.param({"REDIS_URL": "unix:///run/redis.sock?db=1"}, id="Redis by a socket"),
        pytest.param({"REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:6379"}, id="Redis on this machine"),
        pytest.param(
            {"REDIS_URL": f"redis://:{PASSWORD}@redis:6379", "REDIS_IN_TRUSTED_NETWORK": "on"},
            id="Redis in a network that is trusted",
        ),
        pytest.param(
            {"READPATH_EDGES": "near=varnish://10.0.0.5:6081", "READPATH_TRUSTED_PROXIES": "1"},
            id="an edge without a token",
        ),
        pytest.param(
            {
                "READPATH_EDGES": "near=varnishs://10.0.0.5",
                "READPATH_PURGE_TOKEN": PASSWORD,
                "READPATH_TRUSTED_PROXIES": "1",
            },
            id="an edge over TLS",
        ),
        pytest.param(
            {
                "READPATH_EDGES": "near=purge://10.0.0.5",
                "READPATH_PURGE_TOKEN": PASSWORD,
                "READPATH_EDGES_IN_TRUSTED_NETWORK": "on",
                "READPATH_TRUSTED_PROXIES": "2",
            },
            id="an edge in a network that is trusted",
        ),
    ],
)
def test_secure_settings_pass_every_check(addresses: dict[str, str], tmp_path: Path) -> None:
    done = _check(tmp_path, **SECURE, **addresses)
    assert done.returncode == 0, done.stderr
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed")
@pytest.mark.skipif(not redis.is_installed(), reason="redis-server is not installed")
def test_a_migrated_postgresql_and_a_redis_pass_every_check(tmp_path: Path) -> None:
    with postgres.running_postgres() as cluster, redis.running_redis() as server:
        reached = {**SECURE, "DATABASE_URL": cluster.url, "REDIS_URL": server.url}
        migrated = _manage("migrate", "--verbosity", "0", **reached)
        assert migrated.returncode == 0, migrated.stderr
        done = _check(tmp_path, "--database", "default", **reached)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        pytest.param({"ALLOWED_HOSTS": "api.example.com"}, "SECRET_KEY", id="no secret"),
        pytest.param({**SECURE, "SECRET_KEY": "short"}, "SECRET_KEY", id="a short secret"),
        pytest.param({"SECRET_KEY": SECURE["SECRET_KEY"]}, "ALLOWED_HOSTS", id="no hosts"),
        pytest.param({**SECURE, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS", id="any host"),
        pytest.param(
            {**SECURE, "REDIS_URL": f"redis://:{PASSWORD}@redis.example/0"},
            "rediss://",
            id="Redis over a network in the clear",
        ),
        pytest.param(
            {**SECURE, "REDIS_URL": "redis://posts-master/0", "REDIS_SENTINELS": "localhost:26379"},
            "rediss://",
            id="a master anywhere in the clear",
        ),
        pytest.param(
            {**SECURE, "READPATH_EDGES": "near=varnish://10.0.0.5", "READPATH_PURGE_TOKEN": PASSWORD},
            "varnishs://",
            id="a purge token over a network in the clear",
        ),
    ],
)
def test_insecure_settings_are_refused_in_one_line(
    environment: dict[str, str], named: str, tmp_path: Path
) -> None:
    done = _check(tmp_path, **environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
    assert "s3cret" not in done.stderr


def test_that_all_clients_of_an_edge_would_count_as_one_is_found_by_check(tmp_path: Path) -> None:
    done = _check(tmp_path, **SECURE, READPATH_EDGES="near=varnish://10.0.0.5")
    assert done.returncode == 1
    assert "READPATH_TRUSTED_PROXIES is 0" in done.stderr


def test_edges_that_cannot_be_are_found_by_check(tmp_path: Path) -> None:
    done = _check(tmp_path, **SECURE, READPATH_EDGES="near=gopher://10.0.0.5")
    assert done.returncode == 1
    assert "READPATH_EDGES: near needs an address that begins with one of varnish://" in done.stderr
