"""A recorded order of keys is replayed as it was: who is asked for again, and how soon."""

import lzma
import struct
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from loadtests.replay import NoTraceError, Recorded, keys_in, ranks_of, recorded_ranks, trace_file

TRAFFIC = Path(__file__).resolve().parents[3] / "shared" / "data" / "traffic"


def _trace(folder, keys, name="cache2k-web12.trace.xz"):
    path = folder / name
    path.write_bytes(lzma.compress(struct.pack(f">{len(keys)}i", *keys)))
    return path


def _taken(recorded, number):
    return [next(recorded) for _ in range(number)]


def test_keys_are_big_endian():
    assert list(keys_in(struct.pack(">3i", 1, -2, 70_000))) == [1, -2, 70_000]


def test_a_trace_that_was_cut_is_refused():
    with pytest.raises(NoTraceError, match="4 bytes per access, got 7"):
        keys_in(bytes(7))


def test_the_most_frequent_key_has_the_first_rank_and_the_order_stays():
    assert ranks_of([40, 10, 40, 30, 40, 10]) == [0, 1, 0, 2, 0, 1]


def test_a_file_is_replayed_over_and_over(tmp_path):
    recorded = Recorded(recorded_ranks(_trace(tmp_path, [9, 8, 9])), posts=10)

    assert _taken(recorded, 7) == [0, 1, 0, 0, 1, 0, 0]


def test_keys_beyond_the_posts_are_left_out_and_told():
    recorded = Recorded([0, 3, 1, 0], posts=2)

    assert _taken(recorded, 3) == [0, 1, 0]
    assert recorded.left_out == 0.25


def test_several_processes_share_the_accesses_out():
    parts = [Recorded([0, 1, 2, 3], posts=4, part=part, parts=2) for part in range(2)]

    assert _taken(parts[0], 3) == [0, 2, 0]
    assert _taken(parts[1], 3) == [1, 3, 1]


def test_without_a_folder_it_is_said_what_is_missing(tmp_path):
    with pytest.raises(NoTraceError, match="replay needs --traffic"):
        trace_file(None, "web12")
    with pytest.raises(NoTraceError, match=r"no cache2k-web07.trace.xz in "):
        trace_file(str(tmp_path), "web07")


def test_a_damaged_file_is_told_in_one_line(tmp_path):
    path = tmp_path / "cache2k-web12.trace.xz"
    path.write_bytes(b"not a trace")

    with pytest.raises(NoTraceError, match="cannot be read"):
        recorded_ranks(path)


@pytest.mark.skipif(not TRAFFIC.is_dir(), reason="the recorded traffic is not beside this checkout")
def test_the_real_trace_has_its_known_size_and_locality():
    ranks = recorded_ranks(trace_file(str(TRAFFIC), "web12"))

    assert (len(ranks), len(set(ranks))) == (95_607, 13_756)
    # An infinite cache answers 85.6 % of it, whatever the keys are called.
    assert 1 - len(set(ranks)) / len(ranks) == pytest.approx(0.856, abs=0.0005)
    frequencies = Counter(ranks)
    assert all(frequencies[a] >= frequencies[a + 1] for a in islice(range(13_755), 0, None, 500))
