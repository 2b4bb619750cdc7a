"""What did the edge spare the origin? A row for each phase of a run behind one.

What clients saw of the edge is said by `Cache-Status`, what came through by the origin's log:
reads that clients waited for and those that the edge made by itself, so the share of the reads
that it passed on may be a little more than what it had no answer for. L1, L2 and built are
parts of what came through. Bytes are those of bodies.
"""

from __future__ import annotations

import math
from typing import Final

from loadtests import tally as names
from loadtests.findings import Figures
from loadtests.outcomes import READS
from loadtests.run import Run

COLUMNS: Final = (
    *("phase", "reads", "edge hit ratio", "at the origin", "share", "L1", "L2", "built", "304"),
    *("MB to clients", "MB from origin", "late", "old", "last old after s"),
)


def table(run: Run) -> list[tuple[str, ...]]:
    """Return a row for each phase, and one for all that were judged."""
    rows = [_row(phase.name, found) for phase, found in run.by_phase()]
    return [*rows, _row("judged", run.judged())]


def _row(name: str, found: Figures) -> tuple[str, ...]:
    counts = found.counts
    return (
        name,
        f"{found.number(*READS):,}",
        _share(found.edge_ratio),
        f"{counts[names.ORIGIN_READS]:,}",
        _share(found.origin_share),
        *(_share(_part(found, one)) for one in (names.ORIGIN_L1, names.ORIGIN_L2)),
        *(f"{counts[one]:,}" for one in (names.ORIGIN_BUILDS, names.ORIGIN_NOT_MODIFIED)),
        *(f"{counts[one] / 1e6:,.2f}" for one in (names.BYTES, names.ORIGIN_BYTES)),
        *(f"{counts[one]:,}" for one in (names.LATE_READS, names.STALE_READS)),
        f"{found.lateness.longest:,.3f}" if len(found.lateness) else "-",
    )


def _part(found: Figures, name: str) -> float:
    reads = found.counts[names.ORIGIN_READS]
    return found.counts[name] / reads if reads else math.nan


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2%}"
