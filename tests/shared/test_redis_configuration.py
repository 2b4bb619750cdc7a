"""With `deploy/redis.conf` as it is, several workers do all that they do, and may do no more."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from caching.shared import keys
from tests.redis import PATIENCE, is_installed, wait_until
from tests.server import ROOT, running_server

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

CONFIGURATION = ROOT / "deploy" / "redis.conf"
WHO = "readpath:change-me"
READ = "/api/v1/categories/1/"


@contextmanager
def deployed() -> Iterator[str]:
    """Run Redis as it would be deployed, but on a socket of our own; yield its address."""
    with tempfile.TemporaryDirectory(prefix="readpath-redis-") as directory:
        path, log = Path(directory) / "redis.sock", Path(directory) / "log"
        where = ["--port", "0", "--unixsocket", str(path), "--dir", directory, "--maxmemory", "50mb"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["redis-server", CONFIGURATION, *where], stdout=output, stderr=output, start_new_session=True
            )
        try:
            wait_until(lambda: _listens(path), "Redis does not start", log)
            yield f"unix://{WHO}@{path}"
        finally:
            process.kill()
            process.wait(PATIENCE)


def test_workers_need_no_more_than_its_user_may_do() -> None:
    with (
        deployed() as url,
        redis.Redis.from_url(url) as direct,
        # "Out of reach" has to mean that something was refused, not that the machine is busy.
        running_server(REDIS_URL=url, WORKERS="2", READPATH_REDIS_TIMEOUT="0.5") as server,
    ):
        server.wait_for_workers()
        assert _workers(direct) == 2
        server.python(
            "from api.models import Category; Category.objects.create(pk=1, name='One', slug='one')"
        )
        wait_until(lambda: _reads(server.url) == "One", "the category does not appear", server.log)
        server.python("from api.models import Category; Category.objects.update(name='Two')")
        wait_until(lambda: _reads(server.url) == "Two", "the change does not appear", server.log)
        # Refused, but counted by the throttle, which Django's cache keeps.
        assert httpx.post(f"{server.url}/api/v1/posts/", json={}, timeout=PATIENCE).status_code == 401
        server.manage("invalidate", "--all")
        log = server.log.read_text()
    assert "NOPERM" not in log
    assert "out of reach" not in log


@pytest.mark.parametrize(
    "command", ["FLUSHALL", "KEYS *", "CONFIG GET dir", "GET elsewhere", "SHUTDOWN", "ACL LIST"]
)
def test_its_user_may_do_nothing_to_the_rest(command: str) -> None:
    with (
        deployed() as url,
        redis.Redis.from_url(url) as direct,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        direct.execute_command(*command.split())


def test_whoever_gives_no_password_may_do_nothing() -> None:
    with (
        deployed() as url,
        redis.Redis.from_url(url.replace(f"{WHO}@", "")) as stranger,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        stranger.get(keys.STATE)


def _listens(path: Path) -> bool:
    # The file is there before anybody may connect.
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def _workers(direct: redis.Redis) -> int:
    return sum(field.startswith(b"w:") and not field.startswith(b"w:~") for field in direct.hkeys(keys.STATE))


def _reads(url: str) -> str | None:
    return httpx.get(f"{url}{READ}", timeout=PATIENCE).json().get("name")
