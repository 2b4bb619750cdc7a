"""What is where in Redis?

One server has all of it, perhaps with replicas; not a cluster, for an entry is read together with
the generations that it needs. All lease and history is in the fields of ONE key: an eviction or a
`FLUSHALL` takes all of it or nothing.

    {readpath}:state    history, number of the last record, leases of the workers
    {readpath}:log      the last invalidations, a stream
    {readpath}:g:KEY    generation of a surrogate key; missing after an invalidation
    {readpath}:c:KEY    a value of Django's cache (`tiered/scripts.py`)
    {readpath}:n        the order of values, where their number is bounded
    readpath:e:1:URL    an entry (the 1 is the schema version; how edges want it labelled may follow)
    readpath:b:URL      who builds it now
    readpath:r:TOKEN    how a build ended that left no entry
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from caching.entry import SCHEMA_VERSION
from caching.surrogate_keys import EVERYTHING

_DOMAIN: Final = "{readpath}:"
STATE: Final = f"{_DOMAIN}state"
LOG: Final = f"{_DOMAIN}log"
GENERATION: Final = f"{_DOMAIN}g:"
# What every script of the coherence domain is given first.
COHERENCE: Final = (STATE, LOG, f"{GENERATION}{EVERYTHING}")

_ENTRY: Final = f"readpath:e:{SCHEMA_VERSION}:".encode()
_BUILDER: Final = b"readpath:b:"
_RESULT: Final = b"readpath:r:"


def generations(surrogate_keys: Iterable[str]) -> list[str]:
    """Return where the generations of these surrogate keys are."""
    return [GENERATION + key for key in surrogate_keys]


def entry(cache_key: bytes, variant: bytes = b"") -> bytes:
    """Return where the entry of a URL is that is labelled so (`Labelling.variant`)."""
    return _ENTRY + variant + cache_key


def builder(cache_key: bytes) -> bytes:
    """Return where it is written who builds a URL."""
    return _BUILDER + cache_key


def result(token: bytes) -> bytes:
    """Return where a builder says how its build ended."""
    return _RESULT + token
