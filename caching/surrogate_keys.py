"""How is a label spelled that answers depend on?

`post:42` names a row, `posts:author=7` a collection, `post:*` every row of a kind: the
coarse key of `post:42`, used when a single statement touches very many rows. An answer
that depends on a key depends on its coarse key too.

Edges are narrow about the characters and lengths that they take (`Surrogate-Key` splits on
spaces, `Cache-Tag` on commas and ignores case), so a key is 1 to 32 characters of a small
alphabet, and what does not fit is replaced by a digest of itself. Equal labels get equal
spellings wherever they come from: a view, a trigger, a command line.

Only in the outbox a key may end in `!`: the row is gone, so that an edge drops what showed it
instead of asking whether it has changed. Inside, all that fell is built anew either way. No key ends
so, and nothing that has a URL is named so.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Collection
from hashlib import blake2b
from typing import Final

LONGEST: Final = 32
EVERYTHING: Final = "all"
GONE: Final = "!"

_FITS: Final = re.compile(r"[a-z0-9:=._*-]{1,32}")
# What stands before the colon; 12 letters leave room for the digest.
_KIND: Final = re.compile(r"[a-z]{1,12}")


def surrogate_key(label: str) -> str:
    """Return the label as a surrogate key: unchanged if it fits, else shortened by digest.

    >>> surrogate_key("posts:author=7")
    'posts:author=7'
    >>> len(surrogate_key("post:slug=" + "very-" * 20)) <= 32
    True
    """
    if _FITS.fullmatch(label):
        return label
    kind = _KIND.match(label)
    digest = b32encode(blake2b(label.encode(), digest_size=10).digest()).decode().lower()
    return f"{kind.group() if kind else 'x'}:.{digest}"


def is_gone(label: str) -> bool:
    """Tell whether the outbox says with this label that its row is gone.

    >>> is_gone("post:42!"), is_gone("post:42")
    (True, False)
    """
    return label.endswith(GONE)


def unmarked(label: str) -> str:
    """Return the label as everybody inside knows it: without the mark of a row that is gone.

    >>> unmarked("post:42!"), unmarked("post:42")
    ('post:42', 'post:42')
    """
    return label.removesuffix(GONE)


def key_of(label: str) -> str:
    """Return the surrogate key that a label of the outbox stands for; that its row is gone is for edges.

    >>> key_of("post:42!")
    'post:42'
    """
    return surrogate_key(unmarked(label))


def coarse_key(key: str) -> str:
    """Return the key of all rows or collections of this key's kind.

    >>> coarse_key("post:42"), coarse_key("posts:author=7"), coarse_key("posts")
    ('post:*', 'posts:*', 'posts:*')
    """
    return f"{key.partition(':')[0]}:*"


def carried_keys(keys: Collection[str]) -> frozenset[str]:
    """Return the keys as the relay spells them, with the coarse key of each: all that an entry falls with."""
    carried = {EVERYTHING}
    for key in keys:
        # Some may be carried already, by a fragment.
        if key != EVERYTHING:
            spelled = surrogate_key(key)
            carried.add(spelled)
            carried.add(coarse_key(spelled))
    return frozenset(carried)
