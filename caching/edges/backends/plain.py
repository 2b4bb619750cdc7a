"""How is any other cache told that takes PURGE with keys in a field?

    PURGE /path HTTP/1.1
    Surrogate-Key: post:42 post:any any
    Cache-Tag: post:42,post:any,any
    Fastly-Soft-Purge: 1                          only when soft, which it has to be configured for

It reads the field that it knows. Any success (2xx) says that it was done, also where nothing
carried the keys. 404 is none: it is what a wrong path answers, too, and a purge that is lost
would not be seen by anyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from caching.edges.backends.answers import refusal
from caching.edges.backends.http import Address, Peer
from caching.edges.backends.varnish import TOKEN, bearer


class Plain:
    """A cache that is purged by key over plain HTTP."""

    dialects = ("surrogate-key", "cache-tag")
    # Twice that, and some fields, fit into the 8 kB that the narrowest servers take for all of them.
    most_bytes = 3500
    most_keys = 1000

    def __init__(self, address: Address, *, token: str = "", timeout: float, is_soft: bool = False) -> None:
        self._peer: Final = Peer(address, timeout=timeout, secret=bearer(token))
        self._path: Final = "" if address.path else "/"
        self._is_soft: Final = is_soft

    def purge(self, keys: Sequence[str], *, is_hard: bool) -> None:
        """Purge, or expire, what carries one of the keys."""
        fields = {"Surrogate-Key": " ".join(keys), "Cache-Tag": ",".join(keys)}
        if self._is_soft and not is_hard:
            fields["Fastly-Soft-Purge"] = "1"
        answer = self._peer.call("PURGE", self._path, fields=fields)
        if not answer.is_success:
            raise refusal(answer, token=TOKEN)

    def close(self) -> None:
        """Give up the connection."""
        self._peer.close()
