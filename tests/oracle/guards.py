"""What keeps a read from being stale? Each guard can be taken away, to see that it is missed.

Nothing of this is in the service: `broken.py` is an application of the tests' own that changes
the code after it was loaded. A guard that has moved makes `remove` fail, loudly. Most races that
a guard decides are lost once in a thousand times; `provoke` makes them longer, which must
do no harm while the guard is there.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from caching import coherence, confirming, django_builds, flights, fragments
from caching.relaying import acknowledging, outbox, relay
from caching.shared import fleet, gathering, l2, log, scripts, tail

Change = Callable[[], None]
_LONGEST = 0.04  # Seconds by which a race is made longer.
_LONGEST_BUILD = 0.2
_LONGEST_TAKING = 0.005  # Of one fragment; a page may have twenty.
# Few, or else on a busy machine nothing would be in L2 by the time that somebody asks for it.
_LONGEST_FETCH, _SLOW_FETCHES = 0.4, 0.15
_SHARE_OUT_OF_REACH = 0.3
_LONGEST_READING = 0.3  # Of the log, by a tail; it has to be longer than a busy writer's own steps.


def _nothing() -> None:
    """Leave everything as it is."""


@dataclass(frozen=True)
class Guard:
    """Something without which reads are stale: how to do without it, and when that shows."""

    remove: Change
    provoke: Change = _nothing
    faults: tuple[str, ...] = ()
    is_alone: bool = False  # Whether to try it with one worker, on SQLite and without Redis.
    tears: bool = False  # Whether pages are torn, rather than stale; seldom, so to be tried by hand.


GUARDS: dict[str, Guard] = {}


def _replace(owner: Any, name: str, made: Callable[[Any], Any]) -> None:
    setattr(owner, name, made(getattr(owner, name)))


def _cut_out(owner: Any, name: str, beginning: str, end: str, instead: str = "") -> None:
    """Take a part out of a text: from where it begins up to, and without, the end."""
    text = getattr(owner, name)
    before, found, rest = text.partition(beginning)
    assert found, f"{name} has no {beginning!r}"
    _, found, after = rest.partition(end)
    assert found, f"{name} has no {end!r}"
    setattr(owner, name, before + instead + end + after)


def _slow(owner: Any, name: str, *, after: bool = False, longest: float = _LONGEST) -> Change:
    """Let a function take a little longer, before or after what it does."""

    def change() -> None:
        def made(function: Any) -> Any:
            def slower(*args: Any, **kwargs: Any) -> Any:
                if not after:
                    time.sleep(random.random() * longest)
                try:
                    return function(*args, **kwargs)
                finally:
                    if after:
                        time.sleep(random.random() * longest)

            return slower

        _replace(owner, name, made)

    return change


def _slow_later(owner: Any, name: str, *, longest: float = _LONGEST, share: float = 1.0) -> Change:
    """Let a coroutine take a little longer, after what it does; or this share of its calls."""

    def change() -> None:
        def made(function: Any) -> Any:
            async def slower(*args: Any, **kwargs: Any) -> Any:
                result = await function(*args, **kwargs)
                if random.random() < share:
                    await asyncio.sleep(random.random() * longest)
                return result

            return slower

        _replace(owner, name, made)

    return change


def _instead(owner: Any, name: str, other: Any) -> Change:
    def change() -> None:
        _replace(owner, name, lambda _: other)

    return change


def _stored_unasked(self: coherence.Coherence, entry: Any, *, start: int) -> bool:
    del start
    return self.l1.put(entry)


async def _promoted_unasked(self: Any, cache_key: bytes, reading: Any) -> Any:
    if self._gathering is None:
        self._gathering = gathering.Gathering(reading, self._link)
    entry = await self._gathering.get(cache_key)
    if entry is not None:
        self._coherence.l1.put(entry)
    return entry


def _kept(self: coherence.Coherence, keys: Any) -> None:
    if keys:
        self._log.append(keys)


def _leased_for_ever(self: coherence.Coherence, until: float) -> None:
    del until
    self.trusted_until = self._lease_until = math.inf


async def _confirmed_unasked(self: Any) -> bool:
    del self
    return True


def _built_once(self: Any, target: Any, start: Any) -> Any:
    found = fragments.Fragments(self._coherence, outbox.waiting, now=self._clock())
    landing = self._landing(target, start, found)
    found.store(start)
    return landing


def _as_if_read(function: Any) -> Any:
    def store(self: Any, entry: Any, start: Any, *, is_composed: bool = False) -> Any:
        del is_composed
        return function(self, entry, start)

    return store


def _begun_in_the_end(function: Any) -> Any:
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        function(self, *args, **kwargs)
        self._began = math.inf

    return made


def _out_of_reach_now_and_then(function: Any) -> Any:
    def put(self: Any, *args: Any) -> Any:
        if random.random() < _SHARE_OUT_OF_REACH:
            raise coherence.OutOfReach("as a fault would have it")
        return function(self, *args)

    return put


def _all(*changes: Change) -> Change:
    def change() -> None:
        for one in changes:
            one()

    return change


def _unrelayed(self: Any) -> bool:
    del self
    return True


GUARDS["store in L1 only what no write has overtaken"] = Guard(
    _instead(coherence.Coherence, "store", _stored_unasked), _slow(l2.L2, "put", after=True)
)
GUARDS["store alone only what no write has overtaken"] = Guard(
    _instead(coherence.Coherence, "store", _stored_unasked),
    _slow(django_builds, "make_entry"),
    is_alone=True,
)
GUARDS["store in L2 only what no write has overtaken"] = Guard(
    lambda: _cut_out(scripts, "VOUCH", "local start, last =", "local found ="),
    _slow(log.SharedLog, "vouch"),
)
GUARDS["take from L2 only what its generations vouch for"] = Guard(
    lambda: setattr(scripts, "READ", "return redis.call('GET', KEYS[1])"),
)
GUARDS["promote only what was not invalidated meanwhile"] = Guard(
    _instead(l2.L2, "get", _promoted_unasked),
    _slow_later(gathering.Gathering, "_fetched", longest=_LONGEST_FETCH, share=_SLOW_FETCHES),
)
GUARDS["drop from L1 what the tail hears of"] = Guard(_instead(coherence.Coherence, "_invalidate", _kept))
GUARDS["wait for all tails before acknowledging"] = Guard(
    _instead(log.SharedLog, "wait", lambda self, number: None),
    _slow_later(tail.Tail, "_records", longest=_LONGEST_READING),
)
GUARDS["relay before acknowledging"] = Guard(_instead(acknowledging.Acknowledging, "acknowledge", _unrelayed))
GUARDS["join only builds that began after what one knows"] = Guard(
    _instead(flights.Flights, "_is_outdated", lambda *_: False),
    _slow(django_builds, "make_entry", longest=_LONGEST_BUILD),
)
GUARDS["trust L1 no longer than the lease"] = Guard(
    _instead(coherence.Coherence, "leased", _leased_for_ever), faults=("worker-stopped",)
)
GUARDS["look at the outbox while Redis is away"] = Guard(
    _instead(confirming.Confirming, "confirm", _confirmed_unasked), faults=("redis-dead",)
)

# A page is torn if it shows one half of a transaction as it was, by a fragment, and reads the other.
GUARDS["take no fragment that is younger than the build"] = Guard(
    lambda: _replace(fragments.Fragments, "__init__", _begun_in_the_end),
    _all(_slow(fragments.Fragments, "get", longest=_LONGEST_TAKING), _slow(relay.Relay, "_pass_over")),
    tears=True,
)
GUARDS["take no fragment whose change waits in the outbox"] = Guard(
    _instead(outbox, "waiting", frozenset), _slow(relay.Relay, "_pass_over"), tears=True
)
GUARDS["build anew what shows fragments and was overtaken"] = Guard(
    _instead(django_builds.DjangoBuilds, "_built", _built_once),
    _slow_later(tail.Tail, "_records", longest=_LONGEST_READING),
    tears=True,
)
GUARDS["keep nothing with fragments that nobody vouches for"] = Guard(
    lambda: _replace(fleet.Fleet, "store", _as_if_read),
    _all(
        lambda: _replace(l2.L2, "put", _out_of_reach_now_and_then),
        _slow_later(tail.Tail, "_records", longest=_LONGEST_READING),
    ),
    tears=True,
)
