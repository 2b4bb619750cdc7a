"""How does a process invalidate for all workers, and know that they have heard it?

Invalidating is one atomic step in Redis: the generations of the keys are deleted, so that no
entry in L2 that depends on them can be used, and the next record is appended to the log, whose
tails drop such entries from every L1. A writer then waits until the tail of each worker that
may trust its L1 (`leases.py`) has passed that record.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

import redis

from caching.codec import GENERATION_BYTES
from caching.coherence import OutOfReach, SharedPosition
from caching.shared import keys, scripts
from caching.shared.leases import Leases, Said, State, state_of
from caching.shared.link import Link

# Seconds; between two looks at what the workers have said. They need a few milliseconds.
_SHORTEST_PAUSE: Final = 0.0005
_LONGEST_PAUSE: Final = 0.02
GENERATION_TTL: Final = 2 * 86_400  # Seconds; longer than any entry is kept.


class SharedLog:
    """The log of invalidations that all workers follow. Safe across threads.

    Every method raises `OutOfReach` when Redis does not answer within its timeout, or has not
    lately.
    """

    def __init__(
        self,
        client: redis.Redis,
        link: Link,
        *,
        leases: Leases,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._link: Final = link
        self._leases: Final = leases
        self._clock: Final = clock
        self._pause: Final = pause
        self._invalidate: Final = client.register_script(scripts.INVALIDATE)
        self._look: Final = client.register_script(scripts.LOOK)
        self._bury: Final = client.register_script(scripts.BURY)
        self._vouch: Final = client.register_script(scripts.VOUCH)

    def invalidate(self, surrogate_keys: Collection[str], *, relay_pass: int = 0) -> int:
        """Invalidate the keys everywhere; return the number of the record that says so."""
        names = [*keys.COHERENCE, *keys.generations(surrogate_keys)]
        with self._link.reaching():
            number = self._invalidate(names, [_token(), relay_pass, "\n".join(surrogate_keys)])
        return int(number)

    def last(self) -> int:
        """Return the number of the last record."""
        return self._state().last

    def wait(self, number: int) -> None:
        """Return once every worker that trusts its L1 has applied the record with this number.

        Raises `OutOfReach` too when that takes longer than it can while nothing goes wrong: the
        number may be of a history that has ended since.
        """
        pause = _SHORTEST_PAUSE
        deadline = self._clock() + self._leases.longest * 2
        while self._clock() < deadline:
            workers = self._state().workers
            ended = self._leases.ended(workers)
            for name, said in ended.items():
                self._take_for_dead(name, said)
            # One that was taken for dead wrongly has renewed, and is among them the next time.
            if all(said.position >= number for said in workers.values()):
                return
            self._pause(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        raise OutOfReach(f"nobody can tell whether every worker has heard of record {number}")

    def vouch(self, surrogate_keys: Sequence[str], start: SharedPosition) -> Sequence[bytes] | None:
        """Return the generations of the keys, in their order, for an entry built since `start`.

        None if one of the keys was invalidated since, or if nobody can tell.
        """
        names = [*keys.COHERENCE, *keys.generations(surrogate_keys)]
        arguments: list[bytes | str | int] = [
            _token(),
            start.history,
            start.number,
            GENERATION_TTL,
            len(keys.GENERATION),
            secrets.token_bytes(GENERATION_BYTES),
        ]
        with self._link.reaching():
            found: list[bytes] = self._vouch(names, arguments)
        return found or None

    def _take_for_dead(self, worker: str, said: Said) -> None:
        with self._link.reaching():
            self._bury(keys.COHERENCE, [_token(), worker, said.beat])

    def _state(self) -> State:
        with self._link.reaching():
            return state_of(self._look(keys.COHERENCE, [_token()]))


def _token() -> str:
    return secrets.token_hex(8)
