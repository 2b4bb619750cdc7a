"""What came through to the origin? Read from its own access log, whatever an edge says of itself.

Gunicorn writes a line for each request that it has answered. Reads are counted into the tally of
the run, in the second and the phase in which they were answered: those that a client waited for,
and those that the edge made by itself, to renew or to ask whether what it holds is still right.
Bytes are those of the bodies, as sent.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from loadtests import tally as names
from loadtests.catalogue import API
from loadtests.outcomes import HITS, Outcome, outcome_of
from loadtests.scenarios import Phase
from loadtests.tally import Tally

FORMAT: Final = '%(t)s "%(r)s" %(s)s %(B)s %({cache-status}o)s'
_LINE: Final = re.compile(r'\[([^]]+)\] "(GET|HEAD) (\S+) [^"]*" ([0-9]{3}) ([0-9]+|-) (.*)')


@dataclass(frozen=True, slots=True)
class Read:
    """A read that the origin has answered."""

    at: float  # Seconds since the epoch, to half a second.
    status: int
    size: int
    outcome: Outcome


def reads(lines: Iterable[str]) -> Iterator[Read]:
    """Yield the reads of the API that a log tells of.

    >>> [line] = reads(['[01/Jan/1970:00:01:00 +0000] "GET /api/v1/posts/ HTTP/1.1" 304 0 readpath; hit'])
    >>> line.at, line.status, line.outcome.value
    (60.5, 304, 'hit')
    """
    for line in lines:
        found = _LINE.match(line)
        if found is None or not found[3].startswith(API):
            continue
        # The log knows whole seconds, cut off: on average they are half a second over.
        at = datetime.strptime(found[1], "%d/%b/%Y:%H:%M:%S %z").timestamp() + 0.5
        size = 0 if found[5] == "-" else int(found[5])
        yield Read(at, int(found[4]), size, outcome_of(found[6]))


def count(tally: Tally, seen: Iterable[Read], phases: Sequence[Phase], *, began: float) -> None:
    """Add the reads that fell into a run which began at that moment."""
    ends = list(accumulate(phase.seconds for phase in phases))
    for read in seen:
        due = read.at - began
        if not 0 <= due < ends[-1]:
            continue
        cell = bisect(ends, due), int(due)
        tally.count(cell, names.ORIGIN_READS)
        tally.count(cell, names.ORIGIN_BYTES, read.size)
        if read.status == 304:
            tally.count(cell, names.ORIGIN_NOT_MODIFIED)
        if read.outcome is Outcome.L2:
            tally.count(cell, names.ORIGIN_L2)
        elif read.outcome in HITS:
            tally.count(cell, names.ORIGIN_L1)
        elif read.outcome is Outcome.MISS:
            tally.count(cell, names.ORIGIN_BUILDS)
