"""How is Varnish told, with the xkey module and our recipe?

    PURGE / HTTP/1.1
    xkey-softpurge: post:42 post:any any          soft: it stays, to be revalidated
    xkey-purge: post:42 post:any any              hard: it is gone

200 says that it was done, and `xkey-purged` to how many objects. Without that count it was somebody
else who answered, and nothing was purged. The recipe asks for the token, for an address that may
purge, or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from caching.edges.backends.answers import refusal
from caching.edges.backends.http import Address, Peer, Secret
from caching.edges.edge import Failed

TOKEN: Final = "READPATH_PURGE_TOKEN"  # noqa: S105 - the name of the variable.


def bearer(token: str) -> Secret | None:
    """Return the field in which a purge token goes to an edge of our own."""
    return Secret("Authorization", f"Bearer {token}", token) if token else None


class Varnish:
    """A Varnish that keeps by xkey."""

    dialects = ("xkey",)
    # A line of a request may have 8 kB (http_req_hdr_len), the name of the field among them.
    most_bytes = 6000
    most_keys = 1000

    def __init__(self, address: Address, *, token: str = "", timeout: float, is_soft: bool = True) -> None:
        self._peer: Final = Peer(address, timeout=timeout, secret=bearer(token))
        self._is_soft: Final = is_soft

    def purge(self, keys: Sequence[str], *, is_hard: bool) -> None:
        """Purge, or expire, what carries one of the keys."""
        field = "xkey-purge" if is_hard or not self._is_soft else "xkey-softpurge"
        answer = self._peer.call("PURGE", "/", fields={field: " ".join(keys)})
        if answer.status != 200:
            raise refusal(answer, token=TOKEN)
        if not answer.fields.get("xkey-purged", "").isdecimal():
            raise Failed("it answered 200, but not as deploy/varnish/readpath.vcl does: with no count")

    def close(self) -> None:
        """Give up the connection."""
        self._peer.close()
