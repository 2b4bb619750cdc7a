"""Which groups does the answer to a write tell caches to drop?

A cache on the way of a write may hold what the write has changed; the answer names it, in the
same labels that answers carry as `Cache-Groups` (RFC 9875 §3):

    PATCH /api/v1/posts/42/  ──►  Cache-Group-Invalidation: "any", "post:42", "post:any", …

Caches need not look beyond 32 groups. More keys than that are named by kind, or else all are: too
much may be named, too little never. It is for those who pass the write on, besides the purging,
which reaches every edge.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from caching.labels import MOST_GROUPS, purged_with, structured
from caching.surrogate_keys import EVERYTHING, coarse_key

FIELD: Final = "Cache-Group-Invalidation"


def invalidated_groups(keys: Collection[str]) -> list[str]:
    """Return the groups that fall with these keys, in order; none for none.

    >>> invalidated_groups(["post:42"])
    ['any', 'post:42', 'post:any']
    """
    if not keys:
        return []
    if EVERYTHING not in keys:
        for named in (keys, {coarse_key(key) for key in keys}):
            groups = purged_with(named)
            if len(groups) <= MOST_GROUPS:
                return sorted(groups)
    return [EVERYTHING]


def group_invalidation(keys: Collection[str]) -> str:
    """Return the value of the field that names these keys.

    >>> group_invalidation(["posts"])
    '"any", "posts", "posts:any"'
    """
    return structured(invalidated_groups(keys))
