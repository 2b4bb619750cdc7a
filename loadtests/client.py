"""How does the command itself ask? One kept connection, one thing after the other.

With the coding that the load asks for: at an edge another would be another answer.
"""

from __future__ import annotations

import gzip
import json
import re
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

NEXT: Final = re.compile(r'<([^>]+)>; *rel="?next"?')
_PATIENCE: Final = 60.0  # Seconds.


class UnreachableError(Exception):
    """The service does not answer as it has to, and here is why."""


class Client:
    """A connection to a host, given as `http://HOST[:PORT]` or `https://…`; as nobody, or with a token."""

    def __init__(self, host: str, *, patience: float = _PATIENCE, token: str = "") -> None:
        parts = urlsplit(host)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise UnreachableError(f"need a host such as http://127.0.0.1:8000, got {host!r}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = host
        self._fields = {"Accept-Encoding": "gzip"}
        if token:
            self._fields["Authorization"] = f"Token {token}"
        self._connection = kind(parts.hostname, parts.port, timeout=patience)

    def status(self, path: str) -> int:
        """Return the status of a GET."""
        status, _, _ = self._ask(path)
        return status

    def json(self, path: str) -> Any:
        """Return the JSON that is found at a path."""
        status, body, _ = self._ask(path)
        if status != 200:
            raise UnreachableError(f"{self._host}{path} answers {status}")
        try:
            return json.loads(body)
        except ValueError:
            raise UnreachableError(f"{self._host}{path} is no JSON") from None

    def next_page(self, path: str) -> str | None:
        """Ask for a page and return which one comes next, if any does."""
        _, _, link = self._ask(path)
        found = NEXT.search(link or "")
        return found[1] if found else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, path: str) -> tuple[int, bytes, str | None]:
        try:
            self._connection.request("GET", path, headers=self._fields)
            response = self._connection.getresponse()
            body = response.read()
            if response.headers["content-encoding"] == "gzip":
                body = gzip.decompress(body)
            return response.status, body, response.headers["link"]
        except (OSError, HTTPException, EOFError) as error:
            self._connection.close()
            raise UnreachableError(f"{self._host} does not answer: {error or type(error).__name__}") from None
