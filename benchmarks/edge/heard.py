"""When did Varnish hear of which purge? It says so itself, in its log in shared memory.

A purge may come before the write is acknowledged: the change is queued, and the purger woken, before
the writer is answered. So moments are of the machine's clock, by which a reader can tell them apart.
"""

from __future__ import annotations

import re
import subprocess
from collections import deque
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Final, Self

_PURGED: Final = re.compile(rb"ReqHeader\s+xkey-(?:soft)?purge: (.*)")
_STARTED: Final = re.compile(rb"Timestamp\s+Start: ([\d.]+)")
_KEPT: Final = 2000  # Purges that are remembered.
_PATIENCE: Final = 10.0  # Seconds.


class Heard:
    """Listens to one Varnish while the block runs."""

    def __init__(self, work: Path) -> None:
        self._command = [
            *("varnishlog", "-n", str(work), "-u", "-g", "request", "-q", 'ReqMethod eq "PURGE"'),
            *("-i", "Timestamp,ReqHeader"),
        ]
        self._purges: deque[tuple[float, frozenset[bytes]]] = deque(maxlen=_KEPT)
        self._news = Condition()
        self.calls = 0
        self.keys = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._thread.join(_PATIENCE)

    def purged_at(self, key: str, *, after: float) -> float:
        """Return when the first purge with this key came after a moment, in epoch seconds."""
        wanted = key.encode()

        def found() -> float | None:
            return next((at for at, keys in tuple(self._purges) if at >= after and wanted in keys), None)

        with self._news:
            at = self._news.wait_for(found, _PATIENCE)
        if at is None:
            raise RuntimeError(f"need a purge of {key}, which Varnish has not heard of for {_PATIENCE:.0f} s")
        return at

    def _listen(self) -> None:
        started = 0.0
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if moment := _STARTED.search(line):
                started = float(moment[1])
            elif purged := _PURGED.search(line):
                keys = frozenset(purged[1].split())
                with self._news:
                    self.calls += 1
                    self.keys += len(keys)
                    self._purges.append((started, keys))
                    self._news.notify_all()
