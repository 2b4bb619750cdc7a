"""Which compressed forms of a body do we keep?

Every coding that clients commonly take and that makes the body smaller. A body is compressed
once, and always to the same bytes: the strong entity tag of a coded variant is a digest of
them (RFC 9110 §8.8.3.3). When that is done, `entry.py` says.

Measured on JSON lists of English questions (best of 7, one core of a virtual machine; size
in bytes, time in milliseconds):

    body     br 6        br 11        zstd 9      zstd 19      gzip 6      gzip 9
     4,724   1,667 0.09  1,410  5.1   1,769 0.07  1,746  0.7   1,804 0.05  1,801 0.05
    17,760   5,417 0.35  4,553 18.6   5,659 0.28  5,538  3.7   5,825 0.31  5,807 0.33
    51,917  14,874 1.00 12,699 55.2  15,303 0.89 14,794 12.1  15,788 1.11 15,670 1.46

The best level of Brotli saves another 16 % and costs fifty times as much, and Zstandard's
2 % for thirteen times: 22 ms in which a request waits for its first answer, after every
write. So we take the last level before the price leaps; gzip's best is no dearer than its
default. An edge that keeps answers for long may compress again. Nothing here negotiates.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard

SHORTEST: Final = 256  # Bytes; below, a coding saves less than one packet has room for.

_BROTLI_QUALITY: Final = 6
_ZSTANDARD_LEVEL: Final = 9
_GZIP_LEVEL: Final = 9
_GZIP_CONTAINER: Final = 16 + zlib.MAX_WBITS


def _br(body: bytes) -> bytes:
    coded: bytes = brotli.compress(body, quality=_BROTLI_QUALITY)
    return coded


def _zstd(body: bytes) -> bytes:
    # A compressor must not be used by two threads at once; making one costs microseconds.
    compressor = zstandard.ZstdCompressor(
        level=_ZSTANDARD_LEVEL, write_content_size=True, write_checksum=False, write_dict_id=False
    )
    # Copied, for the compressor leaves its result in a buffer as large as the body.
    return bytes(memoryview(compressor.compress(body)))


def _gzip(body: bytes) -> bytes:
    # zlib writes neither a time nor a file name into the header, so equal bodies stay equal.
    return zlib.compress(body, _GZIP_LEVEL, wbits=_GZIP_CONTAINER)


# In the order in which we would rather send them: the smallest first.
_COMPRESSORS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"br": _br, "zstd": _zstd, "gzip": _gzip}

CODINGS: Final = ("br", "zstd", "gzip")


def code(body: bytes, coding: str) -> bytes | None:
    """Return the body in this coding, None if that is not smaller."""
    coded = _COMPRESSORS[coding](body)
    return coded if len(coded) < len(body) else None


def compress(body: bytes) -> dict[str, bytes]:
    """Return each coding of the body that is smaller than the body itself, best first.

    >>> list(compress(b"to be, or not to be, " * 50))
    ['br', 'zstd', 'gzip']
    >>> compress(b"too short to be worth it")
    {}
    """
    if len(body) < SHORTEST:
        return {}
    coded = {coding: code(body, coding) for coding in CODINGS}
    return {coding: content for coding, content in coded.items() if content is not None}
