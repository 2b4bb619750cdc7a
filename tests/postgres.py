"""A PostgreSQL of the tests' own: started where its programs are installed, gone afterwards.

It listens on a UNIX socket in a directory of its own, so no port is taken and nobody else can
reach it. `initdb` refuses to run as root; there the cluster belongs to `postgres` or `nobody`.
It can be stopped and started again in the middle of a test, with its content.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import psycopg

PATIENCE = 60.0  # Seconds.
_PAUSE = 0.02  # Seconds between two attempts to connect.
USER = "readpath"

# Nothing has to outlive the machine, so nothing waits for the disk. But what was committed has
# to outlive a crash of the server, so a commit does hand its record to the kernel.
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "150",
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


class Cluster:
    """One PostgreSQL server; its database `postgres` is empty at first."""

    def __init__(self, directory: Path, home: Path, account: dict[str, Any], **options: str) -> None:
        self.home = home
        self._programs = directory
        self._account = account
        self._options = {**_OPTIONS, **options}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """How Django connects to it."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(self.home),
            "USER": USER,
            "NAME": "postgres",
        }

    @property
    def connecting(self) -> dict[str, str]:
        """How psycopg connects to it."""
        return {"host": str(self.home), "user": USER, "dbname": "postgres"}

    @property
    def url(self) -> str:
        """Where it listens, as `DATABASE_URL` says it."""
        return f"postgres://{USER}@/postgres?host={self.home}"

    @property
    def target(self) -> str:
        """Where it listens, as a proxy is told."""
        return f"{self.home}/.s.PGSQL.5432"

    def connect(self) -> psycopg.Connection[Any]:
        """Return a new connection that commits each statement; close it when done."""
        return psycopg.connect(**self.connecting, autocommit=True)

    def start(self) -> None:
        """Start the server on what it held when it was stopped, and wait until it answers."""
        options = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.home / "data", "-k", self.home, *options],
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests; they stop PostgreSQL themselves.
                **self._account,
            )
        self._wait_until_ready()

    def stop(self, sent: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its sessions first, SIGQUIT is a crash, from which it recovers."""
        assert self._process is not None, "PostgreSQL is not running"
        self._process.send_signal(sent)
        self._process.wait(PATIENCE)
        self._process = None

    def terminate_connections(self) -> int:
        """End every session but our own; return how many there were."""
        with self.connect() as connection:
            ended = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
        assert ended is not None
        return int(ended[0])

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        for _ in range(int(PATIENCE / _PAUSE)):
            assert self._process.poll() is None, f"PostgreSQL ended: {(self.home / 'log').read_text()}"
            try:
                self.connect().close()
            except psycopg.OperationalError:
                try:
                    self._process.wait(_PAUSE)
                except subprocess.TimeoutExpired:
                    continue
            else:
                return
        raise AssertionError(f"PostgreSQL does not answer: {(self.home / 'log').read_text()}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop()


@contextmanager
def running_postgres(data: Path | None = None, **options: str) -> Iterator[Cluster]:
    """Yield a cluster on a copy of `data`, or a new one; options are those of `postgresql.conf`."""
    directory = programs()
    assert directory is not None, "ask programs() first"
    account = _unprivileged()
    data = data or _initialised()
    home = _home(account)
    try:
        _run(["cp", "-a", data, home / "data"], home, account)
        with Cluster(directory, home, account, **options) as cluster:
            yield cluster
    finally:
        shutil.rmtree(home)


@contextmanager
def running_cluster(data: Path | None = None) -> Iterator[dict[str, Any]]:
    """Yield how Django connects to such a cluster; its database is `postgres`."""
    with running_postgres(data) as cluster:
        yield cluster.settings


def kept_data(fill: Callable[[Cluster], None]) -> Path:
    """Return a data directory that lasts as long as this process, as `fill` has left it."""
    with running_postgres() as cluster:
        fill(cluster)
        cluster.stop()  # Orderly: whoever starts on a copy has nothing to recover.
        home = _home(_unprivileged())
        atexit.register(shutil.rmtree, home)
        (cluster.home / "data").rename(home / "data")
    return home / "data"


@cache
def _initialised() -> Path:
    """Return a data directory as `initdb` makes it."""
    directory = programs()
    assert directory is not None, "ask programs() first"
    account = _unprivileged()
    home = _home(account)
    atexit.register(shutil.rmtree, home)
    command = [directory / "initdb", "--pgdata", home / "data", "--username", USER, "--auth", "trust"]
    _run([*command, "--encoding", "UTF8", "--no-locale", "--no-sync"], home, account)
    return home / "data"


def _home(account: dict[str, Any]) -> Path:
    home = Path(tempfile.mkdtemp(prefix="readpath-postgres-"))
    if account:
        os.chown(home, account["user"], account["group"])
    return home


def _run(command: list[str | Path], directory: Path, account: dict[str, Any]) -> None:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False, **account
    )
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr}"
