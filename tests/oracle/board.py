"""What was begun, and what is acknowledged? Memory that all processes of a run share.

A word of eight bytes is written by one process only and read by all; the kernel's page is the
same for everybody, so what a reader copies before it asks had happened before it asked.
"""

from __future__ import annotations

import mmap
import time
from enum import IntEnum
from pathlib import Path

PROCESSES = 16  # Clients at most.
KEPT = 64  # Moments of commits that are remembered of a raw register.


class Stage(IntEnum):
    """How far the run is."""

    WARMING = 0
    WRITING = 1
    READING = 2  # Writers finish what they have begun, readers go on.
    OVER = 3


class Board:
    """The board, in a file; `registers` and `raw` say how many there are of each, raw ones last."""

    def __init__(self, path: Path, *, registers: int, raw: int) -> None:
        self.path = path
        words = 3 + 2 * PROCESSES + 2 * registers + KEPT * raw
        if not path.exists() or path.stat().st_size == 0:
            path.write_bytes(bytes(8 * words))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8 * words)
        self._words = memoryview(self._memory).cast("q")
        self._violations = 3
        self._ready = 3 + PROCESSES
        first = 3 + 2 * PROCESSES
        self.acknowledged = self._words[first : first + registers]
        self.begun = self._words[first + registers : first + 2 * registers]
        self._moments = self._words[first + 2 * registers :]
        self._first_raw = registers - raw

    @property
    def stage(self) -> Stage:
        """How far the run is."""
        return Stage(self._words[0])

    @stage.setter
    def stage(self, value: Stage) -> None:
        self._words[0] = value

    @property
    def phase(self) -> int:
        """Which phase of the run it is: 0 is quiet, n is the n-th fault."""
        return self._words[1]

    @phase.setter
    def phase(self, value: int) -> None:
        self._words[1] = value

    @property
    def hot(self) -> int:
        """The post that was written to last."""
        return self._words[2]

    @hot.setter
    def hot(self, value: int) -> None:
        self._words[2] = value

    def copy(self) -> memoryview:
        """Return what is acknowledged, as of now."""
        return memoryview(bytes(self.acknowledged)).cast("q")

    def committed(self, register: int, version: int) -> None:
        """Note that a version of a raw register was committed just now."""
        self._moments[(register - self._first_raw) * KEPT + version % KEPT] = time.monotonic_ns()
        self.acknowledged[register] = version

    def committed_at(self, register: int, version: int) -> int:
        """Return when a version of a raw register was committed; when a later one was, if it is long ago."""
        return self._moments[(register - self._first_raw) * KEPT + version % KEPT]

    def report_violation(self, process: int) -> None:
        """Note that a client has seen what it must not see."""
        self._words[self._violations + process] += 1

    @property
    def violations(self) -> int:
        """How many violations all clients have seen."""
        return sum(self._words[self._violations : self._violations + PROCESSES])

    def report_ready(self, process: int, *, done: bool = False) -> None:
        """Note that a client has its connections, or that it has no write under way any more."""
        self._words[self._ready + process] = 2 if done else 1

    def are_ready(self, processes: int, *, done: bool = False) -> bool:
        """Tell whether all clients have said so."""
        said = self._words[self._ready : self._ready + processes]
        return all(word >= (2 if done else 1) for word in said)
