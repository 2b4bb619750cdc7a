"""How can Django's cache be read from memory, and never be stale?

`TieredCache` is a cache backend over an L1 in the process (`l1.py`) and the Redis whose
alias is its LOCATION (`l2.py`). Sessions, throttles and third-party apps use it as any
other.

    get ─► L1 ─► Redis ─► L1          set, add, touch, incr, delete, clear
                                        └─► one script: change, append to the log
                                        └─► own L1: drop ─► wait for the L1 of all others

Once a change has returned, no `get` in any process answers with what was before. In an HTTP
request the wait comes at its end (`fleet.py`). L1 is used only while the fleet says that
this process hears of every change; else each `get` asks Redis.

Redis out of reach: **a read never raises, a change that Redis has not confirmed always does**.
`get` finds nothing (or what L1 may still serve), `get_or_set` computes; `set`, `add`, `touch`,
`incr`, `delete` and `clear` raise `OutOfReach`. Nothing less is right: after a `set` that does
nothing, the old value is back when Redis is; a session would look saved, a logout done; and False
from `add` says that somebody else was first, so that a job is skipped which nobody does.

Synchronous changes do not belong into the event loop: they wait for the tail, which runs there.
The asynchronous methods are in `asynchronous.py`.

OPTIONS: L1_BYTES; MAX_ENTRIES and CULL_FREQUENCY, which cost one step more per `set`. Limit:
what Redis itself loses or brings back (a failover, a restored snapshot) is as it has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from caching.coherence import OutOfReach
from caching.tiered import scripts
from caching.tiered.asynchronous import AsyncMethods
from caching.tiered.l1 import l1_of
from caching.tiered.l2 import AT_ONCE, ValuesL2
from caching.tiered.signed_values import UNREADABLE, Payload, authenticate, decode, encode

_L1_BYTES: Final = 16 * 1024 * 1024
_FOR_EVER: Final = ""
_LONGEST_TTL: Final = 100 * 365 * 86_400 * 1000  # Milliseconds; more is for ever, and Redis has a limit.


class TieredCache(AsyncMethods):
    """Django's cache in this process's memory, over a Redis that all workers share."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = params.get("OPTIONS") or {}
        self._l1 = l1_of(location, int(options.get("L1_BYTES", _L1_BYTES)))
        self._l2 = ValuesL2(location, self._l1)
        # Django's default of 300 is for caches that know no better; Redis has `maxmemory`.
        self._has_bound = "MAX_ENTRIES" in options or "max_entries" in params

    # --- Reading ----------------------------------------------------------------------

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or `default`. Never raises for Redis."""
        name = self.make_and_validate_key(key, version=version)
        value = self._held(name)
        return self._fetched([name]).get(name, default) if value is UNREADABLE else value

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Return the values that there are. Never raises for Redis."""
        names = {key: self.make_and_validate_key(key, version=version) for key in keys}
        found = {name: value for name in names.values() if (value := self._held(name)) is not UNREADABLE}
        missing = [name for name in names.values() if name not in found]
        if missing:
            found |= self._fetched(missing)
        return {key: found[name] for key, name in names.items() if name in found}

    def get_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        """Return the value, else store `default` or what it returns. Never raises for Redis."""
        value = self.get(key, self._missing_key, version=version)
        if value is not self._missing_key:
            return value
        default = default() if callable(default) else default
        try:
            self.add(key, default, timeout=timeout, version=version)
        except OutOfReach:
            return default
        return self.get(key, default, version=version)

    def _held(self, name: str) -> Any:
        """Return the value if it is held in this process, else `UNREADABLE`."""
        payload = self._l1.get(name) if self._l2.fleet.is_coherent() else None
        return UNREADABLE if payload is None else decode(name, payload)

    def _fetched(self, names: list[str]) -> dict[str, Any]:
        """Return the values that Redis has, and hold them."""
        values = {name: decode(name, payload) for name, payload in self._fetch(names).items()}
        return {name: value for name, value in values.items() if value is not UNREADABLE}

    def _fetch(self, names: list[str]) -> dict[str, Payload]:
        # Both before Redis is asked: what it answers may be older than a drop, and Redis counts
        # what is left to live from then on.
        start, asked_at = self._l1.position, self._l1.clock()
        may_promote = self._l2.fleet.is_coherent()
        try:
            answers = self._l2.read(names)
        except OutOfReach:
            return {}
        found = {}
        for name, stored in zip(names, answers, strict=True):
            payload = authenticate(name, stored.value) if stored.value is not None else UNREADABLE
            if payload is UNREADABLE:
                continue
            found[name] = payload
            if may_promote and stored.lives_for is not None:
                self._l1.put(name, payload, until=asked_at + stored.lives_for, start=start)
        return found

    # --- Changing ---------------------------------------------------------------------

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Store the value. Raises `OutOfReach`."""
        self.set_many({key: value}, timeout=timeout, version=version)

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Store all values; return an empty list, for none may fail by itself. Raises `OutOfReach`."""
        encoded: list[tuple[str, bytes]] = []
        for key, value in data.items():
            name = self.make_and_validate_key(key, version=version)
            encoded.append((name, encode(name, value)))
        for first in range(0, len(encoded), AT_ONCE):
            names, values = zip(*encoded[first : first + AT_ONCE], strict=True)
            self._make_room(names)
            self._l2.change(scripts.SET, names, self._ttl(timeout), *values)
        return []

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value if there is none; return whether it was stored. Raises `OutOfReach`."""
        name = self.make_and_validate_key(key, version=version)
        encoded, replaceable = encode(name, value), b""
        self._make_room([name])
        while True:
            answer = self._l2.change(scripts.ADD, [name], self._ttl(timeout), encoded, replaceable)
            if answer[0]:
                return True
            # What `get` calls missing, `add` must be able to fill.
            found = answer[1]
            payload = authenticate(name, found)
            if payload is not UNREADABLE and decode(name, payload) is not UNREADABLE:
                return False
            replaceable = found

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Let the value live for `timeout` seconds from now; False if there is none. Raises `OutOfReach`."""
        name = self.make_and_validate_key(key, version=version)
        return bool(self._l2.change(scripts.TOUCH, [name], self._ttl(timeout))[0])

    def incr(self, key: Any, delta: Any = 1, version: int | None = None) -> Any:
        """Add to the value, and return the sum; its time to live stays.

        Raises `OutOfReach`, and `ValueError` if there is no value. Atomic for all that can be added.
        """
        name = self.make_and_validate_key(key, version=version)
        whole = b"%d" % delta if isinstance(delta, int) else b"x"  # Redis refuses what is no integer.
        while True:
            number, found = self._l2.change(scripts.INCREASE, [name], _FOR_EVER, whole)
            if number:
                return int(found)
            payload = authenticate(name, found) if found is not None else UNREADABLE
            value = decode(name, payload) if payload is not UNREADABLE else UNREADABLE
            if value is UNREADABLE:
                raise ValueError(f"Key '{key}' not found")
            # A float, a decimal, an integer of more than 64 bits: again if somebody was faster.
            total = value + delta
            if self._l2.change(scripts.EXCHANGE, [name], _FOR_EVER, encode(name, total), found)[0]:
                return total

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Remove the value; return whether there was one. Raises `OutOfReach`."""
        name = self.make_and_validate_key(key, version=version)
        return bool(self._l2.change(scripts.DELETE, [name], _FOR_EVER)[1])

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Remove the values. Raises `OutOfReach`."""
        names = [self.make_and_validate_key(key, version=version) for key in keys]
        for first in range(0, len(names), AT_ONCE):
            self._l2.change(scripts.DELETE, names[first : first + AT_ONCE], _FOR_EVER)

    def clear(self) -> None:
        """Remove every value of every cache over the same Redis. Raises `OutOfReach`."""
        self._l2.clear()

    def _make_room(self, names: Sequence[str]) -> None:
        if self._has_bound:
            self._l2.make_room(names, most=self._max_entries, frequency=self._cull_frequency)

    def _ttl(self, timeout: Any) -> str:
        """Return how many milliseconds a value is to live, as the scripts are told."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        if seconds is None or seconds * 1000 > _LONGEST_TTL:
            return _FOR_EVER
        return str(max(0, int(seconds * 1000)))
