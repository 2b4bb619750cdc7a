"""How did the service answer, and what? One request on a connection that stays open.

For measurements in which a single answer counts, not how many there are in a second.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any


def ask(
    server: HTTPConnection,
    method: str,
    path: str,
    body: str | None = None,
    fields: dict[str, str] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return the Cache-Status and the document of an answer."""
    server.request(method, path, body, fields or {})
    response = server.getresponse()
    shown = response.read()
    if response.status != 200:
        raise RuntimeError(f"need an answer to {method} {path}, got {response.status}: {shown[:300]!r}")
    return response.headers.get("cache-status", ""), json.loads(shown)
