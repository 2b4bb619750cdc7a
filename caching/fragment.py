"""What is kept of one row, as lists show it?

Its JSON, ready to be joined with that of others, under a name that is no URL. In L1 a fragment is
a neighbour of entries: counted, evicted and dropped like them. When a build may take one, and
when it must not, is said in `fragments.py`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

_OBJECT_BYTES: Final = 200  # The fragment itself, its name and numbers.


@dataclass(slots=True)
class Fragment:
    """The bytes of one row, and all that they depend on, coarse keys included."""

    key: bytes
    body: bytes
    surrogate_keys: frozenset[str]
    fresh_until: float
    made_at: float  # By the monotonic clock; the row had been read by then.
    bytes: int = 0
    reads: int = 0  # As on an entry.

    def __post_init__(self) -> None:
        self.bytes = _OBJECT_BYTES + sys.getsizeof(self.body) + sys.getsizeof(self.surrogate_keys)
