"""How is Cloudflare told?

    POST /client/v4/zones/{id}/purge_cache        hard: it is gone
    POST /client/v4/zones/{id}/invalidate_cache   soft: it stays, to be revalidated
    {"tags": ["post:42", "post:any", "any"]}

Its answers say themselves whether it was done; the status alone does not. Each plan has its rate,
counted per account: several zones of one account share it, and are configured with less each.

What was invalidated softly, Cloudflare serves on for as long as `stale-while-revalidate` says. So
it is told hard, unless the zone has that switched off and is configured with `soft=on`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from caching.edges.backends.answers import refusal
from caching.edges.backends.http import Address, Peer, Secret
from caching.edges.edge import Failed

TOKEN: Final = "READPATH_CLOUDFLARE_TOKEN"  # noqa: S105 - the name of the variable.
API: Final = "https://api.cloudflare.com"


class Plan(NamedTuple):
    """What an account may do: calls per second, and calls at once."""

    rate: float
    burst: int


PLANS: Final = {
    "free": Plan(5 / 60, 25),
    "pro": Plan(5, 25),
    "business": Plan(10, 50),
    "enterprise": Plan(50, 500),
}


class Cloudflare:
    """One zone at Cloudflare."""

    dialects = ("cache-tag",)
    most_keys = 100
    # The longest of our keys, 100 times: the number is what limits, the keys go into the body.
    most_bytes = 8192

    def __init__(self, api: Address, zone: str, *, token: str, timeout: float, is_soft: bool = False) -> None:
        self._peer: Final = Peer(
            api, timeout=timeout, secret=Secret("Authorization", f"Bearer {token}", token)
        )
        self._zone: Final = f"/client/v4/zones/{zone}"
        self._is_soft: Final = is_soft

    def purge(self, keys: Sequence[str], *, is_hard: bool) -> None:
        """Purge, or mark as stale, what carries one of the keys."""
        path = f"{self._zone}/{'purge_cache' if is_hard or not self._is_soft else 'invalidate_cache'}"
        fields = {"Content-Type": "application/json", "Accept": "application/json"}
        body = json.dumps({"tags": list(keys)}).encode()
        answer = self._peer.call("POST", path, fields=fields, body=body)
        said = answer.parsed()
        if not answer.is_success:
            raise refusal(answer, token=TOKEN, said=_errors(said))
        if said.get("success") is not True:
            reason = answer.quoted(_errors(said)) or "it does not say why"
            raise Failed(f"it answered {answer.status}, but not with success: {reason}")

    def close(self) -> None:
        """Give up the connection."""
        self._peer.close()


def _errors(said: dict[str, Any]) -> str:
    """Return the errors that an answer names, with their numbers."""
    errors = said.get("errors")
    named = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return ", ".join(f"{error.get('message', '')} ({error.get('code', '?')})" for error in named)
