"""How does the command itself ask? One kept connection, one thing after the other."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

_PATIENCE: Final = 60.0  # Seconds.


class UnreachableError(Exception):
    """The service does not answer as it has to, and here is why."""


class Client:
    """A connection to a host, given as `http://HOST[:PORT]` or `https://…`."""

    def __init__(self, host: str, *, patience: float = _PATIENCE) -> None:
        parts = urlsplit(host)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise UnreachableError(f"need a host such as http://127.0.0.1:8000, got {host!r}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = host
        self._connection = kind(parts.hostname, parts.port, timeout=patience)

    def status(self, path: str) -> int:
        """Return the status of a GET."""
        return self._ask(path)[0]

    def json(self, path: str) -> Any:
        """Return the JSON that is found at a path."""
        status, body = self._ask(path)
        if status != 200:
            raise UnreachableError(f"{self._host}{path} answers {status}")
        try:
            return json.loads(body)
        except ValueError:
            raise UnreachableError(f"{self._host}{path} is no JSON") from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, path: str) -> tuple[int, bytes]:
        try:
            self._connection.request("GET", path)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise UnreachableError(f"{self._host} does not answer: {error or type(error).__name__}") from None
