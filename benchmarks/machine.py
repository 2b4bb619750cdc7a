"""Where and on what was measured? Cores, versions, commit; and who runs on which core."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
# What is measured, what it stands on, and what it is compared with.
_PACKAGES: Final = (
    "django",
    "djangorestframework",
    "gunicorn",
    "gunicorn_h1c",
    "uvloop",
    "orjson",
    "brotli",
    "zstandard",
    "redis",
    "hiredis",
    "django-redis",
    "psycopg",
    "django-cachalot",
    "django-cacheops",
    "drf-extensions",
    "cachetools",
    "cachebox",
    "moka-py",
    "theine",
    "locust",
    "django-silk",
    "pytest-benchmark",
)
# A program -> the option by which it says its version.
_PROGRAMS: Final = {"wrk": "-v", "redis-server": "-v", "postgres": "-V", "nginx": "-v", "varnishd": "-V"}
# Where programs are that are not on everybody's path.
_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin")


def cores() -> tuple[int | None, int | None]:
    """Return the core of the server and the core of the load, None twice where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return (available[0], available[-1]) if len(available) > 1 else (None, None)


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Run the block, and the processes that it starts, on one core."""
    before = os.sched_getaffinity(0)
    pin(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pid: int, core: int | None) -> None:
    """Keep a process, and those that it will start, on one core; 0 is the calling one."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def description() -> dict[str, Any]:
    """Return what a reader of the figures has to know about this machine."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": platform.platform(),
        "load_average_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "programs": {name: name_and_version(name) for name in _PROGRAMS},
        "commit": _commit(),
        "command": shlex.join([*_started_as(), *sys.argv[1:]]),
    }


def name_and_version(program: str) -> str | None:
    """Return the first line that a program says about itself, None if it is not installed."""
    path = _found(program)
    if path is None:
        return None
    done = subprocess.run([path, _PROGRAMS[program]], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).splitlines()[0].strip()


def _found(program: str) -> str | None:
    elsewhere = sorted(str(place) for pattern in _PLACES for place in Path("/").glob(pattern.lstrip("/")))
    return shutil.which(program) or shutil.which(program, path=os.pathsep.join(elsewhere))


def _started_as() -> list[str]:
    """Return how this program was started: as a module, or by its path."""
    specification = sys.modules["__main__"].__spec__
    return ["python", "-m", specification.parent] if specification else ["python", sys.argv[0]]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str:
    """Return the commit that was measured, with a plus if files differ from it."""
    head = _git("rev-parse", "--short", "HEAD")
    if not head:
        return "none"
    return head + ("+" if _git("status", "--porcelain") else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
