"""What waits for each edge, and what fails? For people, probes and the log.

It is in the database, where whoever purges writes it down, so every process says the same. Nothing
here is secret: what an edge is told with is known to its backend alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from caching.models import EdgeStanding
from caching.purging import due


class Standing(NamedTuple):
    """How one edge stands; durations are seconds until now."""

    name: str
    waiting: int  # Keys that it has not been told of.
    oldest: float  # For how long the first of them has waited.
    again: int  # Keys that it will be told of once more.
    failures: int  # In a row.
    failing_for: float | None
    retry_in: float
    reason: str
    purged_ago: float | None
    calls: int
    keys: int

    def shown(self) -> dict[str, Any]:
        """Return it as JSON shows it, but for the name: to the millisecond."""
        shown = {name: _rounded(value) for name, value in self._asdict().items()}
        del shown["name"]
        return shown

    def in_short(self) -> dict[str, Any]:
        """Return what a probe is told."""
        shown = self.shown()
        return {name: shown[name] for name in ("waiting", "oldest", "failing_for", "reason")}


def standings() -> list[Standing]:
    """Return how all registered edges stand, by name. Raises `DatabaseError`."""
    edges = list(EdgeStanding.objects.order_by("name"))
    if not edges:
        return []
    waits, now = due.waiting(), due.now()
    return [_standing(edge, waits.get(edge.name, due.Waiting(0, 0, 0.0)), now) for edge in edges]


def _standing(edge: EdgeStanding, waits: due.Waiting, now: float) -> Standing:
    return Standing(
        name=edge.name,
        waiting=waits.first,
        oldest=waits.oldest,
        again=waits.again,
        failures=edge.failures,
        failing_for=_ago(edge.failing_since, now),
        retry_in=max(0.0, edge.retry_at - now) if edge.failures else 0.0,
        reason=edge.reason,
        purged_ago=_ago(edge.purged_at, now),
        calls=edge.calls,
        keys=edge.keys,
    )


def _ago(moment: float | None, now: float) -> float | None:
    return None if moment is None else max(0.0, now - moment)


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
