"""What is an edge to us?

A shared cache in front of us that keeps answers by their labels, and that drops them when
it is told the label. How it is told is its backend's affair: each speaks one interface of
one product, makes one call at a time, and knows how much fits into a call. How often, in
which order and how long after a failure is the purger's.

    keys ──► batches.calls(…) ──► backend.purge(call) ──► nothing | Failed

A call is idempotent: whoever is not sure that one arrived makes it again. A failure says
why in words for the log and for `/healthz/ready`, so a backend never puts a token there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Failed(Exception):
    """The edge was not told, or did not agree: why, and the seconds that it asked us to wait, if it did."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Backend(Protocol):
    """Tells one edge which labels have changed. Used by one thread at a time."""

    @property
    def dialects(self) -> tuple[str, ...]:
        """Which label fields the edge reads; any one of them is enough."""

    @property
    def most_keys(self) -> int:
        """How many keys fit into a call."""

    @property
    def most_bytes(self) -> int:
        """How long the keys of a call may be together, with a separator each."""

    def purge(self, keys: Sequence[str], *, is_hard: bool) -> None:
        """Make one call: drop (hard) or expire (soft) what carries one of the keys; raise `Failed`.

        `all` among the keys stands alone. An edge that cannot expire drops.
        """

    def close(self) -> None:
        """Give up the connections that were kept."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge as it is configured: whom to tell, how often at most, and what stands in front of what."""

    name: str
    backend: Backend
    rate: float  # Calls per second; infinite where nobody limits them.
    burst: int  # Calls at once, after a pause.
    rebound: float  # Seconds until a purge is repeated; 0: it is not.
    through: str | None  # The edge from which this one gets its answers, if not from us.
