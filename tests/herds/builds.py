"""How many builds did it take? PostgreSQL knows: each opens a transaction as nobody else does.

The server logs every statement before it is run (`LOGGED`), so a build is in the log as soon as
it reads anything, whatever becomes of it and of the worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.postgres import Cluster

# How the server of a fleet whose builds are counted has to be configured.
LOGGED = {"log_statement": "all"}

# What a build says first and what its session says last of it, if it lives to say so.
_LINE = re.compile(r"\d{4}-\d\d-\d\d (\d\d):(\d\d):([\d.]+) UTC \[(\d+)\] LOG: .*?: *(\S.*)")
_BEGINS = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LOOKS = "SELECT (SELECT last_pass FROM caching_relaying"
_ENDS = ("COMMIT", "ROLLBACK")


class Build(NamedTuple):
    """One build: the session that read for it, and from when to when, in seconds of the day."""

    session: int
    began: float
    ended: float | None


class Said(NamedTuple):
    """What a session was asked, and when, in seconds of the day."""

    session: int
    at: float
    what: str


class _Heard:
    """What the fleet asks PostgreSQL from now on."""

    def __init__(self, cluster: Cluster) -> None:
        self._log: Path = cluster.home / "log"
        self._from = self._log.stat().st_size

    def _said(self) -> Iterator[Said]:
        with self._log.open("rb") as log:
            log.seek(self._from)
            lines = log.read().decode(errors="replace").splitlines()
        for line in lines:
            if matched := _LINE.match(line):
                hours, minutes, seconds, session, what = matched.groups()
                yield Said(int(session), int(hours) * 3600 + int(minutes) * 60 + float(seconds), what)


class Questions(_Heard):
    """Everything."""

    def count(self) -> int:
        """Return how many statements there were."""
        return sum(1 for _ in self._said())


class Looks(_Heard):
    """Looks at the outbox, by which readers without Redis are confirmed."""

    def count(self) -> int:
        """Return how many there were."""
        return len(self._all())

    def sessions(self) -> int:
        """Return how many sessions looked."""
        return len({look.session for look in self._all()})

    def _all(self) -> list[Said]:
        return [said for said in self._said() if said.what.startswith(_LOOKS)]


class Builds(_Heard):
    """The builds of a fleet."""

    def all(self) -> list[Build]:
        """Return them, in the order in which they began."""
        found: list[Build] = []
        for session, at, what in self._said():
            if what.startswith(_BEGINS):
                found.append(Build(session, at, None))
            elif what.startswith(_ENDS):
                found = [_ended(build, at) if build.session == session else build for build in found]
        return found

    def count(self) -> int:
        """Return how many have begun."""
        return len(self.all())

    def most_at_once(self) -> int:
        """Return how many went on at the same time, at most. One that never ended counts to the end."""
        builds = self.all()
        return max(
            (
                sum(other.began <= one.began and (other.ended or one.began) >= one.began for other in builds)
                for one in builds
            ),
            default=0,
        )


def _ended(build: Build, at: float) -> Build:
    return build if build.ended else build._replace(ended=at)
