"""A read that began after an acknowledged write has to show that write, or a later one."""

import pytest

from loadtests.ledger import Ledger, StaleRead, mark_of, marked, shown_in

POST = 42


def _written(*, at):
    """Return a ledger with a write for each moment, and the marks."""
    ledger = Ledger(first_mark=100)
    marks = []
    for moment in at:
        marks.append(ledger.begin(POST))
        ledger.acknowledge(POST, marks[-1], now=moment)
    return ledger, marks


def test_a_read_that_began_later_and_shows_less_is_stale():
    ledger, (first, second) = _written(at=[1.0, 2.0])

    assert ledger.check({POST: first}, began=2.5) == (1, [StaleRead(POST, first, second)])
    assert ledger.check({POST: 0}, began=1.5) == (1, [StaleRead(POST, 0, first)])


@pytest.mark.parametrize(("shown", "late"), [(0, 1.5), (1, 0.5)])
def test_staleness_is_counted_from_the_first_write_that_is_not_shown(shown, late):
    ledger, marks = _written(at=[1.0, 2.0])
    _, (stale,) = ledger.check({POST: marks[0] if shown else 0}, began=2.5)

    assert stale.late == late
    assert f"{late:.3f} s before" in str(stale)


def test_a_read_that_began_before_the_acknowledgement_may_show_either():
    ledger, (first, second) = _written(at=[1.0, 2.0])

    assert ledger.check({POST: first}, began=2.0) == (1, [])
    assert ledger.check({POST: second}, began=1.5) == (1, [])


def test_a_later_mark_than_needed_is_no_staleness():
    ledger, (first,) = _written(at=[1.0])

    assert ledger.check({POST: first + 1}, began=9.0) == (1, [])


def test_posts_that_nobody_wrote_to_are_not_checked():
    ledger, _ = _written(at=[1.0])

    assert ledger.check({7: 0}, began=9.0) == (0, [])


def test_nothing_can_be_checked_before_anything_was_acknowledged():
    ledger = Ledger(first_mark=1)
    ledger.begin(POST)

    assert not ledger
    assert _written(at=[1.0])[0]


def test_one_write_to_a_post_at_a_time():
    ledger = Ledger(first_mark=1)
    mark = ledger.begin(POST)

    assert ledger.begin(POST) is None
    ledger.acknowledge(POST, mark, now=1.0)
    assert ledger.begin(POST) > mark


def test_a_write_that_was_never_acknowledged_proves_nothing_and_is_the_last():
    ledger, (mark,) = _written(at=[1.0])
    ledger.begin(POST)

    assert ledger.check({POST: mark}, began=9.0) == (1, [])
    assert ledger.begin(POST) is None


@pytest.mark.parametrize("title", ["Ale", "Ale [edit 7]", "Ale [edit x]", "", "x" * 300])
def test_a_title_gives_its_mark_back(title):
    assert mark_of(marked(title, 12)) == 12
    assert marked(marked(title, 12), 13) == marked(title, 13)
    assert len(marked(title, 10**15)) <= 180


def test_posts_are_found_alone_and_in_lists():
    post = {"id": 1, "title": "Ale [edit 5]"}

    assert dict(shown_in(post)) == {1: 5}
    assert dict(shown_in({"next": None, "results": [post, {"id": 2, "title": "Stout"}]})) == {1: 5, 2: 0}


@pytest.mark.parametrize("document", [None, [], {"results": [{"id": 1, "body": "x"}]}, {"detail": "x"}])
def test_what_shows_no_post_shows_none(document):
    assert dict(shown_in(document)) == {}
