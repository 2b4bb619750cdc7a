"""How is Fastly told?

    POST /service/{id}/purge
    Fastly-Soft-Purge: 1                          only when soft
    {"surrogate_keys": ["post:42", "post:any", "any"]}

It answers with an id for each key, also for those that nothing carries. Everything is purged by
the key `all`: Fastly's own purge of a whole service cannot be soft and wants more of a token.

What was purged softly, Fastly may serve on while it revalidates, for as long as the answer's
`stale-while-revalidate` says; and a 304 leaves it with the labels that it had. So it is told hard,
unless the service takes care of both and is configured with `soft=on`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from caching.edges.backends.answers import refusal
from caching.edges.backends.http import Address, Peer, Secret
from caching.edges.edge import Failed

TOKEN: Final = "READPATH_FASTLY_TOKEN"  # noqa: S105 - the name of the variable.
API: Final = "https://api.fastly.com"


class Fastly:
    """One service at Fastly."""

    dialects = ("surrogate-key",)
    most_keys = 256
    # The longest of our keys, 256 times: the number is what limits, the keys go into the body.
    most_bytes = 16_384

    def __init__(
        self, api: Address, service: str, *, token: str, timeout: float, is_soft: bool = False
    ) -> None:
        self._peer: Final = Peer(api, timeout=timeout, secret=Secret("Fastly-Key", token, token))
        self._path: Final = f"/service/{service}/purge"
        self._is_soft: Final = is_soft

    def purge(self, keys: Sequence[str], *, is_hard: bool) -> None:
        """Purge, or mark as stale, what carries one of the keys."""
        fields = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._is_soft and not is_hard:
            fields["Fastly-Soft-Purge"] = "1"
        body = json.dumps({"surrogate_keys": list(keys)}).encode()
        answer = self._peer.call("POST", self._path, fields=fields, body=body)
        said = answer.parsed()
        if not answer.is_success:
            words = [str(said[name]) for name in ("msg", "detail") if said.get(name)]
            raise refusal(answer, token=TOKEN, said=", ".join(words))
        # Whoever else sits at the address of the interface may say 200 to anything.
        if not any(key in said for key in keys):
            raise Failed("it answered, but not as Fastly does: no key is named")

    def close(self) -> None:
        """Give up the connection."""
        self._peer.close()
