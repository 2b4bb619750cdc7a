"""How long may others keep an answer? What we tell browsers and edges.

Browsers read `Cache-Control`, edges one of the targeted fields: `CDN-Cache-Control`
(RFC 9213) or the older `Surrogate-Control`. All three carry a lifetime and the two stale
lifetimes of RFC 5861, counted from its end. `public` is not needed and `s-maxage` is never
sent, for it forbids to serve stale (RFC 9111 §5.2.2.10).

    policy     0 ............ soft_ttl ........ hard_ttl ........ error_ttl
    field      max-age: browser_ttl, edge_ttl
               stale-while-revalidate:  |-------->|
               stale-if-error:          |-------------------------->|

An answer that will change by itself promises nothing beyond that moment. Whether an answer
may be kept at all is decided by whoever calls this; errors get `NO_STORE`.
"""

from __future__ import annotations

from typing import Final

from caching.freshness import CachePolicy
from caching.headers import Field

NO_STORE: Final[Field] = (b"cache-control", b"no-store")
# Private answers say so twice: some edges store whatever is not `private`.
PRIVATE: Final[Field] = (b"cache-control", b"private, no-store")


def freshness_fields(policy: CachePolicy, *, remaining: float | None = None) -> list[Field]:
    """Return the fields that tell browsers and edges how long to keep the answer.

    `remaining` is the number of seconds, from the moment of answering (not of building), after
    which the answer changes without a write; nothing may be kept longer than that.
    """
    for_browsers = _lifetimes(policy.browser_ttl, policy, remaining)
    for_edges = _lifetimes(policy.edge_ttl, policy, remaining)
    return [
        (b"cache-control", for_browsers),
        (b"cdn-cache-control", for_edges),
        (b"surrogate-control", for_edges),
    ]


def _lifetimes(max_age: int, policy: CachePolicy, remaining: float | None) -> bytes:
    stale = int(policy.hard_ttl - policy.soft_ttl)
    on_error = int(policy.error_ttl - policy.soft_ttl)
    if remaining is not None:
        left = max(0, int(remaining))
        max_age = min(max_age, left)
        stale = min(stale, left - max_age)
        on_error = min(on_error, left - max_age)
    # A lifetime of 0 is said aloud: an edge that is told nothing may have a default of its own.
    return b"max-age=%d, stale-while-revalidate=%d, stale-if-error=%d" % (max_age, stale, on_error)
