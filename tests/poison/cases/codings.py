"""Can a client get a coding stored that others did not ask for, or cannot read?"""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, MISSING, Case, one_by_one, sent

_LISTS: Final = (
    "*",
    "gzip",
    "br",
    "zstd",
    "deflate",
    "compress",
    "identity",
    "gzip, br",
    "br, gzip, zstd, deflate",
    "GZIP",
    "Br",
    "x-gzip",
    "gzip;q=0",
    "br;q=0, *",
    "gzip;q=0, br;q=0, zstd;q=0",
    "gzip;q=0.000",
    "gzip;q=1.0000",
    "gzip;q=2",
    "gzip;q=-1",
    "gzip;q=nan",
    "gzip;q",
    "gzip;q=",
    "gzip;x=1",
    "gzip;;q=0",
    "identity;q=0",
    "*;q=0",
    "identity;q=0, *;q=0",
    "identity;q=0, gzip;q=0.001",
    "identity;q=0.5, gzip;q=0.4",
    "xgzip",
    "gzip-x",
    "not-gzip",
    "br\tgzip",
    "gzip br",
    ",gzip,,",
    ", , ,",
    ";",
    '"gzip"',
    "gzip\x01",
    "gz\xefp",
    "gzip\x0bbr",
    "dcb",
    "exi, pack200-gzip, aes128gcm",
)

CASES: Final[tuple[Case, ...]] = (
    *(sent(f"Accept-Encoding: {value!r}", f"Accept-Encoding: {value}") for value in _LISTS),
    sent("Accept-Encoding, empty", "Accept-Encoding:"),
    sent("Accept-Encoding, of a list", "Accept-Encoding: identity;q=0", victim=LIST),
    sent("Accept-Encoding, of what is missing", "Accept-Encoding: identity;q=0", victim=MISSING),
    sent("Accept-Encoding, br of a list", "Accept-Encoding: br", victim=LIST),
    sent("Accept-Encoding, gzip of what is missing", "Accept-Encoding: gzip", victim=MISSING),
    sent("Accept-Encoding in two lines", "Accept-Encoding: br;q=0", "Accept-Encoding: gzip"),
    sent("Accept-Encoding in two lines, one empty", "Accept-Encoding:", "Accept-Encoding: br"),
    sent(
        "Accept-Encoding in two lines that contradict", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0"
    ),
    sent("Accept-Encoding in fifty lines", *["Accept-Encoding: gzip"] * 50),
    sent("Accept-Encoding folded", "Accept-Encoding: gzip,\r\n br"),
    sent("Accept-Encoding with a blank before its colon", "Accept-Encoding : br"),
    sent("Accept-Encoding of 2 kB", f"Accept-Encoding: {'x, ' * 700}gzip"),
    sent("Accept-Encoding of 6 kB", f"Accept-Encoding: {'gzip;q=0.5, ' * 500}br"),
    sent("accept-encoding in small letters", "accept-encoding: br"),
    sent("Accept-Encoding that is hop by hop", "Accept-Encoding: identity", "Connection: accept-encoding"),
    sent("Accept-Encoding with TE", "Accept-Encoding: br", "TE: gzip, trailers"),
    sent("Accept-Encoding, of HTTP/1.0", "Accept-Encoding: br", version="HTTP/1.0"),
    sent("Accept-Encoding and a range", "Accept-Encoding: gzip", "Range: bytes=0-9"),
    sent("X-Accept-Encoding", "X-Accept-Encoding: br", "Fastly-Orig-Accept-Encoding: br"),
    sent("Available-Dictionary", "Accept-Encoding: dcb, dcz", "Available-Dictionary: :e30=:"),
    one_by_one(
        "every coding once",
        *(
            sent("", f"Accept-Encoding: {coding}")
            for coding in ("br", "gzip", "zstd", "deflate", "*", "identity")
        ),
    ),
    one_by_one(
        "refused, then taken",
        *(sent("", f"Accept-Encoding: {value}") for value in ("identity;q=0", "gzip;q=0", "gzip")),
        victim=LIST,
    ),
)
