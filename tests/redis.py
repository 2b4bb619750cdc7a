"""A Redis of the tests' own: started where its program is installed, gone afterwards.

It listens on a UNIX socket, or on a port that was free, and keeps nothing on disk. It can be
killed and started again on the same address, where it is empty then, and it can be stopped in
the middle of a thought, as a machine that swaps is. Redis with a replica and Sentinels is here too.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import redis

PATIENCE = 30.0  # Seconds.
MASTER_NAME = "readpath-master"

# Nothing has to outlive the tests. DEBUG SLEEP is how a test makes Redis hang for a known time.
_OPTIONS = {
    "save": "",
    "appendonly": "no",
    "enable-debug-command": "yes",
    "daemonize": "no",
    "repl-diskless-sync-delay": "0",
}


def is_installed() -> bool:
    """Tell whether this machine has a Redis to start."""
    return shutil.which("redis-server") is not None


class RedisServer:
    """One `redis-server`, at one address for as long as it lives, however often it is started."""

    def __init__(self, directory: Path, *, port: int | None = None, **options: str) -> None:
        self.port = port
        self.path = directory / "redis.sock"
        self.log = directory / "redis.log"
        self._directory = directory
        self._options = {**_OPTIONS, **{name.replace("_", "-"): value for name, value in options.items()}}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where Redis listens, as `REDIS_URL` says it."""
        return f"redis://127.0.0.1:{self.port}/0" if self.port else f"unix://{self.path}?db=0"

    @property
    def target(self) -> str | tuple[str, int]:
        """Where Redis listens, as a proxy is told."""
        return ("127.0.0.1", self.port) if self.port else str(self.path)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None, "Redis is not running"
        return self._process

    def client(self, **options: Any) -> redis.Redis:
        """Return a new client; close it when done."""
        return redis.Redis.from_url(self.url, **{"socket_timeout": PATIENCE, **options})

    def start(self) -> None:
        """Start Redis, empty, and wait until it answers."""
        listening = {"port": str(self.port or 0), "bind": "127.0.0.1", "unixsocket": str(self.path)}
        options = {**listening, "dir": str(self._directory), **self._options}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))],
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop Redis themselves.
            )
        wait_until(self._answers, "Redis does not answer", self.log)

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"Redis ended: {self.log.read_text()}"
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.BusyLoadingError:
                return False
            except redis.ConnectionError:
                return False

    def kill(self) -> None:
        """Kill Redis at once: what it held is lost."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._process = None

    def pause(self) -> None:
        """Let Redis do nothing, while its connections stay open, until `resume`."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let Redis go on."""
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()


@contextmanager
def running_redis(*, tcp: bool = False, **options: str) -> Iterator[RedisServer]:
    """Yield an empty Redis; options are those of `redis.conf`, with underscores (`maxmemory="20mb"`)."""
    with (
        _directory() as directory,
        RedisServer(directory, port=free_port() if tcp else None, **options) as server,
    ):
        yield server


class Sentinels:
    """A master, a replica of it, and the Sentinels that promote the replica when the master is gone."""

    def __init__(self, servers: list[RedisServer], sentinels: list[RedisServer]) -> None:
        self._servers = servers
        self._sentinels = sentinels

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where the Sentinels listen."""
        return [("127.0.0.1", sentinel.port or 0) for sentinel in self._sentinels]

    @property
    def master(self) -> RedisServer:
        """The server that is the master now, in the eyes of the first Sentinel."""
        with self._sentinels[0].client(decode_responses=True) as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(MASTER_NAME)
        return next(server for server in self._servers if server.port == int(port))

    @property
    def replica(self) -> RedisServer:
        """One that is not."""
        master = self.master
        return next(server for server in self._servers if server is not master)

    def failover(self) -> None:
        """Let the Sentinels promote the replica while the master lives, and wait until it is master."""
        before = self.master
        with self._sentinels[0].client() as sentinel:
            sentinel.sentinel_failover(MASTER_NAME)
        self.wait_for_promotion(before)

    def kill_master(self) -> None:
        """Kill the master, and wait until the replica is master: what it had not got is lost."""
        before = self.master
        before.kill()
        self.wait_for_promotion(before)

    def wait_for_replica(self) -> None:
        """Return once the other server follows the master: only then can there be another failover."""
        wait_until(lambda: _follows(self.replica), "the replica does not follow")

    def wait_for_promotion(self, before: RedisServer) -> None:
        """Return once another server than `before` takes writes."""
        wait_until(lambda: self.master is not before and _is_master(self.master), "nobody was promoted")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing: each server was started, and is stopped, by `running_sentinels`."""


@contextmanager
def running_sentinels(
    *, count: int = 3, replicas: int = 1, down_after: float = 0.5, **options: str
) -> Iterator[Sentinels]:
    """Yield a master with replicas, under Sentinels that wait `down_after` seconds for a dead one."""
    with ExitStack() as stack:

        def server(**special: str) -> RedisServer:
            directory = stack.enter_context(_directory())
            return RedisServer(directory, port=free_port(), **options, **special)

        master = stack.enter_context(server())
        following = [
            stack.enter_context(server(replicaof=f"127.0.0.1 {master.port}")) for _ in range(replicas)
        ]
        for replica in following:
            wait_until(lambda one=replica: _follows(one), "the replica does not follow", replica.log)
        watching = [
            _sentinel(stack.enter_context(_directory()), master, following, count, down_after)
            for _ in range(count)
        ]
        for sentinel in watching:
            stack.enter_context(sentinel)
        wait_until(
            lambda: all(_knows_all(one, count, replicas) for one in watching), "the Sentinels do not meet"
        )
        with Sentinels([master, *following], watching) as sentinels:
            yield sentinels


class _Sentinel(RedisServer):
    """A Redis that only watches others; it writes what it learns into its configuration."""

    def __init__(self, directory: Path, port: int, configuration: str) -> None:
        super().__init__(directory, port=port)
        self._file = directory / "sentinel.conf"
        self._file.write_text(configuration)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", str(self._file), "--sentinel"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, "the Sentinel does not answer", self.log)


def _sentinel(
    directory: Path, master: RedisServer, replicas: list[RedisServer], count: int, down_after: float
) -> _Sentinel:
    port = free_port()
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {directory}",
        f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master.port} {count // 2 + 1}",
        f"sentinel down-after-milliseconds {MASTER_NAME} {int(down_after * 1000)}",
        f"sentinel failover-timeout {MASTER_NAME} 3000",
        # Found out by itself only when the master is next asked, which takes ten seconds.
        *(f"sentinel known-replica {MASTER_NAME} 127.0.0.1 {replica.port}" for replica in replicas),
    ]
    return _Sentinel(directory, port, "\n".join(lines) + "\n")


def _is_master(server: RedisServer) -> bool:
    with server.client(decode_responses=True) as client:
        return bool(client.role()[0] == "master")


def _follows(server: RedisServer) -> bool:
    with server.client() as client:
        return bool(client.info("replication").get("master_link_status") == "up")


def _knows_all(sentinel: RedisServer, count: int, replicas: int) -> bool:
    with sentinel.client(decode_responses=True) as client:
        known = client.sentinel_masters()[MASTER_NAME]
    return bool(known["num-other-sentinels"] == count - 1 and known["num-slaves"] == replicas)


def free_port() -> int:
    """Return a port that nobody listens on now, and that nobody is given who does not ask for it.

    Below those of which the kernel gives one to every connection: a server that is started later,
    or once more, finds it free. Not by `random`: each process of tests has the same seed.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(
    holds: Callable[[], bool], otherwise: str, log: Path | None = None, *, patience: float = PATIENCE
) -> None:
    """Return as soon as something holds; fail if it does not in time."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{otherwise}: {log.read_text() if log else ''}")
        time.sleep(0.02)


@contextmanager
def _directory() -> Iterator[Path]:
    # Not pytest's: the path of a UNIX socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="readpath-redis-") as directory:
        os.chmod(directory, 0o700)  # noqa: PTH101 - there is no Path yet.
        yield Path(directory)
