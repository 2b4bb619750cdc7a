"""A PostgreSQL of the tests' own: started where its programs are installed, gone afterwards.

It listens on a UNIX socket in a directory of its own, so no port is taken and nobody else can
reach it. `initdb` refuses to run as root; there the cluster belongs to `postgres` or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

PATIENCE = 30.0  # Seconds.
USER = "readpath"

# Nothing has to outlive the tests, so nothing waits for the disk.
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "50",
    "timezone": "UTC",
}


def programs() -> Path | None:
    """Return the directory of the newest PostgreSQL on this machine, None if there is none."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3].split(".")[0])
    )
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("postgres") else None


def _unprivileged() -> dict[str, Any]:
    """Return as whom to run the programs, in the words of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = known.get("postgres") or known["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def running_cluster() -> Iterator[dict[str, Any]]:
    """Yield how Django connects to a new cluster; its database `postgres` is empty."""
    directory = programs()
    assert directory is not None, "ask programs() first"
    account = _unprivileged()
    home = Path(tempfile.mkdtemp(prefix="readpath-postgres-"))
    try:
        if account:
            os.chown(home, account["user"], account["group"])
        _initialise(directory, home, account)
        server = _start(directory, home, account)
        try:
            connecting = {"host": str(home), "user": USER, "dbname": "postgres"}
            _wait_until_ready(connecting, server, home)
            yield {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": str(home),
                "USER": USER,
                "NAME": "postgres",
            }
        finally:
            server.send_signal(signal.SIGINT)  # Ends open sessions, and the server.
            server.wait(PATIENCE)
    finally:
        shutil.rmtree(home)


def _initialise(directory: Path, home: Path, account: dict[str, Any]) -> None:
    command = [directory / "initdb", "--pgdata", home / "data", "--username", USER, "--auth", "trust"]
    done = subprocess.run(
        [*command, "--encoding", "UTF8", "--no-locale", "--no-sync"],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **account,
    )
    assert done.returncode == 0, f"initdb failed: {done.stderr}"


def _start(directory: Path, home: Path, account: dict[str, Any]) -> subprocess.Popen[bytes]:
    options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [directory / "postgres", "-D", home / "data", "-k", home, *options],
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
            **account,
        )


def _wait_until_ready(connecting: dict[str, Any], server: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(int(PATIENCE / 0.1)):
        assert server.poll() is None, f"PostgreSQL ended: {(home / 'log').read_text()}"
        try:
            psycopg.connect(**connecting).close()
        except psycopg.OperationalError:
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
    raise AssertionError(f"PostgreSQL does not answer: {(home / 'log').read_text()}")
