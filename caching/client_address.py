"""Who is asking? The address that limits per client are counted under.

A client can write anything into X-Forwarded-For; only what our own proxies appended is
true. With n trusted proxies the client is the n-th address from the right, as in DRF's
`NUM_PROXIES`. With none, it is the peer of the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def client_address(scope: Mapping[str, Any], *, trusted_proxies: int) -> str:
    """Return the client's address as text; "unknown" for a peer without one (a UNIX socket)."""
    if trusted_proxies > 0:
        # Each proxy may append to a line or add one; together they are one list (RFC 9110 §5.3).
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        if forwarded:
            addresses = [address.strip() for address in forwarded.decode("latin-1").split(",")]
            return addresses[-min(trusted_proxies, len(addresses))]
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
