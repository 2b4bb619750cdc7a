"""Which worker of a gunicorn is at the other end of a connection?

A port cannot say which worker answers: whoever is awake first accepts. But a connection that is
kept stays with its worker, and the kernel knows whose it is, so a test that wants a certain
worker opens connections until one is his.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path

STARTS_WITHIN = 60.0  # Seconds.

_ALIVE = b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
_OPENED_AT_ONCE = 16
_TAKEN_BY_NOBODY = "0"


class Workers:
    """The workers of a running gunicorn; `Server` is one."""

    port: int
    log: Path
    size: int
    process: subprocess.Popen[bytes] | None

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers, the oldest first."""
        assert self.process is not None, "the fleet is not running"
        return children(self.process.pid)

    def wait_for_workers(self, *, without: int | None = None) -> None:
        """Return once as many workers as there should be have answered, none of them `without`."""
        deadline = time.monotonic() + STARTS_WITHIN
        answered: set[int] = set()
        while len(answered & set(self.workers)) < self.size or without in self.workers:
            if time.monotonic() > deadline:
                raise AssertionError(f"not every worker answers:\n{self.log.read_text()[-5000:]}")
            opened = [self.connect() for _ in range(_OPENED_AT_ONCE)]
            try:
                answered |= {self.worker_of(one) for one in opened if self._is_answered(one)}
            finally:
                for one in opened:
                    one.close()

    def kill(self, worker: int, sent: signal.Signals = signal.SIGKILL) -> None:
        """Send one worker a signal: SIGKILL, SIGSTOP, SIGCONT."""
        os.kill(worker, sent)

    @contextmanager
    def stopped(self, worker: int) -> Iterator[None]:
        """Let one worker stand still for as long as the block takes."""
        self.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            self.kill(worker, signal.SIGCONT)

    def connect(self, timeout: float = 1.0) -> socket.socket:
        """Open a connection to whichever worker takes it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def connections(self, worker: int, count: int = 1, timeout: float = 20.0) -> list[socket.socket]:
        """Open connections until so many are with one worker; return those."""
        return self.spread({worker: count}, timeout)[worker]

    def spread(self, wanted: dict[int, int], timeout: float = 20.0) -> dict[int, list[socket.socket]]:
        """Open connections until each worker has as many as are wanted of it; each has answered once."""
        found: dict[int, list[socket.socket]] = {worker: [] for worker in wanted}
        deadline = time.monotonic() + STARTS_WITHIN
        while any(len(found[worker]) < count for worker, count in wanted.items()):
            if time.monotonic() > deadline:
                raise AssertionError(f"wanted {wanted}, got { {w: len(c) for w, c in found.items()} }")
            for one in [self.connect(timeout) for _ in range(_OPENED_AT_ONCE)]:
                worker = self.worker_of(one) if self._is_answered(one) else None
                if worker is not None and len(found.get(worker, ())) < wanted.get(worker, 0):
                    found[worker].append(one)
                else:
                    one.close()
        return found

    def worker_of(self, connection: socket.socket) -> int | None:
        """Return the process id of the worker at the other end, None if nobody has taken the connection."""
        return workers_by_port(self.port, self.workers).get(connection.getsockname()[1])

    def _is_answered(self, connection: socket.socket) -> bool:
        try:
            connection.sendall(_ALIVE)
            response = HTTPResponse(connection)
            response.begin()
            response.read()  # To its end: the connection is for others now.
        except (OSError, HTTPException):
            return False
        return response.status == 200


def children(pid: int) -> list[int]:
    """Return the live processes that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            # One that was killed is there until its parent has noticed.
            if fields and int(fields[1]) == pid and fields[0] not in "ZX":
                found.append(int(entry.name))
    return sorted(found)


def _stat(pid: int) -> list[str]:
    """Return what the kernel tells of a process after its name, nothing if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def workers_by_port(server_port: int, workers: Collection[int]) -> dict[int, int]:
    """Return which worker has taken the connection from which port of a client's."""
    ports = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{server_port:04X}") and fields[9] != _TAKEN_BY_NOBODY:
            ports[f"socket:[{fields[9]}]"] = int(fields[2].rpartition(":")[2], 16)
    found = {}
    for worker in workers:
        for link in _open_files(worker):
            if link in ports:
                found[ports[link]] = worker
    # What a worker has inherited, the arbiter has too: the listening socket, which has no other end.
    found.pop(0, None)
    return found


def _open_files(pid: int) -> Iterator[str]:
    """Yield what a process has open, as far as it is there while we look."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield os.readlink(descriptor)  # noqa: PTH115 - a socket is not a path.
