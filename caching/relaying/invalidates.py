"""What does the relay need of those who must hear of changes?

Without Redis that is this process's own L1 and log (`coherence.Coherence`); with it, the log
that all workers follow (`shared.fleet`). The relay, and a writer who waits to be answered,
know neither of them by name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Invalidates(Protocol):
    """Whoever is told about changes. `OutOfReach` from any method means: not now."""

    @property
    def epoch(self) -> int:
        """Return a number that changes whenever trust must be earned anew.

        That is when the triggers may have gone (a record for everything), and when records may
        have been missed.
        """

    def invalidate(self, keys: Collection[str], *, relay_pass: int = 0) -> int:
        """Drop what carries the keys; return the log's position to wait for. Raises `OutOfReach`."""

    def last(self) -> int:
        """Return the log's last position. Raises `OutOfReach`."""

    def wait(self, position: int) -> None:
        """Return once every live worker has applied the log up to there. Raises `OutOfReach`."""

    def position(self) -> int:
        """Return how far this process itself has heard, to be noted before a change."""

    def heard_since(self, position: int) -> frozenset[str] | None:
        """Return the keys that it has heard of since; None unless it is certain to have heard of all."""

    def trust(self, epoch: int) -> None:
        """Store from now on: the outbox was relayed and the triggers were seen since `epoch` was read."""

    def distrust(self) -> None:
        """Drop everything, and store nothing until `trust`."""

    def is_trusting(self) -> bool:
        """Tell whether this worker believes its L1 at this moment."""

    def lost_for(self) -> float:
        """Return the seconds since the log was last in reach; 0.0 while it is."""
