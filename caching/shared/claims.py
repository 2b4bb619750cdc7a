"""How is a representation built once for all workers?

Whoever is about to build claims the URL in Redis and renews the claim while building. Others
who want the same URL wait until the claim ends, and then find the entry in L2, or learn that
the build failed, or claim it themselves: the builder has died, or a write has overtaken it.

    claim ─┬─ ours ───► build ─► error, if there is no entry ─► release
           └─ theirs ─► look until it changes ─► L2? failed? else claim again

Claims save work; nothing depends on them for being right. Without Redis each worker builds
for itself.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, cast

import redis.asyncio

from caching.coherence import OutOfReach
from caching.shared import keys
from caching.shared.link import Link

# Milliseconds after which a builder that has not renewed its claim is taken for dead.
_CLAIMED_FOR: Final = 800
_RENEWED_EVERY: Final = 0.2  # Seconds.
_RESULT_FOR: Final = 2_000  # Milliseconds; followers look every few.
_SHORTEST_PAUSE: Final = 0.002  # Seconds between two looks at somebody else's claim.
_LONGEST_PAUSE: Final = 0.02

# Only our own claim: another one may have been made since ours ran out.
_IF_OURS: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call({}) end return 0"
_RENEW: Final = _IF_OURS.format("'PEXPIRE', KEYS[1], ARGV[2]")
_RELEASE: Final = _IF_OURS.format("'DEL', KEYS[1]")


class Claim:
    """The wish of one flight to build a URL. Used in the event loop's thread."""

    def __init__(self, key: bytes, client: redis.asyncio.Redis, link: Link) -> None:
        self._name: Final = keys.builder(key)
        self._client: Final = client
        self._link: Final = link
        self._token: Final = secrets.token_hex(8).encode()
        self._holder: bytes | None = None
        self._failure: int | None = None
        self._is_held = False

    async def make(self) -> bool:
        """Try to get the right to build; True too while Redis is out of reach."""
        try:
            with self._link.reaching():
                while True:
                    if await self._client.set(self._name, self._token, nx=True, px=_CLAIMED_FOR):
                        return True
                    self._holder = cast("bytes | None", await self._client.get(self._name))
                    if self._holder is not None:
                        return False
        except OutOfReach:
            return True

    async def other_ended(self) -> int | None:
        """Wait until whoever holds the right has built, or has died; return the status of an error."""
        pause = _SHORTEST_PAUSE
        try:
            while True:
                with self._link.reaching():
                    if await self._client.get(self._name) != self._holder:
                        failure = await self._client.get(keys.result(self._holder or b""))
                        return None if failure is None else int(failure)
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        except OutOfReach:
            return None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep the right while the block builds, then say how it ended and give it back."""
        self._is_held = True
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            self._is_held = False
            renewing.cancel()
            with suppress(OutOfReach), self._link.reaching():
                if self._failure is not None:
                    await self._client.set(keys.result(self._token), self._failure, px=_RESULT_FOR)
                await self._client.eval(_RELEASE, 1, self._name, self._token)

    def fail(self, status: int) -> None:
        """Let those who wait have an error with this status: there is no entry."""
        self._failure = status

    async def _renew(self) -> None:
        # On Python 3.11, a command that ends just when it is cancelled hides that.
        while self._is_held:
            await asyncio.sleep(_RENEWED_EVERY)
            with suppress(OutOfReach), self._link.reaching():
                await self._client.eval(_RENEW, 1, self._name, self._token, _CLAIMED_FOR)
