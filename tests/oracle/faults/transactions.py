"""Transactions that commit late, or fail: what they wrote into the outbox comes late, or never."""

from __future__ import annotations

import time
from threading import Barrier, Thread

import psycopg

from tests.fleet import Fleet
from tests.oracle.fault import Fault, known
from tests.oracle.faults import LASTING, REFUSED
from tests.redis import PATIENCE

_CHANGE = "INSERT INTO caching_outbox (key) SELECT 'post:' || id FROM api_post"
_TOUCH = "UPDATE api_author SET name = name WHERE id = (SELECT {which}(id) FROM api_author)"


@known
class LongTransaction(Fault):
    """Rows of the outbox that were numbered long ago are committed after thousands of others."""

    name = "long-transaction"

    def during(self, fleet: Fleet) -> None:
        """Write, wait, commit; the rows of an author are locked as long."""
        with fleet.cluster.connect() as connection, connection.transaction():
            connection.execute(_CHANGE)
            connection.execute(_TOUCH.format(which="min"))
            time.sleep(LASTING)


@known
class Deadlock(Fault):
    """Two transactions wait for each other, and PostgreSQL ends one of them."""

    name = "deadlock"

    def during(self, fleet: Fleet) -> None:
        """Let two sessions lock the same rows, each in another order."""
        ended: list[str] = []
        each_has_one = Barrier(2, timeout=PATIENCE)

        def lock(first: str, second: str) -> None:
            with fleet.cluster.connect() as connection:
                try:
                    with connection.transaction():
                        connection.execute(_CHANGE)
                        connection.execute(_TOUCH.format(which=first))
                        each_has_one.wait()
                        connection.execute(_TOUCH.format(which=second))
                except psycopg.errors.DeadlockDetected:
                    ended.append(first)

        sessions = [Thread(target=lock, args=pair) for pair in (("min", "max"), ("max", "min"))]
        for session in sessions:
            session.start()
        for session in sessions:
            session.join()
        assert len(ended) == 1, ended


@known
class SerializationFailures(Fault):
    """All transactions are serializable for a while: the workers' sessions are new, and some fail."""

    name = "serialization-failures"
    allows = REFUSED

    def during(self, fleet: Fleet) -> None:
        """Fail to serialize a transaction of our own, too."""
        with fleet.cluster.connect() as connection:
            connection.execute("ALTER ROLE CURRENT_USER SET default_transaction_isolation = serializable")
            fleet.cluster.terminate_connections()
        self._fail(fleet)
        time.sleep(LASTING)
        with fleet.cluster.connect() as connection:
            connection.execute("ALTER ROLE CURRENT_USER RESET default_transaction_isolation")
        fleet.cluster.terminate_connections()

    def _fail(self, fleet: Fleet) -> None:
        with fleet.cluster.connect() as one, fleet.cluster.connect() as other:
            one.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            one.execute(_CHANGE)
            other.execute(_TOUCH.format(which="min"))
            try:
                one.execute(_TOUCH.format(which="min"))
            except psycopg.errors.SerializationFailure:
                one.execute("ROLLBACK")
            else:
                raise AssertionError("both changed the same row")
