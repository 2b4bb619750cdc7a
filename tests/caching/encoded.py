"""Entries as L2 keeps them, and bytes that look like it, for tests."""

from __future__ import annotations

from zlib import crc32

from hypothesis import strategies as st

from caching import codec
from caching.building import Dependencies
from caching.codec import FORMAT_VERSION, encode
from caching.entry import Entry, Reply, make_entry
from caching.freshness import CachePolicy
from tests.caching.entries import NOW, POLICY, plausible_body

KEY = b"/api/v1/posts/?tag=7"
LINK = (b"link", b'</api/v1/posts/?cursor=x>; rel="next"')


def generations_of(entry: Entry) -> dict[str, bytes]:
    """Return a generation for each of the entry's keys, all different."""
    return {key: b"%08d" % number for number, key in enumerate(sorted(entry.surrogate_keys))}


def encoded(entry: Entry) -> bytes:
    """Return the entry as L2 keeps it."""
    return encode(entry, generations_of(entry))


def forged(content: bytes, *, version: int = FORMAT_VERSION) -> bytes:
    """Put a head before the bytes, with the checksum that they have."""
    return codec._HEAD.pack(codec.MAGIC, version, crc32(content)) + content


def content_of(data: bytes) -> bytes:
    """Return what stands behind the head."""
    return data[codec._HEAD.size :]


def renumbered(data: bytes, **changes: object) -> bytes:
    """Return the bytes with other numbers in them, and the checksum of that."""
    content = content_of(data)
    numbers = codec._Numbers._make(codec._NUMBERS.unpack_from(content))._replace(**changes)
    return forged(codec._NUMBERS.pack(*numbers) + content[codec._NUMBERS.size :])


def small_entry() -> Entry:
    """Make an entry of a few hundred bytes, with all parts that an entry can have."""
    reply = Reply(
        200, b"{}" + b" " * 400, fields=(LINK,), dependencies=Dependencies({"tag:7", "posts"}, NOW + 90.5)
    )
    return make_entry(KEY, reply, POLICY, now=NOW)


_POLICIES = st.builds(
    lambda ttls, browser, edge: CachePolicy(*sorted(ttls), browser_ttl=browser, edge_ttl=edge),
    st.lists(st.floats(0.001, 1e8), min_size=3, max_size=3),
    st.integers(0, 10**8),
    st.integers(0, 10**8),
)
_VISIBLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, blacklist_characters="\x7f"))
_FIELDS = st.lists(
    st.tuples(st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True), _VISIBLE).map(
        lambda field: (field[0].encode(), field[1].encode("latin-1"))
    ),
    max_size=4,
).map(tuple)
_BODIES = st.one_of(
    st.binary(max_size=600),
    st.integers(1, 60).map(lambda size: plausible_body(size * 100, seed=size)),
)
_MOMENTS = st.floats(0, 4e9)
_LABELS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40) | st.integers(0, 10**9).map(
    lambda number: f"post:{number}"
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Draw an entry as a build may make it."""
    now = draw(_MOMENTS)
    changes_in = draw(st.none() | st.floats(-10, 1e8))
    reply = Reply(
        draw(st.sampled_from([200, 404])),
        draw(_BODIES),
        content_type=draw(st.sampled_from(["application/json", "application/problem+json", "text/é"])),
        fields=draw(_FIELDS),
        dependencies=Dependencies(draw(st.sets(_LABELS)), None if changes_in is None else now + changes_in),
    )
    key = draw(st.from_regex(rb"/[!-~]{0,60}", fullmatch=True))
    return make_entry(key, reply, draw(_POLICIES), now=now)
