"""Somebody dies at the worst moment: between a commit and its relay, in a pass, in a build."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LOST
from tests.redis import PATIENCE, wait_until
from tests.server import ROOT

_RELAYING = "SELECT last_pass FROM caching_relaying WHERE id = 1 FOR UPDATE"
_BUILDING = "LOCK TABLE api_posttag IN ACCESS EXCLUSIVE MODE"
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND query LIKE %s AND application_name LIKE %s"
)
_A_PASS, _A_BUILD = "%caching_relaying%", "SELECT%api_posttag%"


@contextmanager
def _locked(fleet: Fleet, lock: str) -> Iterator[None]:
    """Hold a lock for as long as the block takes."""
    with fleet.cluster.connect() as connection, connection.transaction():
        connection.execute(lock)
        yield


def wait_for_waiting(
    fleet: Fleet, query: str, *, count: int = 1, by: str = "%", patience: float = PATIENCE
) -> None:
    """Return once so many sessions wait for a lock with such a query."""
    with fleet.cluster.connect() as connection:
        wait_until(
            lambda: _waiting(connection, query, by) >= count, f"nobody waits with {query}", patience=patience
        )


def _waiting(connection: psycopg.Connection, query: str, by: str) -> int:
    ((count,),) = connection.execute(_WAITING, [query, by]).fetchall()
    return count


@known
class KilledBeforeRelay(Fault):
    """A worker is killed while its writers have committed and wait for their turn to relay."""

    name = "killed-between-commit-and-relay"
    allows = LOST

    def during(self, fleet: Fleet) -> None:
        """Keep everybody from relaying until several would, and kill one worker then."""
        worker = fleet.workers[0]
        with _locked(fleet, _RELAYING):
            # A relay in each worker, and on top of that writers.
            wait_for_waiting(fleet, _A_PASS, count=2)
            fleet.kill(worker)
        fleet.wait_for_workers(without=worker)


@known
class RelayKilled(Fault):
    """`manage.py relay` helps the workers, and is killed in the middle of a pass."""

    name = "relay-killed"

    def during(self, fleet: Fleet) -> None:
        """Start a relay, and kill it when it is about to take rows."""
        relay = subprocess.Popen(
            [sys.executable, "manage.py", "relay"],
            cwd=ROOT,
            env={**fleet.environment, "PGAPPNAME": "the relay"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with fleet.cluster.connect() as connection:
                wait_until(lambda: _is_there(connection), "the relay does not come up", patience=30)
            while True:
                with _locked(fleet, _RELAYING):
                    try:
                        wait_for_waiting(fleet, _A_PASS, by="the relay", patience=5.0)
                    except AssertionError:
                        continue  # Nobody wrote.
                    relay.kill()
                    break
        finally:
            relay.kill()
            relay.wait()


def _is_there(connection: psycopg.Connection) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the relay'"
    ((count,),) = connection.execute(query).fetchall()
    return bool(count)


@known
class BuilderKilled(Fault):
    """A worker is killed while representations are being built, some of them by it."""

    name = "builder-killed"
    allows = LOST

    def during(self, fleet: Fleet) -> None:
        """Hold up all builds until some wait, and kill a worker then."""
        worker = fleet.workers[0]
        with _locked(fleet, _BUILDING):
            wait_for_waiting(fleet, _A_BUILD, count=2)
            fleet.kill(worker)
        fleet.wait_for_workers(without=worker)
