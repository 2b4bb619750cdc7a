"""What waits in the outbox, and how does one relay at a time take it?

A pass is one transaction of the database:

    lock the row of `caching_relaying`      one relay at a time, in whichever process
    delete the outbox's rows, all we see
    queue their keys for the edges          `purge_queue.py`: told after we have committed
    invalidate their keys                   done by the caller, inside `relaying`
    commit                                  a crash before it repeats an invalidation

Rows are never told apart by their numbers: a number is drawn when a row is written, and a
long transaction commits low numbers late. What a pass does not see yet, another one will.

A relay that was stopped in its pass keeps the lock. Nobody waits for it longer than
`LOCK_WITHIN`: the rows are still there for all to see, so they are read without being deleted,
and invalidated once more. Edges hear of them when the server has ended its pass. This module does
not invalidate, and does not know who listens.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction

from caching import purge_queue
from caching.relaying.deadline import deadline
from caching.surrogate_keys import EVERYTHING, key_of

# Outbox rows taken at a time. Where as many wait, everything is invalidated: telling millions of
# keys apart, after an import, takes a minute and spares nothing.
BATCH: Final = 20_000
FEW: Final = 200  # Rows that a build looks through before it reads everything itself.
LOCK_WITHIN: Final = 0.25  # Seconds; a pass takes a few milliseconds.
STOPPED_AFTER: Final = 10.0  # Seconds; a relay that stands still in its pass for longer loses it.
LOOK_WITHIN: Final = 1.0  # Seconds; readers wait for a look.

_IS_EMPTY: Final = "SELECT NOT EXISTS (SELECT 1 FROM caching_outbox)"
_VISIBLE: Final = "SELECT id, key FROM caching_outbox ORDER BY id LIMIT {batch}"
# One statement sees one state of the database: no pass comes between the two tables.
_LOOK: Final = """\
SELECT (SELECT last_pass FROM caching_relaying WHERE id = 1), o.id, o.key
  FROM (SELECT 1) AS one
  LEFT JOIN (SELECT id, key FROM caching_outbox ORDER BY id LIMIT {batch}) AS o ON 1 = 1"""

_IS_UNQUEUED: Final = """\
SELECT EXISTS (SELECT 1 FROM caching_edgestanding)
   AND EXISTS (SELECT 1 FROM caching_outbox WHERE NOT is_queued)"""
_UNQUEUED: Final = "SELECT id, key FROM caching_outbox WHERE NOT is_queued ORDER BY id LIMIT {batch}"

# Made by whoever comes first, so that a table which was emptied is no special case.
_LOCK: Final = (
    "INSERT INTO caching_relaying (id, last_pass) VALUES (1, {number})"
    " ON CONFLICT (id) DO UPDATE SET last_pass = excluded.last_pass"
)
# Each statement sees what is committed when it begins, so the second one sees what the relay
# before us has done. If the server crashes, a pass that was lost is repeated: no need to wait
# for the disk. In one journey, for a writer waits for it.
_TAKE_POSTGRESQL: Final = f"""\
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = {LOCK_WITHIN * 1000:.0f};
SET LOCAL synchronous_commit = off;
SET LOCAL idle_in_transaction_session_timeout = {STOPPED_AFTER * 1000:.0f};
{_LOCK};
DELETE FROM caching_outbox
  WHERE id IN (SELECT id FROM caching_outbox ORDER BY id LIMIT {{batch}})
  RETURNING key, EXISTS (SELECT FROM caching_edgestanding)"""  # noqa: S608 - our own names.
# One at a time; and no relay takes away meanwhile what is being queued.
_ALONE_POSTGRESQL: Final = f"SET LOCAL lock_timeout = {LOCK_WITHIN * 1000:.0f}; {purge_queue.BETWEEN_PASSES}"
_LOCK_NOT_AVAILABLE: Final = "55P03"
_SQLITE_BUSY: Final = 5


class Taken(NamedTuple):
    """What a pass has taken from the outbox, or, where it could not, what it has read there."""

    keys: frozenset[str]
    # To be noted in the log: who has heard of this pass knows what it took. 0 if it took nothing.
    number: int
    rows: int

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is left in the outbox."""
        return bool(self.number) or not self.rows


class Look(NamedTuple):
    """What the outbox shows at one moment: who took rows last, and those that wait."""

    last_pass: int
    rows: tuple[tuple[int, str], ...]


@contextmanager
def relaying() -> Iterator[Taken]:
    """Take what waits in the outbox; it is gone if the block ends well, and else still there.

    What the block is given may be nothing. Raises `DatabaseError`, also after the block: then
    the rows are still there too.
    """
    with ExitStack() as stack:
        try:
            taken = stack.enter_context(_taking())
        except OperationalError as error:
            if not _is_locked(error):
                raise
            taken = _read_without_taking()
        yield taken


def is_empty() -> bool:
    """Tell whether nothing waits in the outbox."""
    return bool(_rows(_IS_EMPTY)[0][0])


def waiting() -> frozenset[str] | None:
    """Return the keys that wait, as the transaction under way sees them; None if there are many."""
    rows = _rows(_VISIBLE.format(batch=FEW))
    return None if len(rows) == FEW else frozenset(key_of(label) for _, label in rows)


def queue_for_edges() -> None:
    """Let the edges be told of what waits and cannot be relayed, and leave it here for later.

    What could not be relayed could not be invalidated either: the edges have to wait until nobody
    trusts what he holds without a look at the outbox (`purging/rounds.py`).
    """
    if not _rows(_IS_UNQUEUED)[0][0]:
        return
    try:
        _queue_for_edges()
    except OperationalError as error:
        if not _is_locked(error):
            raise
        # Somebody else does, or takes it all; what he leaves is for our next look.


def _queue_for_edges() -> None:
    vendor = connections["default"].vendor
    with _impatient(), transaction.atomic(durable=True), connections["default"].cursor() as cursor:
        if vendor == "postgresql":
            cursor.execute(_ALONE_POSTGRESQL)
        cursor.execute(_UNQUEUED.format(batch=BATCH))
        rows = cursor.fetchall()
        purge_queue.put(purge_queue.coalesced(_worth_telling_apart([label for _, label in rows])))
        cursor.executemany(
            "UPDATE caching_outbox SET is_queued = true WHERE id = %s", [[pk] for pk, _ in rows]
        )


def look() -> Look:
    """Return what waits now, at most `BATCH` rows of it, within about a second.

    Raises `DatabaseError`, or `InterfaceError`, and gives the connection up.
    """
    began, was_open = time.monotonic(), connections["default"].connection is not None
    try:
        found = _seen()
    except (DatabaseError, InterfaceError):
        # A connection that was kept may have died unnoticed since the last look.
        if not was_open or time.monotonic() - began >= LOOK_WITHIN:
            raise
        found = _seen()
    rows = tuple((pk, key_of(label)) for _, pk, label in found if pk is not None)
    return Look(found[0][0] or 0, rows)


def _seen() -> list[tuple[Any, ...]]:
    try:
        with deadline(connections["default"], LOOK_WITHIN):
            return _rows(_LOOK.format(batch=BATCH))
    except BaseException:
        connections["default"].close()
        raise


@contextmanager
def _taking() -> Iterator[Taken]:
    vendor = connections["default"].vendor
    number = secrets.randbits(62) + 1
    # Durable: inside somebody's transaction we would invalidate what may be rolled back.
    with _impatient(), transaction.atomic(durable=True), connections["default"].cursor() as cursor:
        labels, has_edges = _take(cursor, vendor, number)
        if not labels:
            transaction.set_rollback(True)
        more = 0
        if len(labels) >= BATCH:
            # What this deletes has been committed before, and is gone only after it was invalidated.
            cursor.execute("DELETE FROM caching_outbox")
            more = cursor.rowcount
        if has_edges:
            purge_queue.put(purge_queue.coalesced(_worth_telling_apart(labels)))
        yield _taken(labels, number if labels else 0, more)


def _take(cursor: Any, vendor: str, number: int) -> tuple[list[str], bool]:
    """Take the labels of what waits; tell, too, whether there is an edge that has to hear of them."""
    if vendor == "postgresql":
        cursor.execute(_TAKE_POSTGRESQL.format(number=number, batch=BATCH))
        while cursor.nextset():
            pass
        found = cursor.fetchall()
        return [label for label, _ in found], bool(found) and found[0][1]
    cursor.execute(_LOCK.format(number=number))
    cursor.execute(_VISIBLE.format(batch=BATCH))
    rows = cursor.fetchall()
    if rows:
        # Nobody commits beside us from here on, so this range of numbers is what we have read.
        cursor.execute("DELETE FROM caching_outbox WHERE id <= %s", [rows[-1][0]])
    return [label for _, label in rows], bool(rows)


def _taken(labels: list[str], number: int, more: int = 0) -> Taken:
    return Taken(frozenset(map(key_of, _worth_telling_apart(labels))), number, len(labels) + more)


def _worth_telling_apart(labels: list[str]) -> list[str]:
    return [EVERYTHING] if len(labels) >= BATCH else labels


def _read_without_taking() -> Taken:
    return _taken([label for _, label in _rows(_VISIBLE.format(batch=BATCH))], 0)


@contextmanager
def _impatient() -> Iterator[None]:
    """Let SQLite, too, wait for another's lock no longer than `LOCK_WITHIN`."""
    if connections["default"].vendor != "sqlite":
        yield
        return
    ((patience,),) = _rows("PRAGMA busy_timeout")
    _rows(f"PRAGMA busy_timeout = {LOCK_WITHIN * 1000:.0f}")
    try:
        yield
    finally:
        _rows(f"PRAGMA busy_timeout = {patience}")


def _is_locked(error: OperationalError) -> bool:
    cause = error.__cause__
    return (
        getattr(cause, "sqlstate", None) == _LOCK_NOT_AVAILABLE
        # The low byte is the kind of trouble, the others say more about it.
        or getattr(cause, "sqlite_errorcode", 0) & 0xFF == _SQLITE_BUSY
    )


def _rows(sql: str) -> list[tuple[Any, ...]]:
    # Asked all the time by an idle process: the ORM's own time would be most of it.
    with connections["default"].cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
