"""Which servers does a measurement start? Gunicorn and Redis, each out of everybody's way."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.machine import ROOT, pin
from benchmarks.processes import only_child

HIT: Final = "readpath; hit"
LIST: Final = "/api/v1/posts/"
# How the service is served, and how one would serve Django alone: no number of threads answered more.
CONFIGURATION: Final = ("-c", "settings/gunicorn.py")
GTHREAD: Final = (
    *("--worker-class", "gthread", "--http-parser", "fast", "--keep-alive", "75", "--log-level", "warning"),
    *("--threads", "16"),
    "django.core.wsgi:get_wsgi_application()",
)
STARTS_WITHIN: Final = 60.0  # Seconds.
_STOPS_WITHIN: Final = 20.0
_OURS: Final = ("READPATH_", "DATABASE_", "REDIS_", "DJANGO_")


def environment_with(**variables: str) -> dict[str, str]:
    """Return this process's environment with nothing of the service's but what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**inherited, **variables}


def manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a management command to its end; return what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


class _Process:
    """A program that runs while the block does; its output goes to a log file."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        core: int | None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self._command, self._environment, self._core = command, environment, core
        self._descriptors = descriptors
        self.log = log

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                pass_fds=self._descriptors,
            )
        pin(self.process.pid, self._core)
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self._command[0]} did not start:\n{self.log.read_text()}")
            time.sleep(0.05)
        return self

    def is_ready(self) -> bool:
        """Tell whether the program can do its work by now."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the program and wait until it is gone."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Gunicorn(_Process):
    """A gunicorn with one worker, on a port that the kernel chose."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, log: Path, core: int | None = None
    ) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        descriptor = self._socket.fileno()
        command = [sys.executable, "-m", "gunicorn", "-b", f"fd://{descriptor}", *arguments]
        super().__init__(command, environment, log, core, [descriptor])
        self.port: int = self._socket.getsockname()[1]

    @property
    def worker(self) -> int:
        """The process that answers."""
        return only_child(self.process.pid)

    def url(self, path: str) -> str:
        """Return the address of a path on this server."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path: str, *, method: str = "GET", **fields: str) -> tuple[HTTPResponse, bytes]:
        """Send one request over a connection of its own; return the response and its body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=STARTS_WITHIN)
        try:
            connection.request(
                method, path, headers={name.replace("_", "-"): value for name, value in fields.items()}
            )
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def wait_for_hits(self, path: str, status: str = HIT) -> bytes:
        """Return what the server answers from memory (or as `status` says), once it does."""
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            response, body = self.ask(path)
            found = response.headers["cache-status"]
            if found == status:
                return body
            if time.monotonic() > deadline:
                raise RuntimeError(f"need {status!r} of {path}, got {found!r} for {STARTS_WITHIN:.0f} s")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Tell whether a worker answers anything at all."""
        try:
            self.ask("/healthz/live")
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Stop the server and give its port back."""
        super().stop()
        self._socket.close()


class Redis(_Process):
    """A Redis that keeps nothing on disk, behind a socket in a directory."""

    def __init__(self, directory: Path, *, core: int | None = None) -> None:
        self.socket = directory / "redis.sock"
        command = [
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        super().__init__(command, os.environ, directory / "redis.log", core)

    @staticmethod
    def is_installed() -> bool:
        """Tell whether there is one to start."""
        return shutil.which("redis-server") is not None

    def is_ready(self) -> bool:
        """Tell whether it accepts connections."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0
