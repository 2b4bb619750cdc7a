"""How is the cache asked from a coroutine, so that nobody else's answer waits for Redis?

The asynchronous half of `backend.py`. What L1 holds is answered in the event loop. All else is
the synchronous twin in a thread, as `BaseCache` does it for what is not here: in the thread
that has the request's database connection, for pickling a queryset reads the database.
"""

# ruff: noqa: ASYNC109 - the signatures are Django's.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from caching.coherence import OutOfReach
from caching.tiered.signed_values import UNREADABLE


class AsyncMethods(BaseCache):
    """The asynchronous methods that take one step where those of `BaseCache` take several."""

    def _held(self, name: str) -> Any:
        """Return the value if it is held in this process, else `UNREADABLE`."""
        raise NotImplementedError

    def _fetched(self, names: list[str]) -> dict[str, Any]:
        """Return the values that Redis has."""
        raise NotImplementedError

    async def aget(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """See `get`."""
        name = self.make_and_validate_key(key, version=version)
        value = self._held(name)
        if value is not UNREADABLE:
            return value
        found: dict[str, Any] = await _in_thread(self._fetched, [name])
        return found.get(name, default)

    async def aget_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """See `get_many`."""
        return dict(await _in_thread(self.get_many, list(keys), version=version))

    async def aget_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        """See `get_or_set`; `default` is called in the event loop."""
        value = await self.aget(key, self._missing_key, version=version)
        if value is not self._missing_key:
            return value
        default = default() if callable(default) else default
        try:
            await self.aadd(key, default, timeout=timeout, version=version)
        except OutOfReach:
            return default
        return await self.aget(key, default, version=version)

    async def aset_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """See `set_many`."""
        return list(await _in_thread(self.set_many, data, timeout=timeout, version=version))

    async def aincr(self, key: Any, delta: Any = 1, version: int | None = None) -> Any:
        """See `incr`."""
        return await _in_thread(self.incr, key, delta, version=version)

    async def adelete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """See `delete_many`."""
        await _in_thread(self.delete_many, list(keys), version=version)


async def _in_thread(method: Any, *arguments: Any, **named: Any) -> Any:
    # Takes the context along: within a request the wait for other workers is put off here too.
    return await sync_to_async(method, thread_sensitive=True)(*arguments, **named)
