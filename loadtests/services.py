"""What may stand behind the workers? A PostgreSQL and a Redis, started here and gone afterwards.

Each listens on a UNIX socket in a directory of its own, so no port is taken. `initdb` refuses to
run as root; there the cluster belongs to `postgres` or `nobody`. As on a real machine a commit
waits for the disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PATIENCE: Final = 60.0  # Seconds.
# A worker of gunicorn that is still starting does not hear that it is to stop.
_STOPS_WITHIN: Final = 10.0
_LOOK: Final = 0.05
_USER: Final = "readpath"


class MissingError(Exception):
    """Something that the run needs is not there, or does not start."""


@dataclass(frozen=True, slots=True)
class Services:
    """Where PostgreSQL and Redis are."""

    database_url: str
    redis_socket: Path

    @property
    def environment(self) -> dict[str, str]:
        """How a server is told of them."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": f"unix://{self.redis_socket}"}

    def forget(self) -> None:
        """Empty Redis: who starts next finds nothing there."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.redis_socket))
            connection.sendall(b"FLUSHALL\r\n")
            if not connection.recv(64).startswith(b"+OK"):
                raise MissingError("Redis refused to forget")


@contextmanager
def running_services() -> Iterator[Services]:
    """Yield an empty PostgreSQL and an empty Redis."""
    programs = _postgres_programs()
    redis = shutil.which("redis-server")
    if programs is None or redis is None:
        raise MissingError("--stack full needs PostgreSQL and redis-server, which are not both installed")
    with ExitStack() as stack:
        # Not in var/: the path of a UNIX socket may have 107 bytes.
        home = Path(stack.enter_context(_directory(_account())))
        stack.enter_context(_postgres(programs, home))
        redis_socket = stack.enter_context(_redis(redis))
        yield Services(f"postgres://{_USER}@/postgres?host={home}", redis_socket)


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, is_ready: Callable[[], bool], **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block does; Ctrl-C is for us, who stop it."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - commands of our own making.
            command, stdout=output, stderr=output, start_new_session=True, **options
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise MissingError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(_LOOK)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a program and what it has started, and wait until it is gone."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _postgres(programs: Path, home: Path) -> Iterator[None]:
    account = _account()
    data = home / "data"
    subprocess.run(  # noqa: S603
        [programs / "initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "-U", _USER, "-D", data],
        cwd=home,
        check=True,
        stdout=subprocess.DEVNULL,
        **account,
    )
    command = [programs / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "timezone=UTC"]
    ready = [programs / "pg_isready", "-q", "-h", home]
    with running(
        command,
        home / "log",
        lambda: subprocess.run(ready, check=False).returncode == 0,  # noqa: S603
        cwd=home,
        **account,
    ):
        yield


@contextmanager
def _redis(program: str) -> Iterator[Path]:
    with _directory({}) as directory:
        address = Path(directory) / "redis.sock"
        options = {"port": "0", "unixsocket": str(address), "save": "", "appendonly": "no"}
        command = [program, *(part for name, value in options.items() for part in (f"--{name}", value))]

        def is_ready() -> bool:
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(str(address)) == 0

        with running(command, Path(directory) / "log", is_ready):
            yield address


@contextmanager
def _directory(account: dict[str, Any]) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="readpath-load-") as directory:
        if account:
            os.chown(directory, account["user"], account["group"])
        yield directory


def _postgres_programs() -> Path | None:
    """Return where the programs of the newest PostgreSQL are, None if there is none."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    versions = sorted(installed, key=lambda found: int(found.parts[-3].split(".")[0]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _account() -> dict[str, Any]:
    """Return as whom to run PostgreSQL, in the words of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = known.get("postgres") or known["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
