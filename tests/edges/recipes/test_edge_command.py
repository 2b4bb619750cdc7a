"""`make edge` serves behind Varnish, shows what to try, and leaves nothing behind.

What it prints is tried here as it stands: a write is visible through the edge on the next read.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests import migrated, processes
from tests.edges.proxies import Varnish
from tests.edges.recipes.said import status_of
from tests.redis import free_port

_COMMAND = ["sh", "deploy/edge.sh"]


def environment(directory: Path, **changes: str) -> dict[str, str]:
    """Return what `make` tells, for a database in this directory."""
    told = {
        "DATABASE_URL": f"sqlite:///{directory}/edge.sqlite3",
        "TMPDIR": str(directory),
        "BIN": str(Path(sys.executable).parent),
        "PORT": str(free_port()),
        "EDGE_PORT": str(free_port()),
    }
    return processes.environment(**{**told, **changes})


def test_a_write_is_visible_through_the_edge_on_the_next_read(tmp_path):
    if not Varnish.is_installed():
        pytest.skip(f"{Varnish.needs} is not installed here")
    told = environment(tmp_path)
    shutil.copy(migrated.sqlite(), tmp_path / "edge.sqlite3")
    fill = [sys.executable, "manage.py", "fill", "--posts", "3"]
    subprocess.run(fill, cwd=processes.ROOT, env=told, check=True, capture_output=True)
    with subprocess.Popen(
        _COMMAND,
        cwd=processes.ROOT,
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            shown = "".join(iter(process.stdout.readline, "\n")) + "".join(
                iter(process.stdout.readline, "\n")
            )
            (read, again) = re.findall(r"curl -si '(.*)'", shown)
            (token, body, write) = re.findall(
                r"'Authorization: (.*?)' .* -d '(.*)' (\S*)$", shown, re.MULTILINE
            )[0]
            assert read == again
            httpx.get(read)
            assert status_of(httpx.get(read)).startswith("Varnish; hit")
            fields = {"Authorization": token, "Content-Type": "application/json"}
            assert httpx.patch(write, headers=fields, content=body).status_code == 200
            assert httpx.get(again).json()["title"] == "Seen at once"
        finally:
            # As Ctrl-C does: everybody in the foreground hears it.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=30)
    assert process.returncode == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("readpath-edge")] == []
    with closing(sqlite3.connect(tmp_path / "edge.sqlite3")) as database:
        assert database.execute(
            "SELECT count(*) FROM auth_user WHERE username = 'edge-trial'"
        ).fetchone() == (0,)
    for name in ("PORT", "EDGE_PORT"):
        with socket.socket() as caller:
            assert caller.connect_ex(("127.0.0.1", int(told[name]))) != 0


@pytest.mark.parametrize("edge_port", ["http", "", "0", "65536", "the service's"])
def test_a_bad_port_is_refused_in_one_line(tmp_path, edge_port):
    told = environment(tmp_path, BIN="/nowhere")
    told["EDGE_PORT"] = told["PORT"] if edge_port == "the service's" else edge_port or " "
    done = subprocess.run(_COMMAND, cwd=processes.ROOT, env=told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
