"""The same seed asks for the same things at the same moments, in one process or in several."""

from collections import Counter
from itertools import chain

import pytest

from loadtests.catalogue import Catalogue
from loadtests.errands import Plan, errands
from loadtests.mix import Family, Kind, Mix, Write
from loadtests.replay import Recorded
from loadtests.scenarios import Phase

CATALOGUE = Catalogue(list(range(1, 501)), [f"Post {n}" for n in range(1, 501)], ["ale", "hop"], ["beer"])
PHASES = (Phase("first", 10), Phase("spike", 4, factor=10), Phase("last", 10))


def _plan(**changed):
    told = {"rate": 20.0, "variation": 1.4, "mix": Mix(), "exponent": 1.0, "seed": 1, **changed}
    return Plan(phases=PHASES, **told)


def _errands(ranks=None, catalogue=CATALOGUE, **changed):
    return list(errands(_plan(**changed), catalogue, ranks))


def test_the_seed_decides_everything():
    assert _errands() == _errands()
    assert _errands() != _errands(seed=2)


def test_each_errand_belongs_to_the_phase_in_which_it_is_due():
    ends = (10, 14, 24)

    for errand in _errands():
        assert (0, *ends)[errand.phase] <= errand.due < ends[errand.phase]
        assert errand.cell == (errand.phase, int(errand.due))


def test_parts_of_a_run_are_due_when_the_whole_would_be():
    whole = [errand.due for errand in _errands()]
    parts = [_errands(part=part, parts=3) for part in range(3)]

    assert sorted(errand.due for errand in chain(*parts)) == whole


def test_a_post_is_edited_by_one_process_only():
    edited = [
        {
            errand.post
            for errand in _errands(part=part, parts=2, mix=Mix(edits=0.2, writes=0.2))
            if errand.post
        }
        for part in range(2)
    ]

    assert edited[0]
    assert not edited[0] & edited[1]


def test_popular_posts_are_asked_for_most():
    asked = Counter(errand.path for errand in _errands() if errand.wish.family is Family.DETAIL)

    assert asked["/api/v1/posts/1/"] > asked["/api/v1/posts/30/"]
    assert asked.most_common(1)[0][0] == "/api/v1/posts/1/"


def test_a_recorded_order_is_kept():
    found = _errands(Recorded([4, 2, 9], posts=500), mix=Mix(not_found=0, crawled=0).only("none"))
    posts = [errand.path for errand in found if errand.wish.family is Family.DETAIL]

    assert set(posts) == {"/api/v1/posts/5/", "/api/v1/posts/3/", "/api/v1/posts/10/"}


def test_reads_are_the_same_whether_anybody_writes():
    def reads(mix):
        found = _errands(mix=mix)
        return [e.path for e in found if e.wish.kind not in {Kind.WRITER, Kind.CRAWLER}][:500]

    assert reads(Mix()) == reads(Mix().only("none"))


def test_writers_are_told_which_post():
    written = [errand for errand in _errands(mix=Mix(edits=0.1, writes=0.2)) if errand.wish.write]

    assert {errand.wish.write for errand in written} == set(Write)
    assert all(errand.path == f"/api/v1/posts/{errand.post}/" for errand in written)


def test_what_is_not_there_is_at_no_address_of_a_post():
    missing = [errand for errand in _errands() if errand.wish.is_missing]

    assert missing
    assert all(errand.path.startswith("/api/v1/posts/nothing-is-here-") for errand in missing)


def test_a_site_without_tags_is_asked_for_its_posts():
    bare = Catalogue([1], ["One"], [], [])

    assert {errand.path for errand in _errands(catalogue=bare) if errand.wish.family is Family.LABEL} == {
        "/api/v1/posts/"
    }


@pytest.mark.parametrize("exponent", [0.0, 1.3])
def test_the_exponent_says_how_popular_the_popular_are(exponent):
    paths = Counter(e.path for e in _errands(exponent=exponent) if e.wish.family is Family.DETAIL)
    share = paths["/api/v1/posts/1/"] / paths.total()

    assert (share > 0.1) is (exponent > 1)
