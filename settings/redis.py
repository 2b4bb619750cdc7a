"""How is the Redis reached that all workers share? What was configured, in django-redis's words.

    redis://[USER:PASSWORD@]HOST[:PORT][/DB]      rediss:// the same, over TLS
    unix://[USER:PASSWORD@]/path[?db=DB]
    redis://[USER:PASSWORD@]SERVICE[/DB]          with Sentinels, who know where SERVICE is now

Credentials are taken out of the address and stand under names that Django's error reports hide.
Parameters that the address could carry for redis-py are refused: they would silently take the
place of the timeouts that the promises hang on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from settings.environment import is_local

_SCHEMES: Final = ("redis", "rediss", "unix")
_AN_ADDRESS: Final = (
    "redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, or unix:///path[?db=DB];"
    " special characters of a password are percent-encoded"
)


def shared_store(  # noqa: PLR0913 - one for each variable.
    url: str,
    *,
    timeout: float,
    ca_file: str = "",
    certificate_file: str = "",
    key_file: str = "",
    sentinels: Sequence[str] = (),
    sentinel_password: str = "",
) -> dict[str, Any]:
    """Return the `CACHES` entry for a Redis. Raises `ImproperlyConfigured`, and repeats no password."""
    address = _address(url)
    if sentinels and (address.scheme == "unix" or address.port):
        raise ImproperlyConfigured(
            "REDIS_URL with REDIS_SENTINELS needs redis://[USER:PASSWORD@]SERVICE[/DB]:"
            " the Sentinels know host and port",
        )
    tls = _tls(address, ca_file, certificate_file, key_file)
    options: dict[str, Any] = {
        "CONNECTION_FACTORY": "caching.shared.connections.Connections",
        "USERNAME": unquote(address.username or ""),
        "PASSWORD": unquote(address.password or ""),
        "DB": _database(address),
        "SOCKET_TIMEOUT": timeout,
        "SOCKET_CONNECT_TIMEOUT": timeout,
        "TLS": tls,
    }
    if sentinels:
        options["SERVICE"] = _host(address)
        options["SENTINELS"] = [_sentinel(name) for name in sentinels]
        options["SENTINEL_KWARGS"] = {"password": sentinel_password} if sentinel_password else {}
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": without_credentials(address),
        "KEY_PREFIX": "readpath",
        "OPTIONS": options,
    }


def crosses_a_network_in_the_clear(store: dict[str, Any]) -> bool:
    """Tell whether others could read, or answer, what is said to this Redis."""
    if not store["LOCATION"].startswith("redis:"):
        return False
    # Wherever its Sentinels are, the master may be anywhere.
    return "SENTINELS" in store["OPTIONS"] or not is_local(urlsplit(store["LOCATION"]).hostname or "")


def without_credentials(address: SplitResult) -> str:
    """Return the address without user and password: what may be printed."""
    query = f"?{address.query}" if address.query else ""
    # Spelled by hand: for a path without host, the library leaves the slashes out.
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}{query}"


def _address(url: str) -> SplitResult:
    """Return the parts of an address that could be one."""
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        raise ImproperlyConfigured(f"REDIS_URL needs {_AN_ADDRESS}") from None
    is_unix = address.scheme == "unix"
    fits = (
        address.scheme in _SCHEMES
        and port != 0
        and not address.fragment
        and set(parse_qs(address.query, keep_blank_values=True)) <= {"db"}
        and (address.path.startswith("/") and not _host(address) if is_unix else bool(_host(address)))
    )
    if not fits:
        raise ImproperlyConfigured(f"REDIS_URL needs {_AN_ADDRESS}")
    return address


def _host(address: SplitResult) -> str:
    """Return the host as it was written: the name of a service has capitals."""
    host = address.netloc.rpartition("@")[2]
    return host if host.startswith("[") else host.partition(":")[0]


def _database(address: SplitResult) -> int:
    """Return the number of the database, 0 where none is named."""
    named = "".join(parse_qs(address.query).get("db", []))
    if address.scheme != "unix":
        named = named or address.path.removeprefix("/")
    if named and not re.fullmatch(r"\d{1,6}", named):
        raise ImproperlyConfigured(f"REDIS_URL needs the number of a database, as in {_AN_ADDRESS}")
    return int(named or 0)


def _sentinel(name: str) -> tuple[str, int]:
    host, _, port = name.rpartition(":")
    if not host or not port.isdecimal():
        raise ImproperlyConfigured(f"REDIS_SENTINELS needs HOST:PORT,HOST:PORT,…, got {name!r}")
    return host.strip("[]"), int(port)


def _tls(address: SplitResult, ca_file: str, certificate_file: str, key_file: str) -> dict[str, str]:
    """Return the files of TLS in redis-py's words; they must be there."""
    files = {
        "REDIS_CA_FILE": ("ssl_ca_certs", ca_file),
        "REDIS_CERTIFICATE_FILE": ("ssl_certfile", certificate_file),
        "REDIS_KEY_FILE": ("ssl_keyfile", key_file),
    }
    given = {variable: pair for variable, pair in files.items() if pair[1]}
    for variable, (_, path) in given.items():
        if address.scheme != "rediss":
            raise ImproperlyConfigured(f"{variable} needs a REDIS_URL that begins with rediss://")
        if not Path(path).is_file():
            raise ImproperlyConfigured(f"{variable} needs a file, got {path!r}")
    return dict(given.values())
