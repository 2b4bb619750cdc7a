"""What may a variable of the environment say?

Each method reads one variable, by the name under which `docs/configuration.md` lists it. Unset
or empty means its default. What it cannot mean is refused with one line that says what would be
right and, where the value is an address, does not repeat it: an address may hold a password.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import inf, isfinite
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

_FLAGS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
_DATABASES: Final = frozenset({"postgres", "postgresql", "psql", "pgsql", "sqlite"})
_A_DATABASE: Final = (
    "postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full or sqlite:////path;"
    " special characters of a password are percent-encoded"
)


def is_local(host: str) -> bool:
    """Tell whether what is said to this host stays on this machine."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def purges_in_the_clear(edges: Sequence[str]) -> bool:
    """Tell whether others could hear what one of these edges, `NAME=URL`, is told, or with which token."""
    try:
        addresses = [urlsplit(edge.partition("=")[2].strip()) for edge in edges]
    except ValueError:
        return False  # Refused as what it is (`caching/edges/configuration.py`).
    return any(
        address.scheme in {"varnish", "purge"} and not is_local(address.hostname or "")
        for address in addresses
    )


class Environment:
    """The variables of the environment."""

    def text(self, name: str, *, default: str = "") -> str:
        """Return the variable as it is."""
        return os.environ.get(name) or default

    def words(self, name: str, *, default: Sequence[str] = ()) -> list[str]:
        """Return what stands between the commas."""
        found = [word.strip() for word in self.text(name).split(",")]
        return [word for word in found if word] or list(default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return whether it is switched on."""
        text = self.text(name)
        if not text:
            return default
        if text.lower() not in _FLAGS:
            raise ImproperlyConfigured(f"{name} needs on or off, got {text!r}")
        return _FLAGS[text.lower()]

    def whole(self, name: str, *, default: int, least: int = 0) -> int:
        """Return a whole number, not smaller than `least`."""
        text = self.text(name)
        try:
            number = int(text) if text else default
        except ValueError:
            number = least - 1
        if number < least:
            raise ImproperlyConfigured(f"{name} needs a whole number of at least {least}, got {text!r}")
        return number

    def number(self, name: str, *, default: float, least: float = 0.0, most: float = inf) -> float:
        """Return a number between `least` and `most`."""
        text = self.text(name)
        try:
            number = float(text) if text else default
        except ValueError:
            number = inf
        if not (isfinite(number) and least <= number <= most):
            bounds = f"at least {least:g}" if most == inf else f"{least:g} to {most:g}"
            raise ImproperlyConfigured(f"{name} needs a number of {bounds}, got {text or number!r}")
        return number

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        """Return a database in Django's words, from its URL."""
        url = self.text(name, default=default)
        try:
            scheme = urlsplit(url).scheme
            # Asked first: of what it does not know, the parser would print all.
            found: dict[str, Any] = Env.db_url_config(url) if scheme in _DATABASES else {}
        except ValueError:
            found = {}
        if not found.get("NAME"):
            raise ImproperlyConfigured(f"{name} needs {_A_DATABASE}")
        return found
