"""How old is a stored entry, and what may we do with it?

Every entry carries the moment it was stored. Compared with its policy's lifetimes, its age
puts it in exactly one of four states:

    age      0 ........ soft_ttl ............ hard_ttl .............. error_ttl ......
    state      fresh    |        stale        |   usable on error    |    expired
    action     serve    | serve, then refresh | rebuild; serve if    | rebuild
                                                the build fails

The words are those of RFC 9111 §4.2; stale entries are served under `stale-while-revalidate`
and `stale-if-error` (RFC 5861 §3, §4). An entry that a write has invalidated is in no state:
it is gone. Pure arithmetic: no I/O, and no clock of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Freshness(Enum):
    """The state of a stored entry; the value is what the log line says."""

    FRESH = "fresh"
    STALE = "stale"
    USABLE_ON_ERROR = "usable-on-error"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long one endpoint's answers may be reused, in seconds: by us, by browsers, by edges.

    `soft_ttl`, `hard_ttl` and `error_ttl` bind our own tiers; `browser_ttl` becomes `max-age`
    and `edge_ttl` the max-age of the targeted fields (RFC 9213). The stale lifetimes that
    clients are told follow from the same three.
    """

    soft_ttl: float
    hard_ttl: float
    error_ttl: float
    browser_ttl: int
    edge_ttl: int

    def __post_init__(self) -> None:
        if not 0 < self.soft_ttl <= self.hard_ttl <= self.error_ttl:
            raise ValueError(f"need 0 < soft_ttl <= hard_ttl <= error_ttl, got {self}")
        if self.browser_ttl < 0 or self.edge_ttl < 0:
            raise ValueError(f"need browser_ttl >= 0 and edge_ttl >= 0, got {self}")
