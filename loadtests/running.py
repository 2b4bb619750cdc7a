"""What do the users of one process share while a run lasts?"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import gevent

from loadtests.errands import Addresses, Errand
from loadtests.ledger import Ledger
from loadtests.pump import Pump
from loadtests.tally import LATE_READS, STALE_READS, UNANSWERED, Tally


@dataclass(frozen=True, slots=True)
class Through:
    """What stands between the users and the service."""

    has_edge: bool = False
    # Seconds that a purge may take after the write that it tells of was acknowledged.
    grace: float = 0.0
    # The edge is told nothing and keeps answers for a time: old ones are counted, and are no fault.
    expires: bool = False

    def counted_as(self, late: float) -> str:
        """Return as what an answer counts that did not show a write acknowledged so many seconds before."""
        return LATE_READS if late <= self.grace else STALE_READS


@dataclass(slots=True)
class Running:
    """A run, as one process sees it."""

    pump: Pump
    ledger: Ledger
    again: Addresses
    token: str
    titles: Mapping[int, str]
    through: Through = Through()
    busy: int = 0
    most_cpu: float = 0.0
    tally: Tally = field(default_factory=Tally)

    @contextmanager
    def under_way(self, errand: Errand) -> Iterator[None]:
        """Count an errand that is being carried out; one that Locust cuts short was not answered."""
        self.busy += 1
        try:
            yield
        except BaseException:
            self.tally.count(errand.cell, UNANSWERED)
            raise
        finally:
            self.busy -= 1

    def is_over(self) -> bool:
        """Tell whether all errands have been handed out, and carried out."""
        return self.pump.is_done and not self.busy and not any(map(len, self.pump.queues.values()))

    def take_tally(self) -> Tally:
        """Return what was seen since this was last asked for."""
        taken, self.tally = self.tally, Tally()
        taken.cpu_shares[f"{socket.gethostname()} {os.getpid()}"] = self.most_cpu
        return taken

    def watch_cpu(self) -> NoReturn:
        """Note the greatest share of a core that this process needs in any second."""
        while True:
            began, cpu = time.perf_counter(), time.process_time()
            gevent.sleep(1.0)
            share = (time.process_time() - cpu) / (time.perf_counter() - began)
            self.most_cpu = max(self.most_cpu, share)
