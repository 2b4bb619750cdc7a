"""How many queries and Redis calls does one request take? PostgreSQL and Redis are asked themselves.

A few requests are sent one by one, untimed. PostgreSQL writes each statement into its log, where each
server has a name of its own, and Redis shows each command that is sent to it. A worker of ours looks at
the outbox, and renews its lease, all the time: what it does idle is counted first, and taken off.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
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
_NOT_OF_INTEREST: Final = frozenset({"client", "echo", "hello", "info", "monitor", "ping", "select"})
_MARK: Final = "readpath-ladder-until-here"

Act = Callable[[], None]
# Returns how much was counted while it let something act.
Counted = Callable[[Act], int]


def redis_commands(store: RedisServer) -> int:
    """Return how many commands Redis has run by now, those inside of scripts too."""
    with store.client() as client:
        found: dict[str, Any] = client.info("commandstats")
    return sum(said["calls"] for said in found.values())


def per_call(counted: Counted, call: Callable[[str], None], paths: Sequence[str]) -> float:
    """Return how much is counted for each of the paths that is called, what an idle server does taken off."""
    idle = counted(lambda: time.sleep(_IDLE)) / _IDLE
    began = time.monotonic()

    def call_all() -> None:
        for path in paths:
            call(path)

    found = counted(call_all)
    return max(0.0, (found - idle * (time.monotonic() - began)) / len(paths))


def queries(cluster: Cluster, name: str) -> Counted:
    """Return how to count what a server asks PostgreSQL, which has to be told to tell statements."""
    path = cluster.home / "log"

    def counted(act: Act) -> int:
        before = path.stat().st_size
        act()
        with path.open("rb") as log:
            log.seek(before)
            return queries_in(log.read().decode(errors="replace"), name)

    return counted


def redis_calls(store: RedisServer) -> Counted:
    """Return how to count what is sent to a Redis; it shows each command to whoever asks (`MONITOR`)."""

    def counted(act: Act) -> int:
        with store.client() as client, client.monitor() as monitor:
            act()
            client.echo(_MARK)
            shown = iter(monitor.next_command, None)
            commands = takewhile(lambda one: _MARK not in one["command"], shown)
            return sum(is_call(one) for one in commands)

    return counted


def is_call(shown: dict[str, Any]) -> bool:
    """Tell whether a command was sent by a server for its own purposes, and not run inside of a script."""
    name = shown["command"].partition(" ")[0].lower()
    return shown["client_type"] != "lua" and name not in _NOT_OF_INTEREST


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
def statements_told(cluster: Cluster) -> Iterator[None]:
    """Let PostgreSQL tell every statement while the block runs."""
    tell_statements(cluster, "all")
    try:
        yield
    finally:
        tell_statements(cluster, "none")


def tell_statements(cluster: Cluster, which: str) -> None:
    """Let PostgreSQL write all statements into its log, or none; return once it does."""
    with cluster.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SHOW log_statement").fetchone() != (which,):
            time.sleep(0.01)
