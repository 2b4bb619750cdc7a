"""What went through L2 answers byte for byte as the original does."""

from __future__ import annotations

import ast
import gc
import os
import subprocess
import sys
import tracemalloc
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching import codec
from caching import entry as entry_module
from caching.answer import answer, hit
from caching.building import Dependencies
from caching.codec import FORMAT_VERSION, decode, encode
from caching.entry import OUTDATED, Entry, Reply, make_entry
from caching.headers import read_request_fields
from tests.caching.encoded import KEY, LINK, encoded, entries, generations_of
from tests.caching.entries import (
    BODY,
    NOW,
    POLICY,
    copied,
    entry_of,
    fully_coded,
    make_reply,
    plausible_body,
)

# An entry in format version 1, as releases that write it have put it into L2.
GOLDEN = b64decode(
    "j1JQRQEAGYFD28gAABAAAAAAAAAAAAAAAABOQAAAAAAAwIJAAAAAAAAgrEAKAAAAAAAAADwAAAAAAAAAAfFTZQAAAAAAABBA/FTZ"
    "QQAAEE/8VNlBAACgVvxU2UEAABDE/1TZQQAAoFb8VNlBAgABABAAAAAfAAAAKAAAAAwAAAAQAAAABAAAACUAAAAIAAAAGgAAAAgA"
    "AAAvYXBpL3YxL3Bvc3RzLzcvYWxsCnBvc3Q6Kgpwb3N0OjcKcG9zdHMKcG9zdHM6KjAwMDAwMDAwMDAwMDAwMDEwMDAwMDAwMjAw"
    "MDAwMDAzMDAwMDAwMDRjb250ZW50LXR5cGVhcHBsaWNhdGlvbi9qc29ubGluazwvYXBpL3YxL3Bvc3RzLz9jdXJzb3I9eD47IHJl"
    "bD0ibmV4dCJpZGVudGl0eSJQRlVHRFpZcmtwM0FSWEV4VWVhUmZ2aVcieyJpZCI6N30="
)


def through_l2(entry: Entry) -> Entry:
    return decode(encoded(entry), entry.key).entry


# There and back.


@given(entries())
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    generations = generations_of(entry)

    stored = decode(encode(entry, generations), entry.key)

    assert stored.entry == entry
    # Python has each empty and each one-byte string once, unless it was made in some other way.
    assert entry_module._footprint(stored.entry) == pytest.approx(entry.bytes, abs=400)
    assert dict(zip(stored.keys, stored.generations, strict=True)) == generations
    assert len(set(stored.keys)) == len(stored.keys)


@given(
    entries(),
    st.data(),
    st.sampled_from([None, b"br", b"gzip", b"zstd, br;q=0.5", b"identity;q=0", b"*;q=0"]),
    st.booleans(),
)
def test_what_was_decoded_answers_as_the_original_does(
    entry: Entry,
    data: st.DataObject,
    accept_encoding: bytes | None,
    is_authorized: bool,  # noqa: FBT001 - drawn.
) -> None:
    copy = through_l2(fully_coded(entry))
    headers = [(b"accept-encoding", accept_encoding)] if accept_encoding is not None else []
    if is_authorized:
        headers.append((b"authorization", b"Token 1"))
    if data.draw(st.booleans(), label="conditional"):
        variant = data.draw(st.sampled_from(list(entry.variants.values())))
        headers.append((b"if-none-match", variant.etag))
    for offset in (0.0, 1.0, 2.5, *data.draw(st.lists(st.floats(0, 2e8), max_size=3))):
        now = entry.stored_at + offset
        request = read_request_fields(headers)
        assert answer(copy, request, method="GET", now=now) == answer(entry, request, method="GET", now=now)
        if now < entry.fresh_until:
            assert hit(copy, headers, method="GET", now=now) == hit(entry, headers, method="GET", now=now)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param({"body": b""}, id="no body"),
        pytest.param({"body": BODY * 2_000}, id="two megabytes"),
        pytest.param({"keys": [f"post:{number}" for number in range(20_000)]}, id="20,000 keys"),
        pytest.param({"status": 404}, id="no such thing"),
    ],
)
def test_entries_of_all_sizes_come_back(reply: dict[str, object]) -> None:
    entry = entry_of(KEY, **reply)

    assert through_l2(entry) == entry


def test_nothing_is_left_of_having_been_read() -> None:
    entry = entry_of(KEY)
    entry.reads = 2
    hit(entry, [], method="GET", now=NOW + 2)
    assert entry.variants["identity"].blocks is not OUTDATED

    copy = through_l2(entry)

    assert copy.reads == 0
    assert all(variant.blocks is OUTDATED for variant in copy.variants.values())


def test_tags_are_kept_and_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data, before = encoded(entry_of(KEY)), entry_of(KEY)
    monkeypatch.setattr(entry_module, "SCHEMA_VERSION", "another")

    assert decode(data, KEY).entry == before


def test_the_copy_counts_as_many_bytes_and_takes_them() -> None:
    keys = [f"post:{number}" for number in range(120)]
    reply = make_reply(plausible_body(11_000, seed=1), keys=keys)
    entry = make_entry(KEY, reply, POLICY, now=NOW)
    data = encoded(entry)
    decode(data, KEY)
    gc.collect()
    tracemalloc.start()
    try:
        copy = decode(data, KEY).entry
        allocated, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert copy.bytes == entry.bytes == entry_module._footprint(copy)
    assert allocated == pytest.approx(copy.bytes, rel=0.1)


def test_what_the_build_said_of_the_body_counts_too() -> None:
    entry = entry_of(KEY)

    assert entry_module._footprint(copied(entry, fields=())) < entry.bytes


def test_entries_of_one_policy_share_it() -> None:
    data = encoded(entry_of(KEY))

    assert decode(data, KEY).entry.policy is decode(data, KEY).entry.policy


# The bytes.


def test_a_page_takes_little_more_room_than_its_bodies_and_keys() -> None:
    entry = entry_of(KEY, body=plausible_body(11_000, seed=1), keys=[f"post:{n}" for n in range(120)])
    needed = sum(len(variant.body) for variant in entry.variants.values())
    needed += sum(len(key) + codec.GENERATION_BYTES for key in entry.surrogate_keys)

    assert len(encoded(entry)) - needed < 600


def test_equal_entries_are_equal_bytes_in_every_process() -> None:
    program = (
        "import sys;"
        "from tests.caching.encoded import KEY, encoded;"
        "from tests.caching.entries import entry_of;"
        "sys.stdout.buffer.write(encoded(entry_of(KEY, keys=[f'post:{n}' for n in range(50)])))"
    )

    def output(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout

    assert len(output("1")) > 500
    assert output("1") == output("2")


def golden_entry() -> Entry:
    reply = Reply(
        200,
        b'{"id":7}',
        fields=(LINK,),
        dependencies=Dependencies({"post:7", "posts"}, 1_700_000_090.5),
    )
    # What an entry takes in memory differs from one Python to the next.
    return copied(make_entry(b"/api/v1/posts/7/", reply, POLICY, now=1_700_000_000.25), bytes=4_096)


def test_the_format_is_that_of_its_version() -> None:
    entry = golden_entry()

    assert FORMAT_VERSION == 1
    assert encoded(entry) == GOLDEN
    assert decode(GOLDEN, entry.key).entry == entry


# What an entry must have to be encoded.


def test_an_entry_without_the_generation_of_each_key_is_not_encoded() -> None:
    entry = entry_of(KEY, keys=["tag:7"])
    generations = generations_of(entry)
    del generations["tag:7"]

    with pytest.raises(KeyError, match="tag:7"):
        encode(entry, generations)


@pytest.mark.parametrize("generation", [b"", b"7 bytes", b"9 bytes.."])
def test_a_generation_of_another_length_is_refused(generation: bytes) -> None:
    entry = entry_of(KEY, keys=["tag:7"])

    with pytest.raises(ValueError, match="need generations of 8 bytes"):
        encode(entry, {**generations_of(entry), "tag:7": generation})


def test_generations_of_other_keys_stay_out() -> None:
    entry = entry_of(KEY)

    assert encode(entry, {**generations_of(entry), "post:9": b"8 bytes."}) == encoded(entry)


def test_nothing_that_could_run_what_it_reads_is_imported() -> None:
    tree = ast.parse(Path(codec.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    others = {module for module in modules if not module.startswith("caching.")}
    assert others == {"__future__", "collections.abc", "functools", "math", "struct", "typing", "zlib"}
    assert not called & {"eval", "exec", "compile", "getattr", "globals", "__import__"}
