"""Which server is measured? Gunicorn as it is run in production, on content of its own.

It is started with the project's own configuration file and the settings for load tests, on a port
that the kernel chose, and filled by the management commands that an operator has. All that is
known of the service here are its commands, its environment variables and its URLs.

A deploy is what `systemctl reload` does: the master gets SIGHUP, starts workers with the new code,
and stops the old ones, which finish what they have begun. Connections that come in between wait
in the kernel's queue.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psutil

from loadtests import origin_log
from loadtests.client import Client, UnreachableError
from loadtests.services import MissingError, Services, running, running_services

ROOT: Final = Path(__file__).resolve().parent.parent
_OURS: Final = ("READPATH_", "DATABASE_", "REDIS_", "DJANGO_", "WORKERS", "BIND", "PORT")
_DEPLOYED_WITHIN: Final = 60.0  # Seconds.
_LOOK: Final = 0.02
# Run by the service's own `manage.py`: one start of Django instead of five.
_PREPARE: Final = """
from django.contrib.auth import get_user_model
from django.core.management import call_command
from api.models import Author
call_command("migrate", verbosity=0)
call_command("fill", posts={posts}, data={data!r})
user = get_user_model().objects.create_superuser("load-test")
Author.objects.create(user=user, name="Load test", slug="load-test")
call_command("drf_create_token", user.username)
"""


@dataclass(frozen=True, slots=True)
class Content:
    """What a server is filled with: a dump, or generated posts."""

    posts: int
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Deploy:
    """What became of the workers."""

    replaced: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.replaced} worker(s) replaced in {self.seconds:.1f} s"


class Server:
    """A gunicorn that can be started again, and told to replace its workers."""

    def __init__(
        self, log: Path, environment: Mapping[str, str], workers: int, services: Services | None
    ) -> None:
        self._log = log
        self._environment = {**environment, "WORKERS": str(workers)}
        self._services = services
        self.workers = workers
        self.token = ""
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.host = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self, content: Content) -> None:
        """Make the database and fill it; make somebody who may write."""
        code = _PREPARE.format(posts=content.posts, data=content.data)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        token = re.search(r"Generated token (\w+)", done.stdout)
        if done.returncode or token is None:
            raise MissingError(f"the database could not be filled (exit status {done.returncode})")
        self.token = token[1]

    @contextmanager
    def started(
        self, told: Mapping[str, str] = MappingProxyType({}), *, seen: Path | None = None
    ) -> Iterator[None]:
        """Serve while the block runs, with nothing in memory at first; write what is asked to `seen`."""
        if self._services is not None:
            self._services.forget()
        descriptor = self._socket.fileno()
        command = [sys.executable, "-m", "gunicorn", "-c", "settings/gunicorn.py", "-b", f"fd://{descriptor}"]
        if seen is not None:
            command += ["--access-logfile", str(seen), "--access-logformat", origin_log.FORMAT]
        with running(
            command,
            self._log,
            self._answers,
            cwd=ROOT,
            env={**self._environment, **told},
            pass_fds=[descriptor],
        ) as process:
            self._process = process
            yield
        self._process = None

    def deploy(self) -> Deploy:
        """Replace the workers by new ones; return when the old are gone and a new one answers."""
        if self._process is None:
            raise MissingError("nothing is running that could be replaced")
        old = self._workers()
        began = time.monotonic()
        self._process.send_signal(signal.SIGHUP)
        while old & self._workers() or len(self._workers()) < self.workers or not self._answers():
            if time.monotonic() - began > _DEPLOYED_WITHIN:
                raise MissingError(f"the workers were not replaced within {_DEPLOYED_WITHIN:.0f} s")
            time.sleep(_LOOK)
        return Deploy(len(old), time.monotonic() - began)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def _workers(self) -> set[int]:
        if self._process is None:
            return set()
        return {child.pid for child in psutil.Process(self._process.pid).children()}

    def _answers(self) -> bool:
        client = Client(self.host, patience=1.0)
        try:
            return client.status("/healthz/live") == 200
        except UnreachableError:
            return False
        finally:
            client.close()


@contextmanager
def filled_server(content: Content, *, workers: int, stack: str, log: Path) -> Iterator[Server]:
    """Yield a server with content that is gone afterwards; `stack` is `sqlite` or `full`."""
    log.unlink(missing_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    told = {**inherited, "DJANGO_SETTINGS_MODULE": "settings.loadtest", "ACCESS_LOG": ""}
    with ExitStack() as held:
        directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="readpath-load-")))
        services = held.enter_context(running_services()) if stack == "full" else None
        database = {"DATABASE_URL": f"sqlite:///{directory / 'load.sqlite3'}"}
        told.update(services.environment if services else database)
        server = Server(log, told, workers, services)
        held.callback(server.close)
        server.prepare(content)
        yield server
