"""Which surrogate keys were invalidated, and in which order?

Each invalidation gets the next position. Whoever began something at a position can ask
whether a key of his was invalidated since. The log is bounded: asked about a past that it
no longer holds, it answers yes, the safe answer.

Not safe across threads by itself; `coherence.py` holds its lock around it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from itertools import islice
from typing import Final

# Keys kept, and as many records at most. Builds take milliseconds, so a few would do; bounded
# in keys, for a mass update invalidates thousands at a time.
LONGEST: Final = 50_000


class InvalidationLog:
    """The last invalidations, in order."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest: Final = longest
        self._held = 0
        self._records: Final[deque[frozenset[str]]] = deque()
        self.position = 0

    def append(self, keys: Collection[str]) -> int:
        """Record that these keys were invalidated; return the position of the record."""
        record = frozenset(keys)
        self._records.append(record)
        self._held += _weight(record)
        self.position += 1
        while self._held > self._longest:
            self._held -= _weight(self._records.popleft())
        return self.position

    def touches(self, keys: Collection[str], *, after: int, until: int | None = None) -> bool:
        """Tell whether one of `keys` was invalidated after position `after`, up to and with `until`.

        Also true when the log no longer reaches back to `after`.
        """
        last = self.position if until is None else min(until, self.position)
        if last <= after:
            return False
        oldest = self._oldest
        if after < oldest:
            return True
        return any(not self._records[position - oldest].isdisjoint(keys) for position in range(after, last))

    def since(self, after: int) -> frozenset[str] | None:
        """Return the keys that were invalidated after a position; None if the log no longer reaches back."""
        if after < self._oldest:
            return None
        return frozenset().union(*islice(self._records, after - self._oldest, None))

    @property
    def _oldest(self) -> int:
        """The position before the oldest record held."""
        return self.position - len(self._records)


def _weight(record: frozenset[str]) -> int:
    return max(1, len(record))
