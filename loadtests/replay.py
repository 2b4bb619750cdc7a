"""In which order were keys really asked for? Recorded traffic, as ranks.

A trace holds one big-endian 32-bit integer per access, which says nothing but which key it was.
The most frequent key stands for the most viewed post, the next for the next, and so on: what is
taken from the trace is who is asked for again, and how soon. Independent draws of the same
popularity hide that. Keys beyond the last post are left out, and their share is told.
"""

from __future__ import annotations

import lzma
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Final

TRACES: Final = ("web12", "web07")
_NAME: Final = "cache2k-{trace}.trace.xz"


class NoTraceError(Exception):
    """There is nothing to replay."""


def trace_file(folder: str | None, trace: str) -> Path:
    """Return the file of a trace, or raise `NoTraceError` with what is missing."""
    if not folder:
        raise NoTraceError("replay needs --traffic, the folder of the recorded traces")
    path = Path(folder) / _NAME.format(trace=trace)
    if not path.is_file():
        raise NoTraceError(f"no {path.name} in {folder}")
    return path


def keys_in(content: bytes) -> array[int]:
    """Return the keys of a trace, in the order of the accesses.

    >>> list(keys_in(bytes([0, 0, 0, 7, 0, 0, 1, 0])))
    [7, 256]
    """
    if len(content) % 4:
        raise NoTraceError(f"need a trace of 4 bytes per access, got {len(content)} bytes")
    keys = array("i", content)
    if sys.byteorder == "little":
        keys.byteswap()
    return keys


def ranks_of(keys: Sequence[int]) -> list[int]:
    """Return each access as the rank of its key, 0 the most frequent; ties by first access.

    >>> ranks_of([5, 9, 9, 4])
    [1, 0, 0, 2]
    """
    ranking = {key: rank for rank, (key, _) in enumerate(Counter(keys).most_common())}
    return [ranking[key] for key in keys]


class Recorded:
    """The ranks of a trace among the posts that there are, over and over."""

    def __init__(self, ranks: Sequence[int], posts: int, *, part: int = 0, parts: int = 1) -> None:
        """Take every one of the accesses, or of `parts` processes the part of one."""
        kept = [rank for rank in ranks if rank < posts]
        if not kept:
            raise NoTraceError("the trace has no access to replay")
        self.left_out = 1 - len(kept) / len(ranks)
        self._ranks: Iterator[int] = islice(cycle(kept), part, None, parts)

    def __next__(self) -> int:
        return next(self._ranks)


def recorded_ranks(path: Path) -> list[int]:
    """Read a trace."""
    try:
        return ranks_of(keys_in(lzma.decompress(path.read_bytes())))
    except (OSError, lzma.LZMAError) as error:
        raise NoTraceError(f"{path.name} cannot be read: {error}") from None
