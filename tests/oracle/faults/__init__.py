"""The faults, a module for each thing that can break."""

from __future__ import annotations

LASTING = 4.0  # Seconds that something is broken: past a lease, and past what a writer waits for one.

# What clients may see of it.
LOST = frozenset({"read lost", "write lost"})
REFUSED = frozenset({"read 503", "write 503"})
