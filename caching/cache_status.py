"""How was this answer come by? The `Cache-Status` field (RFC 9211), for clients and tests.

A request is answered by the cache (`hit`) or goes on to Django (`fwd`, with the reason),
never both. We are the cache nearest to the origin, so ours is the first member of the list,
to which edges append their own. All values are constants: there is nothing to compute.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from caching.headers import Field


class Outcome(Enum):
    """How a request was answered; the value is what metrics and log lines say."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"
    COLLAPSED = "collapsed"
    BYPASS = "bypass"


def _field(parameters: bytes) -> Field:
    return (b"cache-status", b"readpath; " + parameters)


HIT: Final = _field(b"hit")
# Served past its soft TTL, while a build renews it.
STALE: Final = _field(b"hit; detail=stale")
MISS: Final = _field(b"fwd=uri-miss; stored")
# Somebody else's build answered this request too.
COLLAPSED: Final = _field(b"fwd=uri-miss; collapsed")
BYPASS: Final = _field(b"fwd=bypass")

FIELDS: Final[Mapping[Outcome, Field]] = {
    Outcome.HIT: HIT,
    Outcome.STALE: STALE,
    Outcome.MISS: MISS,
    Outcome.COLLAPSED: COLLAPSED,
    Outcome.BYPASS: BYPASS,
}

# Finer words for some of them. A hit that was not in this worker's memory, but in Redis;
FROM_L2: Final = _field(b"hit; detail=l2")
# a hit that a look at the outbox has confirmed, for Redis is out of reach;
CONFIRMED: Final = _field(b"hit; detail=confirmed")
# a miss whose entry was refused, since a write came in between;
MISS_NOT_STORED: Final = _field(b"fwd=uri-miss")
# the same, for one who waited for it;
COLLAPSED_NOT_STORED: Final = _field(b"fwd=uri-miss; collapsed; detail=unstored")
# a miss because the entry was past its hard TTL, renewed;
RENEWED: Final = _field(b"fwd=stale; stored")
# the same, but the build failed and the old entry was served;
STALE_ON_ERROR: Final = _field(b"fwd=stale; fwd-status=503; detail=stale-if-error")
# a bypass because of the request's method.
METHOD: Final = _field(b"fwd=method")

# Answers that we do not keep ourselves: a write came in between, or we may not have heard of one.
UNSTORED: Final = frozenset({MISS_NOT_STORED, COLLAPSED_NOT_STORED})
