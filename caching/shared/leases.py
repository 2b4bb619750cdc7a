"""Which workers may still trust their L1?

Every worker renews its lease by raising a beat. One whose beat has stood still for a whole
lease, by the clock of whoever watches, does not trust its L1 any more: it counts from before
it sent the renewal. So no two clocks are ever compared, and no clock of Redis is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

# Clocks of two machines do not run equally fast.
DRIFT: Final = 1.1
_WORKER: Final = b"w:"


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker said when it renewed its lease."""

    beat: int
    position: int


class State(NamedTuple):
    """What Redis knows of a history: where its log ends, and what each worker said last."""

    history: bytes
    last: int
    last_pass: int
    workers: Mapping[str, Said]


def state_of(found: list[bytes]) -> State:
    """Return the state from its fields, as Redis lists them: name, value, name, value."""
    fields = dict(zip(found[::2], found[1::2], strict=True))
    workers = {
        name.removeprefix(_WORKER).decode("latin-1"): Said(*(int(part) for part in value.split()))
        for name, value in fields.items()
        if name.startswith(_WORKER)
    }
    return State(fields[b"history"], int(fields[b"last"]), int(fields.get(b"pass", 0)), workers)


class Leases:
    """Since when has each worker's beat stood still, as this process has seen it? Safe across threads."""

    def __init__(self, *, lease: float, clock: Callable[[], float] = time.monotonic) -> None:
        # Seconds after which a beat that stands still is the last one.
        self.longest: Final = lease * DRIFT
        self._clock: Final = clock
        self._lock: Final = Lock()
        self._since: dict[str, tuple[int, float]] = {}

    def ended(self, workers: Mapping[str, Said]) -> dict[str, Said]:
        """Take in what the workers say now; return those whose lease must have run out."""
        now = self._clock()
        with self._lock:
            known, self._since = self._since, {}
            for name, said in workers.items():
                beat, since = known.get(name, (said.beat, now))
                self._since[name] = (said.beat, since if beat == said.beat else now)
            return {name: said for name, said in workers.items() if now - self._since[name][1] > self.longest}
