"""What did the edge answer, and what does a refusal mean?

Whoever reads the log must know what to do, so a refusal names its cause in words: the token that
is not accepted, the address that leads elsewhere, the rate. What the other side wrote is repeated
in a few printable characters, and without the token, should it have sent that back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from caching.edges.edge import Failed

# Whoever asks for more than the longest window that a vendor counts in has lost his clock.
_LONGEST_WAIT: Final = 3600.0
_LONGEST_QUOTE: Final = 200
_HIDDEN: Final = "[hidden]"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: its status, its fields (case does not matter), its first bytes."""

    status: int
    fields: Mapping[str, str]
    body: bytes
    secret: str = field(default="", repr=False)  # What must not be repeated.

    @property
    def is_success(self) -> bool:
        """Whether the status says that it was done."""
        return 200 <= self.status < 300

    def parsed(self) -> dict[str, Any]:
        """Return the JSON object of the body, or an empty one if there is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def quoted(self, said: str) -> str:
        """Return what the body says as a piece of a line that anybody may read."""
        # Before it is shortened, which could leave half of a secret.
        return printable(said.replace(self.secret, _HIDDEN) if self.secret else said)


def refusal(answer: Answer, *, token: str, said: str = "") -> Failed:
    """Return the failure that an answer means; `token` is the variable that holds what opens the door."""
    reason = f"it answered {answer.status}"
    if answer.status in {401, 403}:
        reason = f"it does not accept {token}, or not for this ({answer.status})"
    elif 300 <= answer.status < 400:
        reason += ", a redirect, which is not followed"
    elif answer.status == 429:
        reason = "it has been told too often, and asks to wait (429)"
    quote = answer.quoted(said)
    return Failed(f"{reason}: {quote}" if quote else reason, retry_after(answer.fields))


def printable(said: str) -> str:
    """Return what somebody else has written as a short piece of one line."""
    line = " ".join("".join(char if char.isprintable() else " " for char in said).split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"


def retry_after(fields: Mapping[str, str]) -> float | None:
    """Return the seconds that we are asked to wait (RFC 9110 §10.2.3), or None if nobody asks."""
    named = fields.get("Retry-After", "").strip()
    seconds = _number(named)
    if seconds is None and named:
        try:
            moment = parsedate_to_datetime(named)
        except ValueError:
            return None
        # A date without zone is one of the forms that RFC 9110 §5.6.7 takes as UTC.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    if seconds is None and fields.get("Fastly-RateLimit-Remaining") == "0":
        reset_at = _number(fields.get("Fastly-RateLimit-Reset", ""))
        seconds = None if reset_at is None else reset_at - time.time()
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None
