"""How are values of Django's cache read from the shared Redis, and changed in it?

Reading is plain GETs. Each change is one of the scripts of `scripts.py`, after which
this process's L1 drops the key, and the caller waits for those of all others
(`tiered_fleet.announced`). Knows keys and bytes; what the bytes mean is for `backend.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import redis
from django_redis import get_redis_connection

from caching.shared import keys as shared_keys
from caching.tiered.fleet import Fleet, announced, fleet_of
from caching.tiered.l1 import ALL_VALUES, ValuesL1, change_key
from caching.tiered.scripts import BOUNDED, DELETE, EVERY_VALUE, MAKE_ROOM, value_name

# Keys in one step; Redis does nothing else meanwhile.
AT_ONCE: Final = 1_000

_FOR_EVER: Final = -1  # As Redis says it.


class Stored(NamedTuple):
    """What Redis has under a key, and for how many seconds it may be held: None says not at all."""

    value: bytes | None
    lives_for: float | None


class ValuesL2:
    """The values in the Redis with this alias. Safe across threads; raises `OutOfReach`."""

    def __init__(self, alias: str, l1: ValuesL1) -> None:
        self._alias: Final = alias
        self._l1: Final = l1

    @property
    def fleet(self) -> Fleet:
        """Who else changes values."""
        return fleet_of(self._alias)

    def read(self, keys: Sequence[str]) -> list[Stored]:
        """Return what is under each key."""
        with self.fleet.reaching():
            pipeline = self._client().pipeline(transaction=False)
            for key in keys:
                # Whatever happens between the two is announced, and the value dropped for it.
                pipeline.get(value_name(key))
                pipeline.pttl(value_name(key))
            found: list[Any] = pipeline.execute()
        return [Stored(value, _lives_for(ttl)) for value, ttl in zip(found[::2], found[1::2], strict=True)]

    def change(self, script: str, keys: Sequence[str], ttl: str, *words: bytes) -> tuple[Any, ...]:
        """Run a script over the values of these keys; return its answer once the change may be relied on."""
        changed = [change_key(key) for key in keys]
        return self._announce(script, [value_name(key) for key in keys], changed, ttl, words)

    def make_room(self, keys: Sequence[str], *, most: int, frequency: int) -> None:
        """Remove the oldest values of caches with a bound if there are `most`, then count these."""
        with self.fleet.reaching():
            make_room = self._client().register_script(MAKE_ROOM)
            make_room([BOUNDED, *(value_name(key) for key in keys)], [most, frequency])

    def clear(self) -> None:
        """Remove every value."""
        for names in self._batches():
            self._announce(DELETE, names, (ALL_VALUES,), "", ())

    def _batches(self) -> Iterator[list[bytes]]:
        names: list[bytes] = []
        with self.fleet.reaching():
            for name in self._client().scan_iter(EVERY_VALUE, count=AT_ONCE):
                names.append(name)
                if len(names) == AT_ONCE:
                    yield names
                    names = []
        # Also if nothing is there: what Redis has evicted may be in an L1.
        yield [*names, BOUNDED]

    def _announce(
        self, script: str, names: Sequence[bytes], changed: Collection[str], ttl: str, words: Sequence[bytes]
    ) -> tuple[Any, ...]:
        arguments: list[Any] = [secrets.token_hex(8), "\n".join(changed), ttl, *words]
        try:
            with self.fleet.reaching():
                run = self._client().register_script(script)
                number, *answer = run([*shared_keys.COHERENCE, *names], arguments)
        finally:
            # Also if there was no answer: the change may have been made.
            self._l1.drop(changed)
        position = int(number)
        if position:
            announced(self._alias, position)
        return position, *answer

    def _client(self) -> redis.Redis:
        client: redis.Redis = get_redis_connection(self._alias)
        return client


def _lives_for(milliseconds: int) -> float | None:
    if milliseconds == _FOR_EVER:
        return float("inf")
    return milliseconds / 1000 if milliseconds > 0 else None
