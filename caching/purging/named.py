"""Which keys may somebody name to be purged, and which way do they go?

That of every other change, through the outbox: so they are invalidated inside first, and the edges
are told once every worker has heard of it. A misspelt key would purge nothing and say nothing, so
what cannot be a key is refused; only the name of a slug may be of any length and of any letters, as
slugs are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from caching.models import Outbox
from caching.surrogate_keys import GONE, LONGEST, surrogate_key

_SLUG: Final = re.compile(r"[a-z]{1,12}:slug=\S+")
_LONGEST_QUOTE: Final = 60


class NotAKey(ValueError):
    """It cannot be a surrogate key; the text says what can."""


def purgeable_key(label: str) -> str:
    """Return the surrogate key that somebody has named. Raises `NotAKey`.

    >>> purgeable_key("posts:author=7")
    'posts:author=7'
    """
    key = surrogate_key(label)
    if key != label and not (_SLUG.fullmatch(label) and label.isprintable()):
        shown = label if len(label) <= _LONGEST_QUOTE else f"{label[:_LONGEST_QUOTE]}…"
        raise NotAKey(
            f"a surrogate key has 1 to {LONGEST} characters from a-z, 0-9 and :=._*- such as post:42;"
            f" {shown!r} is none"
        )
    return key


def purge(keys: Collection[str], *, is_hard: bool) -> None:
    """Have these keys invalidated and purged by whoever serves, once the transaction under way commits.

    `is_hard`: edges are to drop what carries them, instead of asking whether it has changed.
    """
    mark = GONE if is_hard else ""
    Outbox.objects.bulk_create([Outbox(key=key + mark) for key in sorted(set(keys))])
