"""A process that relays and purges, and dies at a point that a test has chosen.

Run as `python -m tests.purging.dying`: it sets Django up once, and makes a process of itself for each
line that it reads, for that takes milliseconds.

    run POINT     print "running"; the process kills itself when it comes to the point
    wait          print the signal that has killed it; nothing if it goes on living
    end           kill it
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.processes import ROOT, environment
from tests.purging.receivers import PATIENCE, TOKEN, Receiver

POINTS = ["committed", "queued", "relayed", "told", "settled"]


class Dying:
    """That process, as a test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, line: str) -> str:
        """Say a line; return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def dying(url: str, receiver: Receiver, *, rebound: float) -> Iterator[Dying]:
    """Yield such a process for a database, with one edge."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.purging.dying"],
        cwd=ROOT,
        env=environment(
            DATABASE_URL=url,
            READPATH_EDGES=f"a={receiver.url}&rebound={rebound}",
            READPATH_PURGE_TOKEN=TOKEN,
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield Dying(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            os.killpg(process.pid, signal.SIGKILL)  # What a test that failed has left running, too.
            process.wait(PATIENCE)


def _run(point: str) -> None:
    """Relay and purge, until the point is reached."""
    from django.conf import settings  # noqa: PLC0415 - not before Django is set up.
    from django.db import connection  # noqa: PLC0415

    from caching import purge_queue  # noqa: PLC0415
    from caching.coherence import Coherence  # noqa: PLC0415
    from caching.edges import configuration  # noqa: PLC0415
    from caching.l1 import L1  # noqa: PLC0415
    from caching.purging import due  # noqa: PLC0415
    from caching.purging.purger import Purger  # noqa: PLC0415
    from caching.purging.role import Role  # noqa: PLC0415
    from caching.relaying.relay import Relay  # noqa: PLC0415

    def dies(name: str) -> Any:
        return lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL) if name == point else None

    coherence = Coherence(L1(1))
    edges = configuration.configured(settings.READPATH)
    purger = Purger(edges, coherence, Role.of(connection), interval=0.01)
    is_before_purging = point in POINTS[:3]
    passed = dies("relayed") if is_before_purging else purger.wake
    relay = Relay(coherence, None, interval=0.01, passed=passed)
    for module, function, name, is_after in (
        (purge_queue, "coalesced", "committed", False),
        (purge_queue, "put", "queued", True),
        (due, "settle", "told", False),
        (due, "settle", "settled", True),
    ):
        if name == point:
            setattr(module, function, _with(getattr(module, function), dies(name), is_after=is_after))
    if is_before_purging:
        relay.run()
    else:
        relay.start()
        purger.run()


def _with(function: Callable[..., Any], hook: Callable[..., Any], *, is_after: bool) -> Callable[..., Any]:
    def hooked(*arguments: Any, **options: Any) -> Any:
        if not is_after:
            hook()
        result = function(*arguments, **options)
        if is_after:
            hook()
        return result

    return hooked


def _main() -> None:
    import django  # noqa: PLC0415

    django.setup()
    child = 0
    for line in sys.stdin:
        command, _, point = line.strip().partition(" ")
        if command == "run":
            child = os.fork()
            if not child:
                _run(point)
                os._exit(0)
        elif command == "end":
            os.kill(child, signal.SIGKILL)
        answer = "running" if command == "run" else _ending(child)
        print(answer, flush=True)  # noqa: T201 - that is how it speaks.


def _ending(child: int) -> str:
    """Return the signal that has killed the child; kill it, and return nothing, if none does in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return str(os.WTERMSIG(status))
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return ""


if __name__ == "__main__":
    _main()
