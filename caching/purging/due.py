"""What is to be told to an edge now, and what becomes of it when that was done, or failed?

Rows are taken without being locked, and stay where they are: whoever dies with them in his hands
has lost nothing. Each is settled only if it is still of the version that was taken; what has
changed meanwhile is told again. Who queues holds rows until his commit, in an order of his own; we
wait for none of them, for a row that somebody holds is one that has just changed.

An edge that has its answers from another one (`through`) is told after it, and for the last time
a rebound after the other was: until then it might get what the other still held.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db import connections, transaction

from caching.purge_queue import NOW, put, registered
from caching.surrogate_keys import EVERYTHING

logger = logging.getLogger(__name__)

# Rows that may wait for an edge; more become one for everything.
MOST_WAITING: Final = 10_000

# What is repeated is repeated in company: a stream of changes costs no more calls than one in a tick.
_LATER: Final = {
    "postgresql": f"(floor(({NOW['postgresql']} + %s) * 4) + 1) / 4",
    "sqlite": f"(CAST(({NOW['sqlite']} + %s) * 4 AS INTEGER) + 1) / 4.0",
}
# The clock may be set back: what was queued in the future was queued before that.
_IS_DUE: Final = """\
(p.stage = 0 AND (%(held_for)s <= 0 OR p.queued_at <= {now} - %(held_for)s OR p.queued_at > {now} + 1)
 OR p.stage = 1 AND p.due_at <= {now})"""
# Of the edge in between: the same key, or all keys; for `all`, whatever was queued before it.
_IS_FREE: Final = """\
NOT EXISTS (SELECT 1 FROM caching_purge t WHERE t.edge = %(through)s AND t.key = p.key
  AND (p.stage = 1 OR t.stage = 0))
 AND NOT EXISTS (SELECT 1 FROM caching_purge t WHERE t.edge = %(through)s AND t.key = 'all'
  AND (p.stage = 1 OR t.stage = 0))
 AND (p.key <> 'all' OR NOT EXISTS (SELECT 1 FROM caching_purge t WHERE t.edge = %(through)s
  AND (p.stage = 1 OR t.stage = 0)
  AND t.queued_at <= CASE WHEN p.stage = 0 THEN p.due_at ELSE p.queued_at END))"""
_TAKE: Final = """\
SELECT p.id, p.key, p.is_hard, p.stage, p.version,
       %(held_for)s <= 0 OR p.due_at <= {now} - %(held_for)s OR p.due_at > {now} + 1
  FROM caching_purge p WHERE p.edge = %(edge)s AND {conditions}
 ORDER BY p.key <> 'all', p.id LIMIT %(most)s"""
# Before the rows of the edge in between are gone: what of an edge behind it has still to be repeated.
_BEHIND: Final = """\
SELECT p.id FROM caching_purge p WHERE p.edge = %s AND p.stage = 1
   AND (p.key IN (SELECT key FROM caching_purge WHERE id IN ({ids}))
     OR EXISTS (SELECT 1 FROM caching_purge WHERE id IN ({ids}) AND key = 'all')
     OR p.key = 'all'
       AND p.queued_at >= (SELECT min(queued_at) FROM caching_purge WHERE id IN ({ids})))"""
_CHOSEN: Final = """\
SELECT p.id FROM caching_purge p JOIN unnest(%s::bigint[], %s::bigint[]) AS t (id, version)
    ON p.id = t.id AND p.version {compared} t.version FOR UPDATE OF p SKIP LOCKED"""


class Due(NamedTuple):
    """A row that is due, as it was when it was taken."""

    id: int
    key: str
    is_hard: bool
    stage: int
    version: int
    # Whether nobody inside can still hold what the last change has replaced.
    is_heard: bool = True


class Waiting(NamedTuple):
    """What waits for an edge."""

    first: int  # Keys that it has not been told.
    again: int  # Keys that it will be told once more.
    oldest: float  # Seconds for which the first of them has waited.


def take(edge: str, *, most: int, through: str | None, held_for: float) -> list[Due]:
    """Return what is due at an edge, the longest waiting first.

    `through`: the edge that this one gets its answers from has to be told before. `held_for`: a change is
    told when it is so many seconds old, whatever has happened to the same key since.
    """
    conditions = _IS_DUE if through is None else f"{_IS_DUE} AND {_IS_FREE}"
    found = _rows(
        _TAKE.replace("{conditions}", conditions),
        {"edge": edge, "most": most, "through": through, "held_for": held_for},
    )
    return [
        Due(pk, key, bool(is_hard), stage, version, bool(is_heard))
        for pk, key, is_hard, stage, version, is_heard in found
    ]


def settle(  # noqa: PLR0913 - what is known of a telling, each by name.
    edge: str,
    told: Collection[Due],
    *,
    rebound: float,
    calls: int,
    is_behind: bool = False,
    behind: Mapping[str, float] | None = None,
) -> None:
    """Note that an edge was told: each row waits for its rebound now, or is gone.

    What has changed meanwhile has to be told again, and has waited only since that change. `is_behind`: it
    gets its answers from another edge, and is told again after that one in any case. `behind`: the edges
    that get theirs from this one, and their rebounds.
    """
    is_repeated = rebound > 0 or is_behind
    first = [due for due in told if due.stage == 0]
    heard = [due for due in first if due.is_heard]
    unheard = [due._replace(version=0) for due in first if not due.is_heard]  # Of whichever version.
    done = [due for due in told if due.stage == 1] + ([] if is_repeated else heard)
    with transaction.atomic():
        _each("UPDATE caching_purge SET queued_at = due_at", [], heard + unheard, compared="<>")
        if is_repeated:
            repeated = "UPDATE caching_purge SET stage = 1, queued_at = due_at, due_at = {later}"
            _each(repeated, [rebound], heard)
        for name, seconds in (behind or {}).items():
            _put_off(name, done, seconds)
        _each("DELETE FROM caching_purge", [], done)
        _run(
            "UPDATE caching_edgestanding SET failures = 0, failing_since = NULL, retry_at = 0, reason = '',"
            " purged_at = {now}, calls = calls + %s, keys = keys + %s WHERE name = %s",
            [calls, len(told), edge],
        )


def fail(edge: str, reason: str, *, retry_in: float) -> None:
    """Note that an edge could not be told, and when to try again. What waits goes on waiting."""
    _run(
        "UPDATE caching_edgestanding SET failures = failures + 1, reason = %s, retry_at = {now} + %s,"
        " failing_since = COALESCE(failing_since, {now}) WHERE name = %s",
        [reason, retry_in, edge],
    )


def give_up_telling_apart(edge: str) -> bool:
    """Let an edge be flushed instead, if more waits for it than is worth telling; return whether it is."""
    ((waits, is_hard),) = _rows(
        "SELECT count(*), COALESCE(max(CASE WHEN is_hard THEN 1 ELSE 0 END), 0)"
        " FROM caching_purge WHERE edge = %s",
        [edge],
    )
    if waits <= MOST_WAITING:
        return False
    with transaction.atomic():
        found = _rows(
            f"SELECT id, version FROM caching_purge WHERE edge = %s AND key <> 'all'{_skipping()}",  # noqa: S608 - our own words.
            [edge],
        )
        _each("DELETE FROM caching_purge", [], [Due(pk, "", False, 0, version) for pk, version in found])
        put({EVERYTHING: bool(is_hard)}, edge=edge)
    return True


def bound() -> None:
    """Let no edge's queue grow beyond use, purge who may: of some edges nobody purges any more."""
    for edge in sorted(registered()):
        if give_up_telling_apart(edge):
            logger.warning(
                "too much waits for edge %s: all that it keeps will be purged, if anybody purges it"
                " (else: manage.py purge --forget %s)",
                edge,
                edge,
            )


def is_invalidated() -> bool:
    """Tell whether all that was queued has been invalidated inside, as far as that could be told.

    What was queued while Redis was out of reach has not, until a relay takes it from the outbox.
    """
    return bool(_rows("SELECT NOT EXISTS (SELECT 1 FROM caching_outbox WHERE is_queued)")[0][0])


def mind_the_clock(edge: str, *, rebound: float) -> None:
    """Repeat nothing later than after a rebound from now: the clock was set back, if it would be."""
    _run(
        "UPDATE caching_purge SET due_at = {later} WHERE edge = %s AND stage = 1 AND due_at > {now} + %s",
        [rebound, edge, rebound + 1.0],
    )


def next_in(edges: Collection[str], *, held_for: float) -> float:
    """Return in how many seconds something is due at one of these edges; infinite if nothing waits."""
    if not edges:
        return math.inf
    places = ", ".join(["%s"] * len(edges))
    ((soonest,),) = _rows(
        "SELECT min(CASE WHEN stage = 0 THEN queued_at + %s ELSE due_at END) - {now}"  # noqa: S608 - our own words.
        f" FROM caching_purge WHERE edge IN ({places})",
        [held_for, *edges],
    )
    return math.inf if soonest is None else max(0.0, float(soonest))


def waiting() -> dict[str, Waiting]:
    """Return what waits for each edge for which anything does."""
    found = _rows(
        "SELECT edge, sum(CASE WHEN stage = 0 THEN 1 ELSE 0 END), sum(stage),"
        " max(CASE WHEN stage = 0 THEN {now} - queued_at ELSE 0 END) FROM caching_purge GROUP BY edge"
    )
    return {edge: Waiting(int(first), int(again), max(0.0, oldest)) for edge, first, again, oldest in found}


def now() -> float:
    """Return the moment, by the database's clock."""
    return float(_rows("SELECT {now}")[0][0])


def _put_off(edge: str, done: Collection[Due], seconds: float) -> None:
    """Repeat at an edge no sooner than so many seconds from now what was just told for the last time."""
    if not done:
        return
    chosen = _BEHIND.replace("{ids}", ", ".join(["%s"] * len(done)))
    _run(
        f"UPDATE caching_purge SET due_at = {{later}} WHERE id IN ({chosen}{_skipping(' OF p')})",  # noqa: S608 - our own words.
        [seconds, edge, *(3 * [due.id for due in done])],
    )


def _each(statement: str, parameters: list[Any], rows: Sequence[Due], *, compared: str = "=") -> None:
    """Do this to the rows that are still of the version that was taken; or, if compared by <>, are not."""
    if not rows:
        return
    if connections["default"].vendor == "postgresql":
        chosen = _CHOSEN.replace("{compared}", compared)
        ids, versions = [due.id for due in rows], [due.version for due in rows]
        _run(f"{statement} WHERE id IN ({chosen})", [*parameters, ids, versions])
        return
    with connections["default"].cursor() as cursor:
        cursor.executemany(
            f"{_now_in(statement)} WHERE id = %s AND version {compared} %s",
            [[*parameters, due.id, due.version] for due in rows],
        )


def _skipping(of: str = "") -> str:
    return f" FOR UPDATE{of} SKIP LOCKED" if connections["default"].vendor == "postgresql" else ""


def _now_in(sql: str) -> str:
    vendor = connections["default"].vendor
    return sql.replace("{now}", NOW[vendor]).replace("{later}", _LATER[vendor])


def _run(sql: str, parameters: list[Any]) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(_now_in(sql), parameters)


def _rows(sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connections["default"].cursor() as cursor:
        cursor.execute(_now_in(sql), parameters)
        return list(cursor.fetchall())
