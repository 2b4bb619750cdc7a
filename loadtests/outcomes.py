"""How did the service come by this answer? Read from `Cache-Status` (RFC 9211).

The first member of the list is the cache nearest to the origin, which is the service itself;
what edges have appended is looked at only where the run is known to go through one: then a hit in
any of them is the edge's, whatever the service had said when the edge stored the answer. Whoever
sends no such field has the outcome `unsaid`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """How a read was answered; the value is what the report says."""

    EDGE = "hit at the edge"
    HIT = "hit"
    L2 = "hit in L2"
    CONFIRMED = "hit, confirmed"
    STALE = "stale"
    COLLAPSED = "collapsed"
    MISS = "miss"
    BYPASS = "bypass"
    UNSAID = "unsaid"
    WRITE = "write"
    FAILED = "failed"


# What was answered from memory, without waiting for anybody's build.
HITS: Final = (Outcome.EDGE, Outcome.HIT, Outcome.L2, Outcome.CONFIRMED, Outcome.STALE)
READS: Final = (*HITS, Outcome.COLLAPSED, Outcome.MISS, Outcome.BYPASS, Outcome.UNSAID)
_BY_DETAIL: Final = {"l2": Outcome.L2, "confirmed": Outcome.CONFIRMED, "stale": Outcome.STALE}


def outcome_of(cache_status: str | None, *, behind_edge: bool = False) -> Outcome:
    """Return what the field says.

    >>> outcome_of("readpath; hit; detail=l2").value
    'hit in L2'
    >>> outcome_of("readpath; fwd=uri-miss; stored, edge; hit").value
    'miss'
    >>> outcome_of("readpath; fwd=uri-miss; stored, edge; hit", behind_edge=True).value
    'hit at the edge'
    """
    own, *edges = (cache_status or "").split(",")
    if behind_edge and any("hit" in _parameters(member) for member in edges):
        return Outcome.EDGE
    if not cache_status:
        return Outcome.UNSAID
    parameters = _parameters(own)
    if "hit" in parameters:
        return _BY_DETAIL.get(parameters.get("detail", ""), Outcome.HIT)
    if parameters.get("fwd") in {"bypass", "method"}:
        return Outcome.BYPASS
    if "collapsed" in parameters:
        return Outcome.COLLAPSED
    return Outcome.MISS if "fwd" in parameters else Outcome.UNSAID


def _parameters(member: str) -> dict[str, str]:
    found = {}
    for parameter in member.split(";")[1:]:
        name, _, value = parameter.partition("=")
        found[name.strip().lower()] = value.strip().strip('"').lower()
    return found
