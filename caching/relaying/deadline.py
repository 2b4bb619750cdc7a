"""How long may the database keep us waiting?

A server that is stopped, or a wire that is cut without a word, answers nothing: neither does
a time-out that the server is asked to keep. So the connection is shut from our side when the
time is up, and whoever waits for it gets an error. The connection is of no use afterwards.

Connecting has a time-out of its own, which PostgreSQL's library does not let be shorter than
two seconds.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Final

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

_SHORTEST_TO_CONNECT: Final = 2  # Seconds.


@contextmanager
def deadline(database: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
    """Let the block talk to the database for so long. Raises `OperationalError` when it takes longer."""
    if database.vendor != "postgresql":
        yield  # A file does not keep anybody waiting.
        return
    _ensure_connection(database)
    wire = socket.socket(fileno=os.dup(database.connection.fileno()))
    is_late = Event()
    watch = Timer(seconds, _shut, [wire, is_late])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        watch.join()
        wire.close()
    if is_late.is_set():  # The answer came with the last of the time, and the connection is gone.
        raise OperationalError(f"the database took longer than {seconds:g} s")


def _ensure_connection(database: BaseDatabaseWrapper) -> None:
    if database.connection is None:
        # This thread's wrapper alone: what it connects for now, it connects for each time.
        options = {**database.settings_dict["OPTIONS"], "connect_timeout": _SHORTEST_TO_CONNECT}
        database.settings_dict = {**database.settings_dict, "OPTIONS": options}
        database.ensure_connection()


def _shut(wire: socket.socket, is_late: Event) -> None:
    is_late.set()
    with suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)
