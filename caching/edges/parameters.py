"""What stands behind the question mark of an edge's address?

Each parameter once, spelled as documented: one that is not known would be a setting that
somebody believes in and that is not in force. Values are not repeated in what is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Final
from urllib.parse import parse_qsl

from django.core.exceptions import ImproperlyConfigured

_FLAGS: Final = {"on": True, "off": False}
_RATE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)/(s|min)")


class Parameters:
    """The parameters of one edge; whoever reads one knows it."""

    def __init__(self, edge: str, query: str) -> None:
        self._edge: Final = edge
        self._known: Final[set[str]] = set()
        pairs = parse_qsl(query, keep_blank_values=True)
        self._given: Final = dict(pairs)
        if len(pairs) > len(self._given):
            raise self.wrong("each parameter once")

    def wrong(self, need: str) -> ImproperlyConfigured:
        """Return the error that says what this edge needs."""
        return ImproperlyConfigured(f"READPATH_EDGES: {self._edge} needs {need}")

    def check_all_known(self) -> None:
        """Refuse what nobody has read."""
        if unknown := set(self._given) - self._known:
            known = ", ".join(sorted(self._known))
            raise self.wrong(f"no parameter but {known}; {len(unknown)} of those given is none of them")

    def text(self, name: str) -> str | None:
        """Return a parameter as it is, None if it is not given."""
        self._known.add(name)
        return self._given.get(name)

    def one_of(self, name: str, choices: Sequence[str], *, default: str) -> str:
        """Return a parameter that has one of a few values."""
        text = self.text(name)
        if text is not None and text not in choices:
            raise self.wrong(f"{name}={'|'.join(choices)}")
        return default if text is None else text

    def flag(self, name: str, *, default: bool) -> bool:
        """Return whether it is switched on."""
        return _FLAGS[self.one_of(name, tuple(_FLAGS), default="on" if default else "off")]

    def seconds(self, name: str, *, default: float, least: float, most: float) -> float:
        """Return a number of seconds."""
        text = self.text(name)
        try:
            seconds = default if text is None else float(text)
        except ValueError:
            seconds = -1.0
        if not (isfinite(seconds) and least <= seconds <= most):
            raise self.wrong(f"{name}=SECONDS, {least:g} to {most:g}")
        return seconds

    def whole(self, name: str, *, least: int) -> int | None:
        """Return a whole number, None if it is not given."""
        text = self.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) >= least):
            raise self.wrong(f"{name} to be a whole number of at least {least}")
        return int(text)

    def rate(self) -> float | None:
        """Return how often a second it may be told, None if it is not said."""
        text = self.text("rate")
        if text is None:
            return None
        found = _RATE.fullmatch(text)
        number = float(found.group(1)) if found else 0.0
        if not (found and number):
            raise self.wrong("rate=N/s or rate=N/min, more than 0")
        return number / (60 if found.group(2) == "min" else 1)
