"""Which part of a collection in order of time does a page depend on?

A page in the middle shows the rows between two moments. A row that appears, vanishes or moves
elsewhere changes nothing of it, so it does not depend on the collection as a whole but on
intervals that cover it: all as long as 2^9 seconds, or 2^12, and so on to 2^27 (four years),
whichever length is the first of which a few suffice.

    page        ────────────[‾‾‾‾‾‾‾‾‾‾‾‾‾]──────────────────►  time
    2^12 s      │   ·   │   x   │   x   │   x   │   ·   │        depends on three
    a new row                                             ^      touches none of them

Who changes a row names its interval of every length (`triggers/`), eight keys for each collection
that it is in; who shows a page carries at most eight. A page with an open end, such as the
first, depends on the whole: whatever comes may belong to it.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

# Lengths as powers of two, in seconds: from eight minutes to four years.
LENGTHS: Final = (9, 12, 15, 18, 21, 24, 27)
MOST: Final = 8


def range_keys(collection: str, one: datetime, other: datetime) -> tuple[str, ...]:
    """Return the keys of the intervals of the collection that cover the time from one moment to the other.

    >>> from datetime import UTC
    >>> range_keys("posts", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 10, tzinfo=UTC))
    ('posts:9.3451612', 'posts:9.3451613')
    """
    first, last = sorted((math.floor(one.timestamp()), math.floor(other.timestamp())))
    for length in LENGTHS:
        numbers = range(first >> length, (last >> length) + 1)
        if len(numbers) <= MOST:
            return tuple(f"{collection}:{length}.{number}" for number in numbers)
    return (collection,)
