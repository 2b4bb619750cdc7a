"""Which database do all rungs read? One PostgreSQL full of posts, made once and kept.

Its files stay in `var/bench`, so that the next run starts at once; socket and log are in a
directory that is gone afterwards. When the code that generates posts has changed, it is made
anew. PostgreSQL does not wait for the disk, as in all measurements: nothing here is about disks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import content
from benchmarks.ladder import counting
from benchmarks.machine import ROOT, cores, on_core
from benchmarks.report import KEPT_IN, progress
from benchmarks.servers import manage
from tests import postgres

_TOLD_EVERY: Final = 15.0  # Seconds.
_OPTIONS: Final = {
    # Sixteen threads of each Django server keep a connection each.
    "max_connections": "300",
    "shared_buffers": "512MB",
    # A walk over the same 200,000 rows for everybody: nobody is lucky with the planner's moment.
    "autovacuum": "off",
    "log_line_prefix": counting.LINE_PREFIX,
}


@contextmanager
def running(posts: int) -> Iterator[postgres.Cluster]:
    """Start PostgreSQL with so many generated posts; make them if there are none yet."""
    programs = postgres.programs()
    if programs is None:
        raise RuntimeError("need PostgreSQL, which is not installed here")
    kept = KEPT_IN / f"ladder-{posts}-{content._digest()}"
    if not kept.exists():
        _make(programs, kept, posts)
    with _started(programs, kept) as cluster:
        # In case that somebody was killed while counting.
        counting.tell_statements(cluster, "none")
        # What reports changes may be newer than the posts.
        manage(content.environment(cluster.url), "migrate", "--verbosity", "0")
        yield cluster


@contextmanager
def _started(programs: Path, kept: Path) -> Iterator[postgres.Cluster]:
    """Start PostgreSQL on files that are kept; its socket has a short name elsewhere."""
    account = postgres._unprivileged()
    home = Path(tempfile.mkdtemp(prefix="readpath-ladder-"))
    try:
        (home / "data").symlink_to(kept)
        _give(home, account)
        cluster = postgres.Cluster(programs, home, account, **_OPTIONS)
        try:
            with on_core(cores()[1]):  # Beside the load, which has time to spare.
                cluster.start()
        except AssertionError as error:
            # Above all: somebody else measures on the same files just now.
            raise RuntimeError(f"{kept} cannot be used: {error}") from None
        with _stopped_at_the_end(cluster):
            yield cluster
    finally:
        shutil.rmtree(home)


@contextmanager
def _stopped_at_the_end(cluster: postgres.Cluster) -> Iterator[None]:
    try:
        yield
    finally:
        cluster.stop()


def _make(programs: Path, kept: Path, posts: int) -> None:
    progress(f"generating {posts:,} posts in PostgreSQL (once; kept as {kept})")
    kept.parent.mkdir(parents=True, exist_ok=True)
    for outdated in kept.parent.glob(f"ladder-{posts}-*"):
        shutil.rmtree(outdated)
    unfinished = kept.with_suffix(".unfinished")
    # Of a run that was ended before it had made all of them.
    shutil.rmtree(unfinished, ignore_errors=True)
    with postgres.running_postgres() as empty:
        empty.stop()
        # Copied with its owner, who is not us where we are root.
        subprocess.run(["cp", "-a", empty.home / "data", unfinished], check=True)
    with _started(programs, unfinished) as cluster:
        _fill(cluster, posts)
        with cluster.connect() as connection:
            # Nobody has cached anything yet, so nobody need hear of how it was filled.
            connection.execute("TRUNCATE caching_outbox")
            connection.execute("VACUUM ANALYZE")
    unfinished.rename(kept)


def _fill(cluster: postgres.Cluster, posts: int) -> None:
    """Run the commands that fill it, and tell how far they are."""
    environment = content.environment(cluster.url)
    for arguments in (["migrate", "--verbosity", "0"], ["fill", "--posts", str(posts), "--seed", "1"]):
        command = [sys.executable, "manage.py", *arguments]
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
            _tell_until_done(process, cluster, posts)
            if process.returncode:
                said.seek(0)
                raise RuntimeError(f"manage.py {arguments[0]}: {said.read().decode()}")


def _tell_until_done(process: subprocess.Popen[bytes], cluster: postgres.Cluster, posts: int) -> None:
    began = time.monotonic()
    while True:
        try:
            process.wait(_TOLD_EVERY)
        except subprocess.TimeoutExpired:
            with cluster.connect() as connection:
                (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
            passed = time.monotonic() - began
            progress(f"ladder: {passed:.0f} s, {size / 2**20:,.0f} MiB so far, of {posts:,} posts")
        else:
            return


def _give(directory: Path, account: dict[str, Any]) -> None:
    """Let PostgreSQL, which refuses to run as root, have a directory."""
    if account:
        os.chown(directory, account["user"], account["group"])
    directory.chmod(0o700)
