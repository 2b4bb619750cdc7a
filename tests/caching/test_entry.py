"""An entry holds all that an answer needs, made once and always to the same bytes."""

import os
import tracemalloc

import brotli
import orjson
import pytest
import zstandard

from caching import entry as entry_module
from caching.building import Dependencies
from caching.codec import GENERATION_BYTES, decode, encode
from caching.codings import CODINGS
from caching.entry import SCHEMA_VERSION, Entry, Reply, add_coding, etags_of, make_entry
from caching.freshness import CachePolicy, Freshness
from caching.labels import FIELD_NAMES, Labelling
from caching.surrogate_keys import EVERYTHING, carried_keys, surrogate_key
from caching.validators import etag
from tests.caching.entries import BODY, NOW, POLICY, entry_of, fully_coded, make_reply

LONG_LABEL = "post:slug=" + "a-very-long-slug-" * 4


def test_every_coding_has_a_strong_tag_of_its_own():
    variants = entry_of().variants

    assert set(variants) == {"identity", "br", "zstd", "gzip"}
    assert len({variant.etag for variant in variants.values()}) == 4
    assert all(variant.etag == etag(variant.body, SCHEMA_VERSION) for variant in variants.values())
    assert not any(variant.etag.startswith(b"W/") for variant in variants.values())


def test_codings_decode_to_the_identity_body():
    variants = entry_of().variants

    assert variants["identity"].body == BODY
    assert brotli.decompress(variants["br"].body) == BODY
    assert zstandard.ZstdDecompressor().decompress(variants["zstd"].body) == BODY


def test_equal_replies_make_equal_bytes_tags_and_blocks_at_whatever_time():
    one, other = entry_of(now=NOW), entry_of(now=NOW + 12345)

    for coding, variant in one.variants.items():
        assert other.variants[coding].body == variant.body
        assert other.variants[coding].etag == variant.etag
        assert other.variants[coding].not_modified == variant.not_modified


def test_another_schema_version_is_another_tag(monkeypatch):
    before = entry_of().variants["identity"].etag
    monkeypatch.setattr(entry_module, "SCHEMA_VERSION", "another")

    assert entry_of().variants["identity"].etag != before


def test_a_client_may_hold_the_tag_of_any_coding():
    assert etags_of(BODY) == {variant.etag for variant in entry_of().variants.values()}


def test_each_block_says_how_long_its_body_is_and_how_it_is_coded():
    for coding, variant in entry_of().variants.items():
        fields = dict(variant.full)
        assert fields[b"content-length"] == b"%d" % len(variant.body)
        assert fields.get(b"content-encoding", b"identity") == coding.encode()


def test_the_304_repeats_what_the_200_says_about_storing_it():
    for variant in entry_of().variants.values():
        full, not_modified = dict(variant.full), dict(variant.not_modified)
        for name in (b"etag", b"cache-control", b"cdn-cache-control", b"surrogate-control", b"vary"):
            assert not_modified[name] == full[name]
        assert not {b"content-length", b"content-type", b"content-encoding"} & set(not_modified)


def test_no_field_is_there_twice():
    for variant in entry_of().variants.values():
        for block in (variant.full, variant.full_dated, variant.not_modified):
            names = [name for name, _ in block]
            assert len(names) == len(set(names))


def test_fields_of_the_reply_are_part_of_the_200():
    reply = Reply(200, BODY, fields=((b"link", b'</i?cursor=x>; rel="next"'),))
    block = dict(fully_coded(make_entry(b"/i", reply, POLICY, now=NOW)).variants["br"].full)

    assert block[b"link"] == b'</i?cursor=x>; rel="next"'


@pytest.mark.parametrize(
    ("now", "last_modified"),
    [
        pytest.param(1000.0, 1001, id="on the second"),
        pytest.param(1000.999, 1001, id="late in the second"),
    ],
)
def test_last_modified_is_the_first_full_second_after_the_bytes_came_to_be(now, last_modified):
    assert entry_of(now=now).last_modified == last_modified


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(0, Freshness.FRESH, id="just built"),
        pytest.param(59.9, Freshness.FRESH, id="before soft_ttl"),
        pytest.param(60, Freshness.STALE, id="soft_ttl"),
        pytest.param(600, Freshness.USABLE_ON_ERROR, id="hard_ttl"),
        pytest.param(3600, Freshness.EXPIRED, id="error_ttl"),
    ],
)
def test_age_decides_the_state(age, expected):
    assert entry_of().freshness(now=NOW + age) is expected


@pytest.mark.parametrize("offset", [1, 59, 300])
def test_an_entry_is_neither_fresh_nor_stale_from_a_scheduled_change_on(offset):
    entry = entry_of(changes_at=NOW + offset)

    assert entry.freshness(now=NOW + offset - 0.01) in {Freshness.FRESH, Freshness.STALE}
    assert entry.freshness(now=NOW + offset) is Freshness.USABLE_ON_ERROR


def test_a_scheduled_change_beyond_the_policy_prolongs_nothing():
    entry = entry_of(changes_at=NOW + 100_000)

    assert entry.freshness(now=NOW + 60) is Freshness.STALE
    assert entry.freshness(now=NOW + 600) is Freshness.USABLE_ON_ERROR


def test_an_entry_falls_with_its_keys_their_coarse_keys_and_everything():
    assert carried_keys({"post:42", "posts"}) == {"post:42", "post:*", "posts", "posts:*", EVERYTHING}


def test_a_label_that_nobody_shortened_still_falls_when_the_relay_spells_it():
    entry = entry_of(keys=[LONG_LABEL])

    assert surrogate_key(LONG_LABEL) in entry.surrogate_keys


def test_an_entry_does_not_keep_the_spare_room_of_a_serialisers_buffer():
    rows = [{"id": number, "title": "x" * 100} for number in range(500)]
    policy = CachePolicy(soft_ttl=1, hard_ttl=1, error_ttl=1, browser_ttl=0, edge_ttl=0)
    dependencies = Dependencies()
    make_entry(b"/warm", Reply(200, orjson.dumps(rows)), policy, now=NOW)
    tracemalloc.start()
    try:
        entry = make_entry(b"/i", Reply(200, orjson.dumps(rows), dependencies=dependencies), policy, now=NOW)
        allocated, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(entry.variants) == 4
    assert allocated == pytest.approx(entry.bytes, rel=0.1)


def test_a_coding_is_made_when_it_is_asked_for():
    entry = make_entry(b"/i", make_reply(), POLICY, now=NOW)
    bytes_before = entry_module._footprint(entry)
    assert set(entry.variants) == {"identity"}
    assert entry.codings == CODINGS

    grown = add_coding(entry, "gzip")

    assert entry.variants["gzip"] == entry_of(b"/i").variants["gzip"]
    assert grown == entry_module._footprint(entry) - bytes_before > 0


def test_a_coding_that_makes_nothing_smaller_is_not_offered_again():
    entry = make_entry(b"/i", make_reply(os.urandom(1000)), POLICY, now=NOW)

    assert add_coding(entry, "br") == 0
    assert (set(entry.variants), entry.codings) == ({"identity"}, ("zstd", "gzip"))


def test_the_codings_of_a_large_body_are_all_made_at_once():
    entry = make_entry(b"/i", make_reply(BODY * 30), POLICY, now=NOW)

    assert set(entry.variants) == {"identity", *CODINGS}


def test_a_short_body_is_kept_as_it_is():
    entry = make_entry(b"/i", make_reply(b"{}"), POLICY, now=NOW)

    assert set(entry.variants) == {"identity"}
    assert entry.codings == ()


LABELLING = Labelling(["xkey", "cache-groups"], budget=512, given_up=["tag"])
LABELLED = {b"xkey", b"cache-groups"}


def labelled(labelling: Labelling = LABELLING, *, status: int = 200, tags: int = 100) -> Entry:
    keys = ["post:42", *(f"tag:{number}" for number in range(tags))]
    return fully_coded(
        make_entry(b"/i", make_reply(status=status, keys=keys), POLICY, now=NOW, labelling=labelling)
    )


@pytest.mark.parametrize("status", [200, 404])
def test_t1_every_coding_and_its_304_name_the_same_labels(status):
    entry = labelled(status=status)
    expected = dict(LABELLING.fields(entry.surrogate_keys))

    assert expected
    for variant in entry.variants.values():
        for block in (variant.full, variant.full_dated, variant.not_modified):
            assert {name: value for name, value in block if name in LABELLED} == expected


def test_labels_change_no_tag():
    """What an edge is told about an answer is no part of the answer."""
    plain, other = labelled(Labelling()), labelled()

    assert [v.etag for v in plain.variants.values()] == [v.etag for v in other.variants.values()]
    assert [v.body for v in plain.variants.values()] == [v.body for v in other.variants.values()]


def test_t12_without_labelling_an_entry_is_what_it_was():
    plain = labelled(Labelling())

    assert not any(FIELD_NAMES & set(dict(variant.full)) for variant in plain.variants.values())
    assert plain.fields == ((b"content-type", b"application/json"),)
    assert (
        plain.bytes
        == fully_coded(make_entry(b"/i", make_reply(keys=plain.surrogate_keys), POLICY, now=NOW)).bytes
    )


def test_labels_are_counted_once_however_many_blocks_repeat_them():
    long = Labelling(["xkey"], budget=100_000)
    entry, plain = labelled(long), labelled(Labelling())
    ((_, value),) = long.fields(entry.surrogate_keys)

    assert len(value) < entry.bytes - plain.bytes < 2 * len(value)


def test_labels_come_back_from_l2_as_they_were():
    entry = labelled()
    back = decode(
        encode(entry, dict.fromkeys(entry.surrogate_keys, b"g" * GENERATION_BYTES)), entry.key
    ).entry

    assert back.fields == entry.fields
    for coding, variant in entry.variants.items():
        assert back.variants[coding].full == variant.full
        assert back.variants[coding].not_modified == variant.not_modified
