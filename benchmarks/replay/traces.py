"""Which keys are asked for, in which order, and how large is what is stored for them?

Two recordings of a shop's product pages (web07, web12: a big-endian int32 for each request,
packed with xz), the same with a crawler walking through, and draws from Zipf laws, which hide
locality. Sizes are those of the pages of a real blog, given out to the keys by chance. Where
the recordings lie is told by `--traffic`, by READPATH_TRAFFIC, or they are looked for beside
the checkout.
"""

from __future__ import annotations

import gzip
import lzma
import os
import random
import sys
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

from benchmarks.machine import ROOT

RECORDED: Final = ("web07", "web12")
EXPONENTS: Final = (0.75, 1.0, 1.3)
_SIZES: Final = "semicomplete-apache-2015-05.tsv.gz"
_BESIDE: Final = Path("..", "shared", "data", "traffic")
_DRAWN_KEYS: Final = 10_000
_DRAWS: Final = 80_000


class NoTraffic(RuntimeError):
    """The recordings are not there; the text says where they were looked for."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Keys in the order of the requests; some may be a crawler's, none of which comes twice."""

    name: str
    keys: Sequence[bytes]
    population: int  # Distinct keys that readers ask for.
    crawlers_keys: frozenset[bytes] = frozenset()

    def capacity(self, share: float) -> int:
        """Return how many keys a share of the readers' keys is."""
        return max(1, int(self.population * share))

    def ratio(self, hits: int) -> float:
        """Return the hit ratio of the readers, in percent: a crawler never hits."""
        return 100 * hits / (len(self.keys) - len(self.crawlers_keys))


def directory(given: Path | None = None) -> Path:
    """Return where the recordings are."""
    place = given or Path(os.environ.get("READPATH_TRAFFIC") or ROOT / _BESIDE)
    missing = [name for name in (*map(_file, RECORDED), _SIZES) if not (place / name).is_file()]
    if missing:
        where = os.path.relpath(place, ROOT)
        raise NoTraffic(f"no recorded traffic: need {missing[0]} in {where} (--traffic, READPATH_TRAFFIC)")
    return place


def recorded(place: Path, name: str) -> Trace:
    """Return a recording."""
    numbers = array("i")
    numbers.frombytes(lzma.decompress((place / _file(name)).read_bytes()))
    if sys.byteorder == "little":
        numbers.byteswap()
    return Trace(name, [b"/posts/%d/" % number for number in numbers], len(set(numbers)))


def crawled(trace: Trace, every: int) -> Trace:
    """Return the trace with a crawler between the readers: each `every`th request is his."""
    keys: list[bytes] = []
    crawlers_keys = []
    for place, key in enumerate(trace.keys):
        if place % (every - 1) == 0:
            crawlers_keys.append(b"/archive/%d/" % place)
            keys.append(crawlers_keys[-1])
        keys.append(key)
    return Trace(f"{trace.name} + crawler", keys, trace.population, frozenset(crawlers_keys))


def drawn(exponent: float) -> Trace:
    """Return independent draws: the key of rank r comes with a weight of r to the minus `exponent`."""
    weights = list(accumulate(rank**-exponent for rank in range(1, _DRAWN_KEYS + 1)))
    numbers = random.Random(1).choices(range(_DRAWN_KEYS), cum_weights=weights, k=_DRAWS)
    return Trace(f"Zipf {exponent}", [b"/posts/%d/" % number for number in numbers], _DRAWN_KEYS)


class Sizes:
    """The bytes of what is stored for a key."""

    def __init__(self, place: Path) -> None:
        with gzip.open(place / _SIZES, "rt") as file:
            _, *lines = (line.rstrip("\n").split("\t") for line in file)
        # Method, path, status, bytes: pages that were sent whole. What has a suffix is a picture or the like.
        pages = {
            path: int(size)
            for _, _, _, method, path, status, size, *_ in lines
            if method == "GET" and status == "200" and "." not in path.rpartition("/")[2]
        }
        self.of_pages: Final = sorted(pages.values())

    def of(self, key: bytes) -> int:
        """Return the size of what is stored for a key, always the same."""
        return self.of_pages[zlib.crc32(key) % len(self.of_pages)]


def _file(name: str) -> str:
    return f"cache2k-{name}.trace.xz"
