"""Can a part of an answer, or the refusal of one, be taken for the whole? RangeAmp and its kin."""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, MISSING, Case, one_by_one, sent

_RANGES: Final = (
    "bytes=0-0",
    "bytes=0-",
    "bytes=1-2",
    "bytes=-1",
    "bytes=-0",
    "bytes=-99999999",
    "bytes=99999999-",
    "bytes=5-1",
    "bytes=0-0,2-2",
    "bytes=0-,0-,0-,0-",
    "bytes=",
    "bytes",
    "bytes=a-b",
    "bytes=0-18446744073709551615",
    "bytes=-9223372036854775809",
    "items=0-1",
    "BYTES=0-1",
    "bytes = 0-1",
    "bytes=0-1\x01",
    "bytes=0x0-0x1",
)

CASES: Final[tuple[Case, ...]] = (
    *(sent(f"Range: {value!r}", f"Range: {value}") for value in _RANGES),
    sent("Range, of a list", "Range: bytes=0-3", victim=LIST),
    sent("Range, of what is missing", "Range: bytes=0-3", victim=MISSING),
    sent("Range of a coding", "Range: bytes=0-3", "Accept-Encoding: gzip"),
    sent("Range of a thousand parts", f"Range: bytes={','.join(['0-1'] * 1000)}"),
    sent("Range, twice", "Range: bytes=0-0", "Range: bytes=1-1"),
    sent("Range with If-Range that is unknown", "Range: bytes=0-3", 'If-Range: "{evil}"'),
    sent("Range with If-Range of a date", "Range: bytes=0-3", "If-Range: Mon, 01 Jan 2040 00:00:00 GMT"),
    sent("Range with If-Range that is malformed", "Range: bytes=0-3", "If-Range: {evil}"),
    sent("Range with If-Range, weak", "Range: bytes=0-3", 'If-Range: W/"x"'),
    sent("Range with a condition", "Range: bytes=0-3", "If-None-Match: *"),
    sent("If-Range alone", 'If-Range: "{evil}"'),
    sent("Request-Range", "Request-Range: bytes=0-0"),
    sent("X-Range and Unit", "X-Range: bytes=0-0", "Range-Unit: bytes"),
    sent("Content-Range of a request", "Content-Range: bytes 0-0/1"),
    sent("Range of HTTP/1.0", "Range: bytes=0-3", version="HTTP/1.0"),
    one_by_one("part by part", *(sent("", f"Range: bytes={n * 100}-{n * 100 + 99}") for n in range(5))),
)
