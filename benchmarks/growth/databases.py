"""Which databases grow? One of each size, in a PostgreSQL whose data is kept between two runs.

In each the first author, category and tag have most of the posts, so that their lists are as
deep as one likes. A database is made once, under another name until it is complete, and anew
when the code that makes it changes. PostgreSQL does not wait for the disk (`fsync` is off):
what is kept here can always be made again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import content
from benchmarks.growth.alone import alone
from benchmarks.report import KEPT_IN, progress
from benchmarks.servers import manage
from tests import postgres

LEAD: Final = 0.6  # The share of the posts that the first author, category and tag have.
_SEED: Final = 1
_OPTIONS: Final = {"shared_buffers": "512MB", "max_wal_size": "8GB"}
_BYTES_PER_POST: Final = 16_000  # On disk, while it is made.
_SAID_EVERY: Final = 5.0  # Seconds, at most.


@dataclass(frozen=True, slots=True)
class Databases:
    """A running PostgreSQL, and the databases in it."""

    cluster: postgres.Cluster
    _ready: set[str] = field(default_factory=set)

    def url(self, posts: int) -> str:
        """Return the URL of a database with so many posts; make it if there is none yet."""
        name = f"posts_{posts}"
        with self.cluster.connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                unfinished = f"{name}_unfinished"
                connection.execute(f"DROP DATABASE IF EXISTS {unfinished}")
                connection.execute(f"CREATE DATABASE {unfinished}")
                self._fill(unfinished, posts)
                connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")
        if name not in self._ready:
            # The triggers of now: without them a server stores nothing.
            manage(content.environment(self._url(name)), "migrate", "--verbosity", "0")
            self._ready.add(name)
        return self._url(name)

    def bytes(self, posts: int) -> int:
        """Return how much of the disk the database with so many posts takes."""
        with self.cluster.connect() as connection:
            found = connection.execute("SELECT pg_database_size(%s)", [f"posts_{posts}"]).fetchone()
        return int(found[0]) if found else 0

    def _fill(self, name: str, posts: int) -> None:
        free = shutil.disk_usage(self.cluster.home / "data").free
        if free < posts * _BYTES_PER_POST:
            raise RuntimeError(f"need {posts * _BYTES_PER_POST:,} bytes of disk, got {free:,}")
        progress(f"growth: generating {posts:,} posts (once; minutes for a million)")
        began = time.monotonic()
        url = self._url(name)
        manage(content.environment(url), "migrate", "--verbosity", "0")
        alone(url, _generate, posts)
        connecting = {**self.cluster.connecting, "dbname": name}
        with postgres.psycopg.connect(**connecting, autocommit=True) as connection:
            # Nobody has cached anything of it yet. And what autovacuum would do in its own time.
            connection.execute("TRUNCATE caching_outbox")
            connection.execute("VACUUM ANALYZE")
        progress(f"growth: {posts:,} posts in {time.monotonic() - began:.0f} s")

    def _url(self, name: str) -> str:
        return self.cluster.url.replace("/postgres?", f"/{name}?")


def _generate(posts: int) -> None:
    from api.importers.generated.generator import Progress, generate  # noqa: PLC0415 - after Django's set-up.

    made, said_at = 0, time.monotonic()

    def say(doing: str) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > _SAID_EVERY:
            said_at = time.monotonic()
            progress(f"growth: {doing}")

    def advance(number: int) -> None:
        nonlocal made
        made += number
        say(f"{made:,} of {posts:,} posts generated")

    generate(
        posts, seed=_SEED, until=datetime.now(UTC), lead=LEAD, in_bulk=True, progress=Progress(advance, say)
    )


@contextmanager
def databases() -> Iterator[Databases]:
    """Start PostgreSQL on the data that is kept."""
    programs = postgres.programs()
    if programs is None:
        raise RuntimeError("need PostgreSQL, which is not installed here")
    kept = _kept()
    # The socket's path has to be short, so it lies elsewhere.
    home = Path(tempfile.mkdtemp(prefix="readpath-growth-"))
    try:
        (home / "data").symlink_to(kept)
        account = _owner(kept)
        if account:
            os.chown(home, account["user"], account["group"])
        server = postgres.Cluster(programs, home, account, **_OPTIONS)
        try:
            server.start()
        except AssertionError as error:
            # Above all: somebody else measures on the same data just now.
            raise RuntimeError(f"PostgreSQL cannot work in {kept}: {error}") from None
        try:
            yield Databases(server)
        finally:
            server.stop()
    finally:
        shutil.rmtree(home)


def _kept() -> Path:
    """Return where the data is kept, empty at first; remove what older code has made."""
    kept = KEPT_IN / f"growth-{content._digest()}"
    for outdated in KEPT_IN.glob("growth-*"):
        if outdated != kept and outdated.is_dir():
            progress(f"growth: removing {outdated}, which older code has made")
            shutil.rmtree(outdated)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with postgres.running_postgres() as empty:
            empty.stop()
            # With its owner, who is not us where we are root.
            unfinished = kept.with_suffix(".unfinished")
            subprocess.run(["cp", "-a", empty.home / "data", unfinished], check=True)
            unfinished.rename(kept)
    return kept


def _owner(kept: Path) -> dict[str, Any]:
    """Return whose the data is, in the words of `subprocess`: nothing for our own."""
    if os.geteuid() != 0:
        return {}
    found = kept.stat()
    return {"user": found.st_uid, "group": found.st_gid, "extra_groups": []}
