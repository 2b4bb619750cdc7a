"""Which content coding does this client get?

`Accept-Encoding` in the terms of RFC 9110 §12.5.3: the acceptable coding with the highest
weight wins, ties go to the server's preference, and identity loses every tie. Identity is
acceptable unless refused, by name or by `*;q=0`; it is the answer to a missing field, and
to one that takes nothing we have.

Two choices are ours. A member that is no `coding[;q=weight]` is ignored, the others count.
A coding that is listed twice gets the lower of its weights: who refuses it is believed.

On a hit this is one look into a bounded memory of the field values seen before.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from caching.codings import CODINGS

IDENTITY: Final = "identity"

# Browsers send 30 bytes. What is longer than this is not remembered nor even read, so the
# memory holds at most 1 MB; its sender gets identity, which everybody can decode.
LONGEST: Final = 2048
_REMEMBERED: Final = 512

_ALIASES: Final = {"x-gzip": "gzip"}  # RFC 9110 §8.4.1.3
_MEMBER: Final = re.compile(
    r"""[ \t]*+ ([!#$%&'*+.^_`|~0-9a-z-]++)
        (?: [ \t]*+ ; [ \t]*+ q= ( 0(?:\.[0-9]{0,3})? | 1(?:\.0{0,3})? ) )? [ \t]*+""",
    re.VERBOSE,
)


def negotiate(accept_encoding: bytes | None, available: tuple[str, ...]) -> str | None:
    """Return the coding to send: one of `available`, "identity", or None if nothing is acceptable.

    `available` are the codings that the representation has besides identity, in any order.
    None means 406 (RFC 9110 §15.5.7), and only a client that refuses identity gets it.

    >>> negotiate(b"gzip, deflate, br, zstd", ("br", "gzip"))
    'br'
    >>> negotiate(b"identity;q=0", ()) is None
    True
    """
    if accept_encoding is None or len(accept_encoding) > LONGEST:
        return IDENTITY
    return _negotiated(accept_encoding, available)


@lru_cache(maxsize=_REMEMBERED)
def _negotiated(accept_encoding: bytes, available: tuple[str, ...]) -> str | None:
    weights = _weights(accept_encoding)
    unlisted = weights.get("*")
    best, best_weight = None, 0.0
    for coding in CODINGS:
        if coding in available:
            weight = weights.get(coding, unlisted or 0.0)
            if weight > best_weight:
                best, best_weight = coding, weight
    identity_weight = weights.get(IDENTITY, unlisted)
    if identity_weight is None:
        # Neither listed nor refused: acceptable, but anything that was asked for is better.
        return best or IDENTITY
    return IDENTITY if identity_weight > best_weight else best


def _weights(accept_encoding: bytes) -> dict[str, float]:
    """Return the weight of each coding listed; no member holds a comma, so splitting is safe."""
    weights: dict[str, float] = {}
    for member in accept_encoding.decode("latin-1").lower().split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            continue
        coding = _ALIASES.get(match[1], match[1])
        weight = 1.0 if match[2] is None else float(match[2])
        weights[coding] = min(weight, weights.get(coding, 1.0))
    return weights
