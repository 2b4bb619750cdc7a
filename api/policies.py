"""How long may each kind of answer be reused? In seconds, one reason each.

None of this makes an answer stale after a write: a write invalidates at once. These are
the times after which we look even though nobody has reported a change: for what may lag
(views, scores in an order), and in case something went round the triggers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

from django.conf import settings

from caching.freshness import CachePolicy

_BROWSER_TTL: Final = 5  # Nobody can invalidate a browser: keep it short, and let it ask with its ETag.
_EDGE_TTL: Final[int] = settings.READPATH["EDGE_TTL"]
_UNTOLD: Final = 300  # For what changes without a word to the edges: orders by counters, trending.
_HOUR: Final = 3600
_DAY: Final = 86_400

# What everybody looks at: counters in it age by seconds, and it may outlive the database by a day.
FIRST_PAGE: Final = CachePolicy(
    soft_ttl=10,
    hard_ttl=600,
    error_ttl=_DAY,
    browser_ttl=_BROWSER_TTL,
    edge_ttl=_EDGE_TTL,
)
# Seldom read and seldom changed: crawlers should not have it built anew every few seconds.
DEEPER_PAGE: Final = CachePolicy(
    soft_ttl=600,
    hard_ttl=3600,
    error_ttl=_DAY,
    browser_ttl=_BROWSER_TTL,
    edge_ttl=_EDGE_TTL,
)
# Everything a row shows is watched but its views, which may be a minute behind.
DETAIL: Final = CachePolicy(
    soft_ttl=60,
    hard_ttl=3600,
    error_ttl=_DAY,
    browser_ttl=_BROWSER_TTL,
    edge_ttl=_EDGE_TTL,
)
# Made of scores and a sliding window, so it ages by itself; a sort, so not for every reader.
TRENDING: Final = CachePolicy(
    soft_ttl=30,
    hard_ttl=600,
    error_ttl=_DAY,
    browser_ttl=_BROWSER_TTL,
    edge_ttl=min(_EDGE_TTL, _UNTOLD),
)
# Guessed addresses must neither reach the database each time nor fill the store for long. An edge
# that is told when the thing appears may keep them for an hour.
NOT_FOUND: Final = CachePolicy(
    soft_ttl=10,
    hard_ttl=60,
    error_ttl=60,
    browser_ttl=_BROWSER_TTL,
    edge_ttl=min(_EDGE_TTL, _HOUR),
)


@cache
def lagging(policy: CachePolicy) -> CachePolicy:
    """Return the policy for a list whose order depends on counters: rows move in it without a word."""
    return replace(policy, edge_ttl=min(policy.edge_ttl, _UNTOLD))
