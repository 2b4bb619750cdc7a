"""How an answer was come by is read from `Cache-Status`, of the cache nearest to the origin."""

import pytest

from loadtests.outcomes import HITS, READS, Outcome, outcome_of


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("readpath; hit", Outcome.HIT),
        ("readpath; hit; detail=l2", Outcome.L2),
        ("readpath; hit; detail=stale", Outcome.STALE),
        ("readpath; hit; detail=confirmed", Outcome.CONFIRMED),
        ("readpath; fwd=uri-miss; stored", Outcome.MISS),
        ("readpath; fwd=uri-miss; collapsed", Outcome.COLLAPSED),
        ("readpath; fwd=stale; stored", Outcome.MISS),
        ("readpath; fwd=stale; fwd-status=503; detail=stale-if-error", Outcome.MISS),
        ("readpath; fwd=bypass", Outcome.BYPASS),
        ("readpath; fwd=method", Outcome.BYPASS),
        ("readpath; fwd=uri-miss; stored, edge; hit", Outcome.MISS),
        ('"readpath";HIT;detail="l2"', Outcome.L2),
        ("", Outcome.UNSAID),
        (None, Outcome.UNSAID),
        ("nonsense", Outcome.UNSAID),
    ],
)
def test_the_field_says_the_outcome(field, expected):
    assert outcome_of(field) is expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("readpath; fwd=uri-miss; stored, Varnish; hit; ttl=86000", Outcome.EDGE),
        ("readpath; hit, inner; fwd=stale, outer; hit", Outcome.EDGE),
        ("readpath; hit; detail=l2, Varnish; fwd=miss; stored", Outcome.L2),
        ("readpath; fwd=uri-miss; stored, Varnish; fwd=miss; stored", Outcome.MISS),
        ("readpath; hit", Outcome.HIT),
        ("", Outcome.UNSAID),
        (None, Outcome.UNSAID),
    ],
)
def test_behind_an_edge_its_hit_is_what_counts(field, expected):
    assert outcome_of(field, behind_edge=True) is expected


def test_a_stale_answer_came_from_memory_and_a_miss_did_not():
    assert Outcome.STALE in HITS
    assert not set(HITS) & {Outcome.MISS, Outcome.COLLAPSED, Outcome.UNSAID, Outcome.FAILED}
    assert set(Outcome) - set(READS) == {Outcome.WRITE, Outcome.FAILED}
