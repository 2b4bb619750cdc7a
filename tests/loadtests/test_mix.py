"""Who asks for what has the shares of real traffic, and writes change nothing about the reads."""

from collections import Counter
from itertools import islice
from random import Random

import pytest

from loadtests.mix import Family, Kind, Mix, Wishes, Write

READS = 9_000


def _wishes(mix=None, seed=1):
    drawing = Wishes(mix or Mix(), reads=Random(seed), extras=Random(seed + 1))
    while True:
        yield drawing.draw()


def _drawn(mix=None, reads=READS):
    """Return the wishes up to so many reads."""
    found, wishes = [], _wishes(mix)
    while reads:
        found.append(next(wishes))
        reads -= _is_read(found[-1])
    return found


def _is_read(wish):
    return wish.kind not in {Kind.WRITER, Kind.CRAWLER}


def test_reads_have_the_shares_of_a_real_site():
    wishes = [wish for wish in _drawn() if _is_read(wish)]
    families = Counter(wish.family for wish in wishes if not wish.is_missing)
    shares = {family: number / families.total() for family, number in families.items()}

    assert shares[Family.DETAIL] == pytest.approx(0.60, abs=0.02)
    assert shares[Family.LIST] == pytest.approx(0.15, abs=0.02)
    assert shares[Family.LABEL] == pytest.approx(0.15, abs=0.02)
    assert shares[Family.COMMENTS] == pytest.approx(0.10, abs=0.02)
    assert sum(wish.is_missing for wish in wishes) / READS == pytest.approx(0.02, abs=0.005)
    assert sum(wish.method == "HEAD" for wish in wishes) / READS == pytest.approx(0.004, abs=0.002)


@pytest.mark.parametrize("share", [0.05, 0.15, 0.2])
def test_so_many_reads_carry_a_validator(share):
    wishes = _drawn(Mix(conditional=share))
    conditional = sum(wish.kind in {Kind.REVALIDATOR, Kind.EDGE} for wish in wishes)

    # Those who ask for what is not there have nothing to validate.
    assert conditional / READS == pytest.approx(share * 0.98, rel=0.15)


def test_there_is_one_edit_for_500_reads_a_write_for_150_and_a_crawler_for_50():
    wishes = _drawn()

    assert sum(wish.write is Write.EDIT for wish in wishes) == pytest.approx(READS / 500, abs=1)
    assert sum(wish.write is not None for wish in wishes) == pytest.approx(READS / 150, abs=2)
    assert {wish.write for wish in wishes} == {None, *Write}
    assert sum(wish.kind is Kind.CRAWLER for wish in wishes) == pytest.approx(READS * 0.02, abs=1)


@pytest.mark.parametrize("writes", ["none", "edits"])
def test_the_reads_are_the_same_whoever_writes(writes):
    with_all = filter(_is_read, _wishes())
    with_fewer = filter(_is_read, _wishes(Mix().only(writes)))

    assert list(islice(with_all, 2000)) == list(islice(with_fewer, 2000))


def test_only_edits_means_no_other_write():
    written = {wish.write for wish in _drawn(Mix().only("edits"), reads=2000)}

    assert written == {None, Write.EDIT}


def test_no_writes_means_none():
    assert not any(wish.write for wish in _drawn(Mix().only("none"), reads=2000))


@pytest.mark.parametrize("shares", [{"conditional": 1.5}, {"head": -0.1}, {"edits": 0.5, "writes": 0.1}])
def test_shares_that_cannot_be_are_refused(shares):
    with pytest.raises(ValueError, match="need "):
        Mix(**shares)
