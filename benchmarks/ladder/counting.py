"""How many queries and Redis calls does one request take? PostgreSQL and Redis are asked themselves.

Redis counts every command that it runs, those inside of its scripts too; what was counted during a
go is divided by the answers. PostgreSQL writes each statement into its log while a few requests
are sent one by one, which are not timed; each server has a name of its own there. A worker of ours
looks at the outbox all the time: what it does idle is counted first, and taken off.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.postgres import Cluster
from tests.redis import RedisServer

# What stands before each line of the log; the name is the one that a server connects with.
LINE_PREFIX: Final = "readpath[%a] "

_STATEMENT: Final = re.compile(
    r"^readpath\[(?P<name>[^\]]*)\] LOG:  (?:statement|execute [^:]*):"
    r"\s*\(?(?:SELECT|WITH|INSERT|UPDATE|DELETE)",
    re.IGNORECASE | re.MULTILINE,
)
_IDLE: Final = 2.0  # Seconds.
# What a client asks by itself.
_NOT_OF_INTEREST: Final = frozenset({"info", "client|setinfo", "client|setname", "hello", "select", "ping"})


def redis_calls(store: RedisServer) -> int:
    """Return how many commands Redis has run, but for our own question."""
    with store.client() as client:
        found: dict[str, Any] = client.info("commandstats")
    names = {name.removeprefix("cmdstat_"): said["calls"] for name, said in found.items()}
    return sum(calls for name, calls in names.items() if name not in _NOT_OF_INTEREST)


@dataclass(frozen=True, slots=True)
class StatementLog:
    """PostgreSQL's log while it tells every statement."""

    path: Path

    def queries_per_call(self, name: str, call: Callable[[str], None], paths: list[str]) -> float:
        """Return how many queries a server sends for each of the paths, its idle ones taken off."""
        idle = self._counted(name, lambda: time.sleep(_IDLE)) / _IDLE
        began = time.monotonic()

        def ask_all() -> None:
            for path in paths:
                call(path)

        sent = self._counted(name, ask_all)
        return max(0.0, (sent - idle * (time.monotonic() - began)) / len(paths))

    def _counted(self, name: str, act: Callable[[], None]) -> int:
        before = self.path.stat().st_size
        act()
        with self.path.open("rb") as log:
            log.seek(before)
            return queries_in(log.read().decode(errors="replace"), name)


def queries_in(log: str, name: str) -> int:
    r"""Return how many statements that read or write rows a server has sent, as a log tells.

    >>> queries_in('''readpath[a] LOG:  statement: BEGIN
    ... readpath[a] LOG:  execute <unnamed>: SELECT 1
    ... readpath[b] LOG:  statement: SELECT 2
    ... ''', "a")
    1
    """
    return sum(1 for found in _STATEMENT.finditer(log) if found["name"] == name)


@contextmanager
def statement_log(cluster: Cluster) -> Iterator[StatementLog]:
    """Let PostgreSQL tell every statement while the block runs."""
    tell_statements(cluster, "all")
    try:
        yield StatementLog(cluster.home / "log")
    finally:
        tell_statements(cluster, "none")


def tell_statements(cluster: Cluster, which: str) -> None:
    """Let PostgreSQL write all statements into its log, or none; return once it does."""
    with cluster.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SHOW log_statement").fetchone() != (which,):
            time.sleep(0.01)
