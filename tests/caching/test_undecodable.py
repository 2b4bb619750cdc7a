"""What is not, byte for byte, an entry for the key that was asked for is a miss and nothing worse."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching import codec
from caching.answer import answer
from caching.codec import FORMAT_VERSION, Undecodable, decode
from caching.headers import read_request_fields
from tests.caching.encoded import KEY, content_of, encoded, forged, renumbered, small_entry
from tests.caching.entries import NOW, copied

CONTENT = content_of(encoded(small_entry()))


def test_an_entry_that_was_cut_off_anywhere_is_undecodable() -> None:
    data = encoded(small_entry())
    for length in range(len(data)):
        with pytest.raises(Undecodable):
            decode(data[:length], KEY)


def test_an_entry_with_something_behind_it_is_undecodable() -> None:
    data = encoded(small_entry())
    with pytest.raises(Undecodable):
        decode(data + b"\0", KEY)
    with pytest.raises(Undecodable, match=f"need {len(data)} bytes, got {len(data) + 1}"):
        decode(forged(content_of(data) + b"\0"), KEY)


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_an_entry_with_any_byte_changed_is_undecodable(flip: int) -> None:
    data = bytearray(encoded(small_entry()))
    for position in range(len(data)):
        data[position] ^= flip
        with pytest.raises(Undecodable):
            decode(bytes(data), KEY)
        data[position] ^= flip
    assert decode(bytes(data), KEY).entry == small_entry()


@pytest.mark.parametrize("key", [b"", KEY[:-1], KEY + b"0", b"/api/v1/posts/?tag=8"])
def test_another_urls_entry_is_undecodable(key: bytes) -> None:
    with pytest.raises(Undecodable, match="need the entry of this URL, got another's"):
        decode(encoded(small_entry()), key)


@pytest.mark.parametrize("version", [0, FORMAT_VERSION + 1, 0xFFFF])
def test_another_releases_format_is_undecodable_and_says_which(version: int) -> None:
    data = forged(content_of(encoded(small_entry())), version=version)

    with pytest.raises(Undecodable, match=f"need format version {FORMAT_VERSION}, got {version}"):
        decode(data, KEY)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"cos\nsystem\n(S'exit 1'\ntR.", id="a pickle"),
        pytest.param(b'{"status": 200}', id="JSON"),
        pytest.param(b"\x8fRPE", id="the magic alone"),
        pytest.param(forged(b""), id="a head alone"),
        pytest.param(bytes(4_096), id="zeros"),
    ],
)
def test_what_never_was_an_entry_is_undecodable(data: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(data, KEY)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"fields": 0xFFFF, "variants": 0xFFFF}, id="more parts than there are"),
        pytest.param({"fields": 0}, id="fewer fields than there are"),
        pytest.param({"variants": 0}, id="no variant"),
        pytest.param({"bytes": 10}, id="smaller than its own bytes"),
        pytest.param({"soft_ttl": -1.0}, id="a policy that cannot be"),
        pytest.param({"hard_ttl": float("nan")}, id="a lifetime that is no number"),
        pytest.param({"error_ttl": float("inf")}, id="usable for ever"),
        pytest.param({"last_modified": 2**62}, id="a date beyond all calendars"),
        pytest.param({"last_modified": -(2**62)}, id="a date before all calendars"),
        pytest.param({"stored_at": float("-inf")}, id="stored never"),
        pytest.param({"fresh_until": float("nan")}, id="fresh until no number"),
        pytest.param({"fresh_until": NOW + 1e9}, id="fresh for longer than stale"),
        pytest.param({"stale_until": NOW + 1e9}, id="stale for longer than usable"),
        pytest.param({"error_until": float("inf")}, id="never expired"),
        pytest.param({"changes_at": float("nan")}, id="a change at no number"),
        pytest.param({"changes_at": float("-inf")}, id="a change before all time"),
    ],
)
def test_numbers_that_cannot_be_an_entrys_are_undecodable(changes: dict[str, object]) -> None:
    data = encoded(small_entry())
    assert renumbered(data) == data

    with pytest.raises(Undecodable):
        decode(renumbered(data, **changes), KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"identity", b"identify", id="a coding that nobody knows"),
        pytest.param(b"identity", b"\xffdentity", id="a coding that is no text"),
        pytest.param(b"all\nposts\n", b"all\nposts:", id="fewer keys than generations"),
        pytest.param(b"all\nposts\n", b"all\npost\n\n", id="more keys than generations"),
        pytest.param(b"all\nposts\n", b"all\np\xe9sts\n", id="a key that is no key"),
    ],
)
def test_parts_that_cannot_be_an_entrys_are_undecodable(old: bytes, new: bytes) -> None:
    content = content_of(encoded(small_entry()))
    assert content.count(old) == 1

    with pytest.raises(Undecodable):
        decode(forged(content.replace(old, new)), KEY)


def test_an_entry_without_the_uncoded_body_is_undecodable() -> None:
    entry = small_entry()
    coded = {coding: variant for coding, variant in entry.variants.items() if coding != "identity"}
    data = encoded(copied(entry, variants=coded))

    with pytest.raises(Undecodable, match="need the identity body"):
        decode(data, KEY)


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_bytes_with_the_right_checksum_are_undecodable_or_an_entry_that_answers(
    changes: list[tuple[int, int]],
) -> None:
    content = bytearray(CONTENT)
    for position, value in changes:
        content[position] = value
    try:
        entry = decode(forged(bytes(content)), KEY).entry
    except Undecodable:
        return
    for now in (NOW, NOW + 100, entry.error_until):
        assert answer(entry, read_request_fields([]), method="GET", now=now).status == entry.status


@given(st.binary(max_size=400))
def test_any_bytes_at_all_are_undecodable(content: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(forged(content), KEY)


def test_lengths_that_lie_allocate_nothing() -> None:
    data = renumbered(encoded(small_entry()), fields=0xFFFF, variants=0xFFFF)
    count = 3 + 2 + 3 * len(small_entry().variants)
    start = codec._NUMBERS.size
    content = CONTENT[:start] + b"\xff" * 4 * count + CONTENT[start + 4 * count :]
    tracemalloc.start()
    try:
        for lie in (data, forged(content)):
            with pytest.raises(Undecodable):
                decode(lie, KEY)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 100_000
