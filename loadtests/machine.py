"""On what was measured? Processor, versions, commit and command, for whoever reads the report."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from loadtests.server import ROOT

_PACKAGES: Final = ("locust", "gunicorn", "django", "djangorestframework", "orjson", "uvloop")


def description() -> dict[str, str]:
    """Return what a reader of the figures has to know."""
    found = {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores for server and generator",
        "system": platform.platform(),
        "load average before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "commit": _commit(),
        "command": " ".join(["python", "-m", "loadtests", *sys.argv[1:]]),
    }
    return found | {name: said for name in _PACKAGES if (said := _version(name))}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    """Return the commit that was measured, with a plus if files differ from it."""
    head = _git("rev-parse", "--short", "HEAD")
    return head + ("+" if _git("status", "--porcelain") else "") if head else "none"


def _git(*arguments: str) -> str:
    program = shutil.which("git")
    if program is None:
        return ""
    done = subprocess.run(  # noqa: S603
        [program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
