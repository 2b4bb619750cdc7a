"""Which parts of a page need not be made again, because nothing that they show has changed?

A fragment is the JSON of one row as a list shows it. It lies in L1 among the entries, under a
name that no URL can have: inside the same budget, and dropped by the same surrogate keys. A
build may take it instead of reading the row, but must not mix two states of the database:

    made before the build   a fragment is not younger than what the build itself reads
    outbox, as the build    committed and not relayed yet: fragments with such a key are left
    sees it                 alone
    store refused           a key was invalidated since the build began, or nobody can tell:
                            built once more without any (`django_builds.py`)

For a change that lies between the two readings was relayed before the second one; so either the
fragment was dropped before the build began, or the log holds the change after the build's start.
Without a lease nobody might be able to tell, and a fragment would be taken in vain.

Columns that nobody watches age with the fragment, which is not taken after `fresh_until`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from caching.building import depends_on
from caching.coherence import Coherence, Start
from caching.eviction import MOST_READS
from caching.fragment import Fragment
from caching.surrogate_keys import carried_keys

# Seconds for which what may lag, such as views, is shown as it was.
FRESH_FOR: Final = 60.0

# Returns the keys of changes that are committed and perhaps not relayed, as the build's own
# snapshot sees them; None if there are too many to tell.
Waiting = Callable[[], Collection[str] | None]


class Fragments:
    """The fragments that one build takes and makes.

    To be asked once the build has read something: its snapshot is from before that. A change that
    the snapshot holds, and whose row in the outbox it does not, has been relayed before.
    """

    def __init__(self, coherence: Coherence, waiting: Waiting, *, now: float) -> None:
        self.now: Final = now
        self.is_used = False
        self._coherence: Final = coherence
        self._ask_waiting: Final = waiting
        self._began: Final = time.monotonic()
        self._waiting: Collection[str] | None = None
        self._is_asked = False
        self._made: Final[list[Fragment]] = []

    def get(self, key: bytes) -> bytes | None:
        """Return the bytes kept under this name, and depend on what they show, if this build may use them."""
        fragment = self._coherence.l1.fragment(key)
        if fragment is None or self.now >= fragment.fresh_until or not self._is_of_one_state(fragment):
            return None
        self.is_used = True
        if fragment.reads < MOST_READS:
            fragment.reads += 1
        depends_on(fragment.surrogate_keys)
        return fragment.body

    def keep(self, key: bytes, body: bytes, surrogate_keys: Collection[str]) -> None:
        """Keep what was made from the rows of this build's snapshot."""
        until, made_at = self.now + FRESH_FOR, time.monotonic()
        self._made.append(Fragment(key, body, carried_keys(surrogate_keys), until, made_at))

    def store(self, start: Start) -> None:
        """Put what was kept into L1, unless a write has overtaken the build that began at `start`."""
        for fragment in self._made:
            self._coherence.store(fragment, start=start.position)

    def _is_of_one_state(self, fragment: Fragment) -> bool:
        """Tell whether the fragment goes with what the build reads, as far as that can be said by now."""
        if fragment.made_at >= self._began or not self._coherence.is_trusting():
            return False
        if not self._is_asked:
            self._waiting, self._is_asked = self._ask_waiting(), True
        # Every fragment carries the key for everything, so that one needs no word of its own.
        return self._waiting is not None and fragment.surrogate_keys.isdisjoint(self._waiting)


class NoFragments(Fragments):
    """What a build uses that has to read everything itself."""

    def get(self, key: bytes) -> bytes | None:
        """Return nothing."""
        del key
        return None
