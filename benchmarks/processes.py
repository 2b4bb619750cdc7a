"""What does a running process cost? Its CPU time and memory, as the kernel counts them."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

HELD: Final = "/benchmark/held"  # Where `inspected.py` tells what its process holds.

_NANOSECONDS: Final = 1e9
_KIB: Final = 1024
_LOOK: Final = 0.1  # Seconds.
_IDLE_SHARE: Final = 0.05  # Of a core: the relay looks at the outbox twenty times a second.


def only_child(pid: int) -> int:
    """Return the process that a server's master has started to do the work."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if len(children) != 1:
        raise RuntimeError(f"need a server with one worker, got {len(children)}")
    return int(children[0])


def cpu_seconds(pid: int) -> float:
    """Return how long all threads of a process have been running, the kernel's work for them included."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread that has ended since it was listed counts no more than one that ended before.
        with suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / _NANOSECONDS


def wait_until_idle(pid: int) -> None:
    """Return once a process has nothing to do but what it does all the time."""
    busy = True
    while busy:
        before = cpu_seconds(pid)
        time.sleep(_LOOK)
        busy = cpu_seconds(pid) - before > _LOOK * _IDLE_SHARE


def resident_bytes(pid: int) -> tuple[int, int]:
    """Return the memory that a process has made its own, and the part of mapped files that it sees.

    The first is the process's cost. The second is the kernel's cache of the database, counted
    once for each connection that maps it; it is given back whenever somebody needs it.
    """
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in {"RssAnon", "RssFile"}:
            found[name] = int(value.split()[0]) * _KIB
    return found["RssAnon"], found["RssFile"]
