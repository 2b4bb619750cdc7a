"""How does a worker reach the Redis that all workers share?

As `CACHES["l2"]` says, in django-redis's words. Builds, relays and commands use the synchronous
client, the event loop an asynchronous one with the same parameters, directly or through
Sentinels. For all of them:

* nothing is tried twice: redis-py would repeat for seconds what the caller must know at once;
* a connection is greeted before anybody uses it (`scripts.GREET` notices that this is not the
  server, or not the memory, that it was), and again each time that it is made anew;
* a new connection costs as few round trips as it can: RESP2, and no word about who we are.

Reads and writes go to the master alone: a replica may not have heard of an invalidation yet.
"""

from __future__ import annotations

import asyncio
import secrets
from threading import Lock
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from django.conf import settings
from django_redis import get_redis_connection
from django_redis.pool import ConnectionFactory
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from caching.shared import keys, scripts

ALIAS: Final = "l2"

# What is raised when Redis is gone, slow, read-only, full or refuses us.
TROUBLE: Final = (redis.RedisError, OSError, TimeoutError)

# Connections to whoever the Sentinels say is master.
_MANAGED: Final = (
    redis.sentinel.SentinelManagedConnection,
    redis.asyncio.sentinel.SentinelManagedConnection,
)

# Connections of one event loop. Past it a command waits its turn: a herd of readers that opened
# a connection each would spend more on greetings than on answers.
_AT_ONCE: Final = 32


def is_configured() -> bool:
    """Tell whether this service shares a Redis with other workers."""
    return ALIAS in settings.CACHES


def client() -> redis.Redis:
    """Return the synchronous client; safe across threads."""
    connected: redis.Redis = get_redis_connection(ALIAS)
    return connected


def async_client(*, timeout: float | None = None) -> redis.asyncio.Redis:
    """Return the running event loop's client, for commands that take up to `timeout` seconds."""
    loop = asyncio.get_running_loop()
    clients = _of_loops.setdefault(loop, {})
    if timeout not in clients:
        clients[timeout] = redis.asyncio.Redis(connection_pool=_async_pool(settings.CACHES[ALIAS], timeout))
    return clients[timeout]


async def close_async_clients() -> None:
    """Close what the running event loop has open, before it ends."""
    for one in _of_loops.pop(asyncio.get_running_loop(), {}).values():
        await one.connection_pool.disconnect()
        if isinstance(one.connection_pool, _SentinelPool):
            await one.connection_pool.sentinel_manager.aclose()


_of_loops: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float | None, redis.asyncio.Redis]]] = (
    WeakKeyDictionary()
)


def greet(connection: Any) -> None:
    """Run the greeting on a new synchronous connection."""
    connection.on_connect()
    connection.send_command(*_greeting(connection))
    connection.read_response()


async def greet_async(connection: Any) -> None:
    """Run the greeting on a new asynchronous connection."""
    await connection.on_connect()
    await connection.send_command(*_greeting(connection))
    await connection.read_response()


def _greeting(connection: Any) -> tuple[Any, ...]:
    told = ("sentinels",) if isinstance(connection, _MANAGED) else ()
    return ("EVAL", scripts.GREET, len(keys.COHERENCE), *keys.COHERENCE, secrets.token_hex(8), *told)


class Connections(ConnectionFactory):  # type: ignore[misc]  # django-redis has no annotations
    """What django-redis asks for connections (`OPTIONS["CONNECTION_FACTORY"]`)."""

    _pools: ClassVar[dict[str, Any]] = {}
    _lock: ClassVar[Lock] = Lock()

    def get_or_create_connection_pool(self, params: dict[str, Any]) -> Any:
        """Return this process's pool: one, however many threads ask first."""
        # By all that was configured, and not by the address alone, which has no credentials in it.
        name = repr((params["url"], self.options))
        with self._lock:
            if name not in self._pools:
                self._pools[name] = _pool(params["url"], self.options)
            return self._pools[name]


def _pool(location: str, options: dict[str, Any]) -> redis.ConnectionPool:
    parameters = {**_parameters(location, options), "redis_connect_func": greet}
    if "SENTINELS" not in options:
        connection_class: Any = {
            "unix": redis.UnixDomainSocketConnection,
            "rediss": redis.SSLConnection,
        }.get(_scheme(location), redis.Connection)
        return redis.ConnectionPool(connection_class=connection_class, **parameters)
    is_tls = _scheme(location) == "rediss"
    sentinels = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call]
        options["SENTINELS"],
        sentinel_kwargs={**_sentinel_parameters(options), "ssl": is_tls, "retry": Retry(NoBackoff(), 0)},
    )
    managed = redis.sentinel.SentinelManagedConnection
    managed_tls = redis.sentinel.SentinelManagedSSLConnection
    pool: redis.ConnectionPool = redis.sentinel.SentinelConnectionPool(  # type: ignore[no-untyped-call]
        options["SERVICE"], sentinels, connection_class=managed_tls if is_tls else managed, **parameters
    )
    return pool


def _async_pool(configured: dict[str, Any], timeout: float | None) -> redis.asyncio.ConnectionPool:
    location, options = configured["LOCATION"], configured["OPTIONS"]
    parameters = {
        **_parameters(location, options),
        "redis_connect_func": greet_async,
        "max_connections": _AT_ONCE,
        # How long a command waits its turn.
        "timeout": options["SOCKET_TIMEOUT"],
    }
    if timeout is not None:
        parameters["socket_timeout"] = timeout
    if "SENTINELS" not in options:
        connection_class: Any = {
            "unix": redis.asyncio.UnixDomainSocketConnection,
            "rediss": redis.asyncio.SSLConnection,
        }.get(_scheme(location), redis.asyncio.Connection)
        return redis.asyncio.BlockingConnectionPool(connection_class=connection_class, **parameters)
    is_tls = _scheme(location) == "rediss"
    sentinels = redis.asyncio.sentinel.Sentinel(  # type: ignore[no-untyped-call]
        options["SENTINELS"],
        sentinel_kwargs={
            **_sentinel_parameters(options),
            "ssl": is_tls,
            "retry": AsyncRetry(NoBackoff(), 0),
        },
    )
    managed = redis.asyncio.sentinel.SentinelManagedConnection
    managed_tls = redis.asyncio.sentinel.SentinelManagedSSLConnection
    return _SentinelPool(  # type: ignore[no-untyped-call]
        options["SERVICE"], sentinels, connection_class=managed_tls if is_tls else managed, **parameters
    )


class _SentinelPool(redis.asyncio.sentinel.SentinelConnectionPool, redis.asyncio.BlockingConnectionPool):
    """Connections to whoever the Sentinels say is master, so many at most."""


def _parameters(location: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a connection that both kinds of client share."""
    address: dict[str, Any] = redis.connection.parse_url(location)  # type: ignore[no-untyped-call]
    where = {name: address[name] for name in ("host", "port", "path") if name in address}
    return {
        **({} if "SENTINELS" in options else where),
        **options["TLS"],
        **_patience(options),
        "db": options["DB"],
        "username": options["USERNAME"] or None,
        "password": options["PASSWORD"] or None,
        "protocol": 2,
        "driver_info": None,
    }


def _sentinel_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a connection to a Sentinel, which has a password of its own."""
    quiet = {"protocol": 2, "driver_info": None}
    return {**options["SENTINEL_KWARGS"], **options["TLS"], **_patience(options), **quiet}


def _patience(options: dict[str, Any]) -> dict[str, float]:
    return {
        "socket_timeout": options["SOCKET_TIMEOUT"],
        "socket_connect_timeout": options["SOCKET_CONNECT_TIMEOUT"],
    }


def _scheme(location: str) -> str:
    return location.partition(":")[0]
