"""A body is compressed to the same bytes every time, and only where that makes it smaller."""

import gzip
import json
import os
import random
import threading

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from caching.codings import CODINGS, SHORTEST, compress

DECOMPRESS = {
    "br": brotli.decompress,
    "zstd": lambda coded: zstandard.ZstdDecompressor().decompress(coded),
    "gzip": gzip.decompress,
}
WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "malt",
    "hops",
    "water",
    "yeast",
    "is",
    "that",
    "for",
    "with",
    "bottle",
    "glass",
]


def english_list(posts):
    """Return a JSON list of so many posts, the same for the same number."""
    chance = random.Random(posts)
    results = [
        {
            "id": number,
            "title": " ".join(chance.choices(WORDS, k=8)),
            "excerpt": " ".join(chance.choices(WORDS, k=50)),
        }
        for number in range(posts)
    ]
    return json.dumps({"next": None, "previous": None, "results": results}).encode()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("posts", [2, 20, 200])
def test_each_coding_is_smaller_and_decodes_to_the_body(coding, posts):
    """E9, E10."""
    body = english_list(posts)

    coded = compress(body)[coding]

    assert len(coded) < len(body)
    assert DECOMPRESS[coding](coded) == body


def test_equal_bodies_give_equal_bytes():
    """E9, V2: what was compressed twice, or elsewhere, carries the same tag."""
    body = english_list(20)

    assert compress(body) == compress(bytes(bytearray(body)))


def test_gzip_says_neither_when_nor_from_which_file():
    """E9: the modification time is 0 and no optional field is there."""
    coded = compress(english_list(2))["gzip"]

    assert coded[:2] == b"\x1f\x8b"
    assert coded[3] == 0
    assert coded[4:8] == b"\0\0\0\0"


def test_zstandard_tells_the_size_and_carries_no_checksum():
    body = english_list(2)

    frame = zstandard.get_frame_parameters(compress(body)["zstd"])

    assert frame.content_size == len(body)
    assert not frame.has_checksum


def test_codings_come_in_the_order_of_preference():
    assert tuple(compress(english_list(5))) == CODINGS == ("br", "zstd", "gzip")


@pytest.mark.parametrize(
    ("size", "is_compressed"),
    [
        pytest.param(0, False, id="E11: empty"),
        pytest.param(60, False, id="E11: 60 bytes"),
        pytest.param(SHORTEST - 1, False, id="E11: one byte under the threshold"),
        pytest.param(SHORTEST, True, id="E11: at the threshold"),
    ],
)
def test_short_bodies_are_left_alone(size, is_compressed):
    assert bool(compress(b"a" * size)) is is_compressed


def test_a_body_that_does_not_shrink_has_no_codings():
    """E9: never larger than identity."""
    assert compress(os.urandom(2000)) == {}


@given(st.binary(max_size=2000))
def test_no_coding_is_ever_larger_or_lossy(body):
    for coding, coded in compress(body).items():
        assert len(coded) < len(body)
        assert DECOMPRESS[coding](coded) == body


def test_threads_that_compress_at_once_get_the_same_bytes():
    bodies = [english_list(posts) for posts in range(5, 13)]
    expected = [compress(body) for body in bodies]
    found = [None] * len(bodies)
    barrier = threading.Barrier(len(bodies), timeout=10)

    def compress_one(index):
        barrier.wait()
        found[index] = [compress(bodies[index]) for _ in range(5)]

    threads = [threading.Thread(target=compress_one, args=(index,)) for index in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert found == [[coded] * 5 for coded in expected]
