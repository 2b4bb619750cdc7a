"""What came through an edge is counted from the origin's own log, in the phase in which it came."""

import pytest

from loadtests import origin_log
from loadtests import tally as names
from loadtests.findings import figures
from loadtests.origin_log import reads
from loadtests.scenarios import Phase
from loadtests.tally import Tally

BEGAN = 1_700_000_000.0  # 14 November 2023, 22:13:20 UTC.
PHASES = [Phase("warm-up", 10, is_judged=False), Phase("steady", 20)]
HIT = 'GET /api/v1/posts/ HTTP/1.1" 200 900 readpath; hit'


def _line(said, *, at):
    """Return what gunicorn writes of a request so many seconds into the run."""
    return f'[14/Nov/2023:22:13:{20 + at:02d} +0000] "{said}'


def _counted(*lines):
    tally = Tally()
    origin_log.count(tally, reads(lines), PHASES, began=BEGAN)
    return tally


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('GET /api/v1/posts/1/ HTTP/1.1" 200 700 readpath; hit', names.ORIGIN_L1),
        ('GET /api/v1/posts/1/ HTTP/1.1" 200 700 readpath; hit; detail=stale', names.ORIGIN_L1),
        ('HEAD /api/v1/posts/1/ HTTP/1.1" 200 0 readpath; hit; detail=l2', names.ORIGIN_L2),
        ('GET /api/v1/posts/1/ HTTP/1.1" 200 700 readpath; fwd=uri-miss; stored', names.ORIGIN_BUILDS),
        ('GET /api/v1/posts/1/ HTTP/1.1" 304 0 readpath; hit', names.ORIGIN_NOT_MODIFIED),
    ],
)
def test_a_read_is_counted_by_how_the_origin_came_by_it(said, name):
    found = figures(_counted(_line(said, at=12)), 1.0)

    assert found.counts[name] == found.counts[names.ORIGIN_READS] == 1


@pytest.mark.parametrize(
    "said",
    [
        'GET /healthz/live HTTP/1.1" 200 17 -',
        'PATCH /api/v1/posts/1/ HTTP/1.1" 200 700 -',
        'PURGE / HTTP/1.1" 405 10 -',
        "",
    ],
)
def test_what_is_no_read_of_the_api_is_not_counted(said):
    assert not _counted(_line(said, at=12)).counts


def test_a_read_belongs_to_its_second_and_phase():
    tally = _counted(_line(HIT, at=3), _line(HIT, at=12), _line(HIT, at=12))

    assert {cell: counts[names.ORIGIN_READS] for cell, counts in tally.counts.items()} == {
        (0, 3): 1,
        (1, 12): 2,
    }
    assert figures(tally, 1.0).counts[names.ORIGIN_BYTES] == 2700


def test_what_came_before_or_after_the_run_is_not_of_it():
    before = '[14/Nov/2023:22:13:19 +0000] "' + HIT
    after = _line(HIT, at=31)

    assert not _counted(before, after).counts


def test_the_format_is_the_one_that_is_read():
    told = {"t": "[14/Nov/2023:22:13:25 +0000]", "r": "GET /api/v1/ HTTP/1.1", "s": 200, "B": 12}
    (read,) = reads([origin_log.FORMAT % {**told, "{cache-status}o": "readpath; hit"}])

    assert (read.at, read.status, read.size) == (BEGAN + 5.5, 200, 12)
