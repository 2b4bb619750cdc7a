"""How does any Python object go to Redis and back, so that Redis cannot run code in us?

Django's cache stores whatever it is given, classes and functions too, and so do sessions and
third-party apps. Only pickle can do that, and who can write what is unpickled can run code. So
a pickle carries a code of authentication (HMAC-SHA256) that is checked, in constant time,
before anything is unpickled. Its key is derived from `SECRET_KEY`; the code covers the cache
key, so that a value is worth nothing under another one (somebody's session under mine).

    integer          -?digits                        as Redis knows it: `incr` is one step there
    everything else  "P1" code (32 bytes) pickle     P1: version of this format

What it does not do: integers are not authenticated, nothing is encrypted, and who can write to
Redis can bring back an older value of the same key. A value that fails the check, or that this
release cannot unpickle any more, is `UNREADABLE`: a miss, logged once.

Not a serializer for django-redis: those are not told the key.
"""

from __future__ import annotations

import hmac
import logging
import pickle
import re
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

_SALT: Final = "caching.signed_values"
_FORMAT: Final = b"P1"
_CODE_BYTES: Final = 32
_HEAD_BYTES: Final = len(_FORMAT) + _CODE_BYTES
_PROTOCOL: Final = 5  # Not the highest: releases on two versions of Python share one Redis.

# What Redis takes for an integer: 64 bits with sign.
_PLAIN: Final = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_LEAST, _MOST = -(2**63), 2**63 - 1
_MOST_TOLD: Final = 20  # Different faults; errors may quote what they were given.


class _Unreadable(Enum):
    UNREADABLE = "unreadable"


UNREADABLE: Final = _Unreadable.UNREADABLE

# A value as it may be held in memory: an integer, or a pickle that was authenticated.
Payload = int | bytes


def encode(key: str, value: Any) -> bytes:
    """Return how the value is stored under the key. Raises what pickling raises."""
    # Not isinstance: True must come back as True.
    if type(value) is int and _LEAST <= value <= _MOST:
        return b"%d" % value
    pickled = pickle.dumps(value, _PROTOCOL)
    return _FORMAT + _code(settings.SECRET_KEY, key, pickled) + pickled


def authenticate(key: str, stored: bytes) -> Payload | _Unreadable:
    """Return what is stored under the key if we have stored it there."""
    if _PLAIN.fullmatch(stored):
        return int(stored)
    code, pickled = stored[len(_FORMAT) : _HEAD_BYTES], stored[_HEAD_BYTES:]
    if stored.startswith(_FORMAT):
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if hmac.compare_digest(code, _code(secret, key, pickled)):
                return pickled
    _tell_once("is not signed with our key; it was changed in Redis, or SECRET_KEY was", key)
    return UNREADABLE


def decode(key: str, payload: Payload) -> Any:
    """Return the value, a new object each time, or `UNREADABLE`."""
    if isinstance(payload, int):
        return payload
    try:
        return pickle.loads(payload)  # noqa: S301 - it was authenticated.
    except Exception as error:  # noqa: BLE001 - unpickling runs the constructors of any class.
        _tell_once(f"cannot be unpickled by this release: {error!r}", key)
        return UNREADABLE


def _code(secret: str | bytes, key: str, pickled: bytes) -> bytes:
    name = key.encode("utf-8", "surrogatepass")
    # The length keeps the two apart: no end of a key can pass for the beginning of a pickle.
    return hmac.digest(_signing_key(secret), b"%d:%b%b" % (len(name), name, pickled), "sha256")


@lru_cache(maxsize=16)
def _signing_key(secret: str | bytes) -> bytes:
    return salted_hmac(_SALT, b"", secret=secret, algorithm="sha256").digest()


_TOLD: Final[set[str]] = set()


def _tell_once(fault: str, key: str) -> None:
    if fault not in _TOLD and len(_TOLD) < _MOST_TOLD:
        _TOLD.add(fault)
        logger.warning("the cached value of %r %s; such values count as missing", key, fault)
