"""A real gunicorn in front of a database of its own, started by the test that needs it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests import migrated, processes
from tests.processes import ROOT
from tests.workers import STARTS_WITHIN, Workers

STOPS_WITHIN = 20.0  # Seconds; then it is killed.


class Server(Workers):
    """Gunicorn with our own configuration file, on a port that the kernel chose."""

    def __init__(self, directory: Path, *, application: str = "", **environment: str) -> None:
        """Serve `application`: our own, or another's `module:name` after options of gunicorn's."""
        self.directory = directory
        self.application = application
        self.database = directory / "test.sqlite3"
        told = {
            "DATABASE_URL": f"sqlite:///{self.database}",
            "READPATH_BUILD_RATE": "0",
            "READPATH_WRITE_RATE": "100000/min",
        }
        self.environment = processes.environment(**{**told, **environment})
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(512)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.size = int(self.environment.get("WORKERS", "1"))

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a management command against the server's database; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if check and done.returncode:
            raise AssertionError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def python(self, code: str) -> str:
        """Run Python code with Django set up, in another process: a writer of somebody else's."""
        return self.manage("shell", "-v", "0", "-c", code)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def start(self) -> None:
        """Start gunicorn and wait until it answers."""
        descriptor = self._socket.fileno()
        self.log = self.directory / "gunicorn.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "-c", "settings/gunicorn.py"),
                    *("-b", f"fd://{descriptor}"),
                    *shlex.split(self.application),
                ],
                cwd=ROOT,
                env=self.environment,
                pass_fds=[descriptor],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/healthz/live", timeout=1.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
        raise AssertionError(f"gunicorn did not start:\n{self.log.read_text()}")

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> None:
        """Stop gunicorn and wait until it is gone."""
        if self.process is None:
            return
        if sent is signal.SIGKILL:
            self._kill()
        else:
            self.process.send_signal(sent)
            try:
                self.process.wait(timeout=STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._kill()
        self.process = None

    def _kill(self) -> None:
        """Kill the arbiter and its workers, which would else go on for a second."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Nobody looks any more. In order it takes longer, and very long while a worker is just being made.
        self.stop(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


@contextmanager
def running_server(*, application: str = "", **environment: str) -> Iterator[Server]:
    """Yield a server on a migrated, empty database of its own."""
    with tempfile.TemporaryDirectory(prefix="readpath-") as directory:
        server = Server(Path(directory), application=application, **environment)
        shutil.copy(migrated.sqlite(), server.database)
        with closing(server), server:
            yield server
