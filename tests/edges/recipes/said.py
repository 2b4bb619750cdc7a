"""What does a cache say of itself? The last member of Cache-Status (RFC 9211)."""

from __future__ import annotations

import httpx


def status_of(answer: httpx.Response) -> str:
    """Return what the cache nearest to the client says."""
    return answer.headers["cache-status"].rpartition(", ")[2]
