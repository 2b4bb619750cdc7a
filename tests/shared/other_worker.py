"""A worker in a process of its own, which a test can stop, kill and ask.

Run as `python -m tests.shared.other_worker URL LEASE`; it answers each line that it is sent with one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.caching.entries import entry_of
from tests.shared.workers import PATIENCE, Worker, configured

ONE = entry_of(b"/things/1/", keys=["thing:1"])


class Other:
    """The process, as the test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, command: str) -> str:
        """Return the answer to a command: `keep`, `read` or `name`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> str:
        """Return the next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def other_worker(url: str, *, lease: float) -> Iterator[Other]:
    """Yield a worker in another process; it trusts its L1 and holds nothing yet."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.shared.other_worker", url, str(lease)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings.testing"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            other = Other(process)
            assert other.hear() == "ready"
            yield other
        finally:
            process.kill()
            process.wait(PATIENCE)


def _answer(worker: Worker, command: str) -> str:
    if command == "name":
        return worker.name
    if command == "keep":
        worker.keep(ONE)
        return "kept"
    if not worker.is_trusting():
        return "not trusted"
    return "hit" if worker.holds(ONE) else "miss"


def _main(url: str, lease: float) -> None:
    with configured(url), Worker(lease=lease) as worker:
        print("ready", flush=True)  # noqa: T201 - that is how it speaks.
        for line in sys.stdin:
            print(_answer(worker, line.strip()), flush=True)  # noqa: T201


if __name__ == "__main__":
    _main(sys.argv[1], float(sys.argv[2]))
