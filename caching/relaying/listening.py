"""How does somebody who passes changes on hear of one that somebody else has committed?

On PostgreSQL a trigger on the outbox notifies whoever listens, at the writer's commit; who queues
purges does it himself. Here we wait for that on the thread's own connection. Elsewhere there is
nothing to hear, and the relay, or the purger, looks now and then. In either case `wake` ends the
wait, from any thread or signal handler.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import Any, Final

from django.db import connections

# What is listened to, as the trigger spells it (`triggers/postgresql.py`), and `purge_queue.py`.
OUTBOX: Final = "outbox"
PURGES: Final = "purges"
_CHANNEL: Final = "SELECT 'readpath_' || %s || '_' || md5(current_schema())"


class Listening:
    """Waits on this thread's connection to the database, and on a pipe of its own."""

    def __init__(self, channel: str = OUTBOX) -> None:
        self._channel: Final = channel
        # Sockets and not a pipe: a closed one knows that it is, and writes to nobody else.
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._connection: Any = None
        self._is_notified = False

    @property
    def hears(self) -> bool:
        """Whether the database tells us of commits."""
        return self._connection is not None and not self._connection.closed

    def listen(self) -> None:
        """Hear of changes from now on, where the database can tell.

        To be called before the outbox is looked at: what was committed while nobody listened is
        there by then.
        """
        database = connections["default"]
        if database.vendor != "postgresql":
            return
        database.ensure_connection()
        if self._connection is not database.connection:
            with database.cursor() as cursor:
                cursor.execute(_CHANNEL, [self._channel])
                (channel,) = cursor.fetchone()
                cursor.execute(f'LISTEN "{channel}"')
            database.connection.add_notify_handler(self._hear)
            self._connection = database.connection

    def wait(self, seconds: float) -> None:
        """Return when a change was committed, when woken, or after so many seconds.

        Raises `DatabaseError` when the connection has been lost.
        """
        # What was read behind the end of an answer is in the driver: the socket tells nothing of it.
        is_due = self._is_notified or (self.hears and self._take_notifications())
        if not is_due and self._poll(seconds, *([self._connection] if self.hears else [])):
            with connections["default"].wrap_database_errors:
                self._connection.pgconn.consume_input()
                self._take_notifications()
        self._is_notified = False

    def sleep(self, seconds: float) -> None:
        """Return when woken, or after so many seconds."""
        self._poll(seconds)

    def wake(self) -> None:
        """End the wait of whoever waits, or the next one."""
        with suppress(OSError):  # Closed; or so many have called already that he cannot but wake.
            self._waker.send(b"\0")

    def close(self) -> None:
        """Listen no more."""
        self._awake.close()
        self._waker.close()

    def _poll(self, seconds: float, *others: Any) -> bool:
        """Return whether there is something to read from one of the others."""
        poll = select.poll()
        for wire in (self._awake, *others):
            poll.register(wire.fileno(), select.POLLIN)
        found = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
        with suppress(BlockingIOError):
            self._awake.recv(4096)
        return bool(found - {self._awake.fileno()})

    def _take_notifications(self) -> bool:
        """Take what the driver holds; return whether it was anything."""
        found = False
        while self._connection.pgconn.notifies():
            found = True
        return found

    def _hear(self, notification: object) -> None:
        # Called by the driver for what it finds among the answer to a query of ours.
        del notification
        self._is_notified = True
