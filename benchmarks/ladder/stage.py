"""Who runs while the ladder is measured? Servers on one core; load, PostgreSQL and Redis on the other.

Every server has a Redis of its own if it needs one, behind a socket, so that what it asks of Redis
can be counted. All read one PostgreSQL, each under a name of its own.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks import content
from benchmarks.ladder.proxies import Nginx, Varnish
from benchmarks.machine import cores, on_core
from benchmarks.report import progress
from benchmarks.servers import CONFIGURATION, GTHREAD, Gunicorn
from tests.postgres import Cluster
from tests.redis import RedisServer

Start = Callable[[], Gunicorn]
# How many answer most: little work each leaves time to wait for Redis; much work fights for the interpreter.
FEW_THREADS: Final = 4
MANY_THREADS: Final = 16
_IN_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
_GIVEN_BY_GUNICORN: Final = frozenset({"date", "server", "connection"})


class Stage:
    """The servers that run until `stack` is closed."""

    def __init__(self, stack: ExitStack, cluster: Cluster) -> None:
        self._stack = stack
        self.cluster = cluster
        self.server_core, self.load_core = cores()
        # In memory where there is such a place, as Varnish recommends for its log and suits nginx's cache.
        self.directory = Path(tempfile.mkdtemp(prefix="readpath-ladder-", dir=_IN_MEMORY))
        stack.callback(shutil.rmtree, self.directory)
        # Workers of nginx may run as somebody else, who has to find the files.
        self.directory.chmod(0o755)

    def ours(self, name: str, store: RedisServer | None = None, **variables: str) -> Gunicorn:
        """Start the service, as it is deployed."""
        return self._stack.enter_context(self._start_of_ours(name, store, **variables)())

    def restarted(self, name: str, store: RedisServer | None = None) -> Restarted:
        """Return the service as it is deployed, for who starts it again and again."""
        return self._stack.enter_context(Restarted(self._start_of_ours(name, store)))

    def django(
        self, name: str, settings: str, store: RedisServer | None = None, *, threads: int = FEW_THREADS
    ) -> Gunicorn:
        """Start a Django rung on the worker that serves Django best."""
        variables = {"LADDER_REDIS": str(store.path)} if store else {}
        module = f"benchmarks.ladder.settings.{settings}"
        start = self._gunicorn(
            name, (*GTHREAD, "--threads", str(threads)), DJANGO_SETTINGS_MODULE=module, **variables
        )
        return self._stack.enter_context(start())

    def constant(self, name: str, page: tuple[Any, bytes]) -> Gunicorn:
        """Start the service's own gunicorn worker with nothing in it but one answer."""
        response, body = page
        fields = [pair for pair in response.getheaders() if pair[0].lower() not in _GIVEN_BY_GUNICORN]
        file = self.directory / "constant.json"
        file.write_text(json.dumps({"fields": fields, "body": body.decode()}))
        start = self._gunicorn(
            name, (*CONFIGURATION, "benchmarks.constant:application"), BENCHMARK_CONSTANT=str(file)
        )
        return self._stack.enter_context(start())

    def redis(self, name: str) -> RedisServer:
        """Start a Redis, beside the load, which has time to spare."""
        directory = self.directory / f"redis-{name}"
        directory.mkdir()
        with on_core(self.load_core):
            return self._stack.enter_context(RedisServer(directory))

    def nginx_cache(self, upstream: Gunicorn) -> Nginx:
        """Start nginx with its cache in front of a server."""
        return self._proxy(Nginx, "nginx_cache.conf", upstream.port)

    def varnish(self, upstream: Gunicorn) -> Varnish:
        """Start Varnish in front of a server."""
        return self._proxy(Varnish, "varnish.vcl", upstream.port)

    def nginx_file(self, body: bytes) -> Nginx:
        """Start nginx with a file."""
        nginx = self._made(Nginx, "nginx_file.conf", 0)
        (nginx.directory / "files").mkdir()
        (nginx.directory / "files" / "page.json").write_bytes(body)
        with on_core(self.server_core):
            return self._stack.enter_context(nginx)

    def _start_of_ours(self, name: str, store: RedisServer | None, **variables: str) -> Start:
        shared = {"REDIS_URL": store.url} if store else {}
        return self._gunicorn(name, CONFIGURATION, **shared, **variables)

    def _gunicorn(self, name: str, arguments: tuple[str, ...], **variables: str) -> Start:
        def made() -> Gunicorn:
            environment = content.environment(f"{self.cluster.url}&application_name={name}", **variables)
            return Gunicorn(arguments, environment, log=self.directory / f"{name}.log", core=self.server_core)

        progress(f"ladder: starting {name}")
        return made

    def _proxy(self, kind: type[Any], configuration: str, upstream: int) -> Any:
        with on_core(self.server_core):
            return self._stack.enter_context(self._made(kind, configuration, upstream))

    def _made(self, kind: type[Any], configuration: str, upstream: int) -> Any:
        progress(f"ladder: starting {kind.program} ({configuration})")
        directory = self.directory / configuration.partition(".")[0]
        return kind(directory, core=self.server_core, configuration=configuration, upstream=upstream)


class Restarted:
    """A server that begins anew before each go, with nothing in its memory, and is gone between them."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._server: Gunicorn | None = None

    def restart(self) -> None:
        """Stop it, if it runs, and start it."""
        self.stop()
        self._server = self._start().__enter__()

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def server(self) -> Gunicorn:
        """The one that runs."""
        if self._server is None:
            raise RuntimeError("need a server that was started")
        return self._server

    @property
    def worker(self) -> int:
        """The process that answers."""
        return self.server.worker

    def url(self, path: str) -> str:
        """Return the address of a path on it."""
        return self.server.url(path)

    def ask(self, path: str, *, method: str = "GET", **fields: str) -> tuple[Any, bytes]:
        """Send one request; return the response and its body."""
        return self.server.ask(path, method=method, **fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
