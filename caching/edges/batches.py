"""Which keys go into which call?

As few calls as the limits allow, in the order in which the keys came, each key once. `all`
makes the others needless, so it goes alone: there is no answer that does not carry it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caching.surrogate_keys import EVERYTHING


def calls(keys: Iterable[str], *, most_keys: int, most_bytes: int) -> Iterator[tuple[str, ...]]:
    """Yield the keys of each call: at most so many, with a separator each at most so long.

    >>> list(calls(["post:1", "post:2", "post:any"], most_keys=2, most_bytes=100))
    [('post:1', 'post:2'), ('post:any',)]
    """
    if most_keys < 1:
        raise ValueError(f"need most_keys >= 1, got {most_keys}")
    # A dictionary keeps the order and forgets what comes again.
    distinct = dict.fromkeys(keys)
    if EVERYTHING in distinct:
        distinct = {EVERYTHING: None}
    call: list[str] = []
    length = 0
    for key in distinct:
        needed = len(key.encode()) + 1
        if needed > most_bytes:
            raise ValueError(f"need most_bytes >= {needed} for the key {key!r}, got {most_bytes}")
        if len(call) == most_keys or length + needed > most_bytes:
            yield tuple(call)
            call, length = [], 0
        call.append(key)
        length += needed
    if call:
        yield tuple(call)
