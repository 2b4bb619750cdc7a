"""Which worker has heard of which change, and when? As the shared Redis sees it.

A worker says how far it has come in the log only after it has dropped from its L1 all that
the records up to there invalidate. Redis shows each command that it runs to whoever asks
(`MONITOR`), at once: nobody has to ask a worker anything, nor Redis over and over. The moment
is that of the line's arrival here, so it is rather late than early: it includes the worker's
way to Redis, and Redis's way to us.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

_LOG: Final = re.compile(rb' "XADD" "\{readpath\}:log" .*?"(\d+)-0" "keys" "([^"]*)"')
# A phantom (`~`) is no worker.
_SAID: Final = re.compile(rb' "HSET" "\{readpath\}:state" "w:([0-9a-f]+)" "\d+ (\d+)"')
_PATIENCE: Final = 10.0  # Seconds.


class Heard(NamedTuple):
    """When a record was in the log, and when the last of the workers had applied it (monotonic)."""

    logged_at: float
    applied_at: float


class Monitor:
    """Watches one Redis while the block runs."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._rest = b""
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._socket.sendall(b"MONITOR\r\n")
        next(self._lines())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()
        self._socket.close()

    def look_away(self) -> None:
        """Forget what has come by now."""
        while self._selector.select(0):
            self._rest += self._received()
        self._rest = self._rest.rpartition(b"\n")[2]

    def heard(self, key: str, *, workers: int) -> Heard:
        """Return once so many workers have applied the next record with this surrogate key."""
        number, logged_at = 0, 0.0
        ahead: set[bytes] = set()
        deadline = time.monotonic() + _PATIENCE
        for line in self._lines():
            now = time.monotonic()
            if now > deadline:  # Workers renew their leases all the time: there is always a next line.
                raise TimeoutError(
                    f"need {workers} workers to hear of {key} in {_PATIENCE:.0f} s, got {ahead}"
                )
            if not number:
                record = _LOG.search(line)
                if record is not None and key.encode() in record[2].split(rb"\n"):
                    number, logged_at = int(record[1]), now
            elif (said := _SAID.search(line)) is not None and int(said[2]) >= number:
                ahead.add(said[1])
                if len(ahead) == workers:
                    return Heard(logged_at, now)
        raise ConnectionError("Redis shows nothing any more")

    def _lines(self) -> Iterator[bytes]:
        while True:
            line, found, rest = self._rest.partition(b"\n")
            if found:
                self._rest = rest
                yield line
            elif not self._selector.select(_PATIENCE):
                raise TimeoutError(f"nothing was seen in Redis for {_PATIENCE:.0f} s")
            else:
                self._rest += self._received()

    def _received(self) -> bytes:
        content = self._socket.recv(262_144)
        if not content:
            raise ConnectionError("Redis shows nothing any more")
        return content
