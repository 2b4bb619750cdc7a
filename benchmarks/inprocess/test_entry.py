"""What does an entry cost? To make, to compress, to send to L2, to take from there, to put into L1."""

from __future__ import annotations

import random
import time
import zlib

import brotli
import pytest
import zstandard
from pytest_benchmark.fixture import BenchmarkFixture

from api.policies import FIRST_PAGE
from benchmarks.inprocess.material import KEY, PLENTY, reply
from caching import codings
from caching.codec import GENERATION_BYTES, decode, encode
from caching.entry import Entry, make_entry
from caching.l1 import L1
from caching.negotiation import IDENTITY
from caching.validators import etag

pytestmark = pytest.mark.benchmark(group="an entry")

_DECOMPRESS = {
    "br": brotli.decompress,
    "zstd": zstandard.decompress,
    "gzip": lambda body: zlib.decompress(body, wbits=16 + zlib.MAX_WBITS),
}


def test_make(benchmark: BenchmarkFixture, body: bytes) -> None:
    """Make an entry, its codings still to be made."""
    made, now = reply(body), time.time()
    entry = make_entry(KEY, made, FIRST_PAGE, now=now)
    assert entry.codings == codings.CODINGS
    assert entry.variants[IDENTITY].body == body
    benchmark(make_entry, KEY, made, FIRST_PAGE, now=now)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_compression(benchmark: BenchmarkFixture, body: bytes, coding: str) -> None:
    """Compress a page by {coding}."""
    compressed = codings.code(body, coding)
    assert compressed is not None
    assert _DECOMPRESS[coding](compressed) == body
    benchmark(codings.code, body, coding)


def test_etag(benchmark: BenchmarkFixture, body: bytes) -> None:
    """Make the ETag of a page."""
    assert etag(body, "1") == etag(bytes(bytearray(body)), "1") != etag(body + b" ", "1")
    benchmark(etag, body, "1")


def test_encode(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Encode an entry for L2."""
    generations = _generations(entry)
    assert decode(encode(entry, generations), KEY).entry == entry
    benchmark(encode, entry, generations)


def test_decode(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Decode an entry from L2."""
    data = encode(entry, _generations(entry))
    assert decode(data, KEY).entry == entry
    benchmark(decode, data, KEY)


def test_put(benchmark: BenchmarkFixture, entry: Entry) -> None:
    """Put an entry into L1 in place of itself."""
    l1 = L1(PLENTY)
    assert l1.put(entry)
    held = l1.bytes
    assert l1.put(entry)
    assert (l1.bytes, len(l1)) == (held, 1)
    benchmark(l1.put, entry)


def _generations(entry: Entry) -> dict[str, bytes]:
    return {key: random.randbytes(GENERATION_BYTES) for key in entry.surrogate_keys}
