"""A page put together from fragments shows one state of the database, the one that its build reads."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from caching import django_builds
from caching.building import collecting, depends_on, fragments
from caching.coherence import Coherence
from caching.django_builds import DjangoBuilds
from caching.entry import Entry, Reply
from caching.fragments import FRESH_FOR, Fragments, NoFragments
from caching.l1 import L1
from tests.caching.entries import NOW, entry_of
from tests.caching.origin import target_of

ROW, BODY = b"\0row 1", b'{"id":1}'


def trusting(budget: int = 1_000_000) -> Coherence:
    coherence = Coherence(L1(budget))
    coherence.trust()
    return coherence


@pytest.fixture
def coherence() -> Coherence:
    return trusting()


def some_of(coherence, *waiting, now=NOW, kind=Fragments):
    return kind(coherence, lambda: frozenset(waiting), now=now)


def keep(coherence, body=BODY, *, start=None, now=NOW):
    """Keep a fragment, as a build does that begins and ends now."""
    start = start or coherence.begin()
    making = some_of(coherence, now=now)
    making.keep(ROW, body, ["post:1"])
    making.store(start)


def taken(coherence, *waiting, now=NOW, kind=Fragments):
    return some_of(coherence, *waiting, now=now, kind=kind).get(ROW)


def test_what_one_build_has_kept_another_takes_and_depends_on(coherence):
    keep(coherence)
    with collecting() as dependencies:
        mine = some_of(coherence)
        assert not mine.is_used
        assert mine.get(ROW) == BODY
    assert mine.is_used
    assert dependencies.keys == {"post:1", "post:*", "all"}


def test_a_change_drops_it(coherence):
    keep(coherence)
    coherence.invalidate(["post:*"])
    assert taken(coherence) is None


def test_it_is_not_kept_if_a_write_has_overtaken_its_build(coherence):
    start = coherence.begin()
    coherence.invalidate(["post:1"])
    keep(coherence, start=start)
    assert taken(coherence) is None


@pytest.mark.parametrize("key", ["post:1", "post:*", "all"])
def test_it_is_left_alone_while_a_change_of_it_waits_in_the_outbox(coherence, key):
    keep(coherence)
    assert taken(coherence, "posts", key) is None
    assert taken(coherence, "posts", "post:2") == BODY


def test_it_is_left_alone_while_too_much_waits_to_be_told_apart(coherence):
    keep(coherence)
    assert Fragments(coherence, lambda: None, now=NOW).get(ROW) is None


def test_a_build_takes_nothing_that_was_made_after_it_began(coherence):
    """It may show a write that is not in the build's own snapshot, and that nobody has relayed yet."""
    early = some_of(coherence)
    keep(coherence)
    assert early.get(ROW) is None
    assert taken(coherence) == BODY


def test_the_outbox_is_asked_once_and_only_if_there_is_something_to_take(coherence):
    asked = []

    def waiting():
        asked.append(1)
        return frozenset()

    keep(coherence)
    build = Fragments(coherence, waiting, now=NOW)
    assert build.get(b"\0row 2") is None
    assert not asked
    assert build.get(ROW) == build.get(ROW) == BODY
    assert len(asked) == 1


def test_without_trust_in_l1_none_is_taken():
    leased = Coherence(L1(1_000_000), leased=True)
    leased.trust()
    leased.leased(leased.clock() + 60)
    keep(leased)
    leased.leased(leased.clock() - 1)
    assert taken(leased) is None


def test_what_may_lag_lags_no_longer_than_a_minute(coherence):
    keep(coherence)
    assert taken(coherence, now=NOW + FRESH_FOR - 1) == BODY
    assert taken(coherence, now=NOW + FRESH_FOR) is None


def test_who_has_to_read_everything_takes_nothing(coherence):
    keep(coherence)
    assert taken(coherence, kind=NoFragments) is None


# What a build makes of them. Rows are numbers here: what is read of a row is how often anything was.


class Rows:
    """A view that shows two rows, the first as a fragment if there is one."""

    def __init__(self):
        self.reads = 0
        self.meanwhile = lambda: None

    def __call__(self, target):
        self.reads += 1
        depends_on(["post:1", "post:2"])
        body = fragments() and fragments().get(ROW)
        if body is None:
            body = b"%d" % self.reads
            if fragments():
                fragments().keep(ROW, body, ["post:1"])
        self.meanwhile()
        return Reply(200, b"[%b,%d]" % (body, self.reads))


def builds_of(view, coherence, store=None):
    def kept(entry, start, *, is_composed):
        return coherence.store(entry, start=start.position)

    return DjangoBuilds(view, coherence, store or kept, clock=lambda: NOW)


def shown(landing):
    assert isinstance(landing.result, Entry)
    return landing.result.variants["identity"].body


@pytest.fixture
def nothing_waits(monkeypatch):
    monkeypatch.setattr(django_builds.outbox, "waiting", frozenset)


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_waits")
def test_a_page_that_a_write_has_overtaken_is_built_anew_without_fragments(coherence):
    view = Rows()
    builds = builds_of(view, coherence)
    assert shown(builds(target_of(1), coherence.begin())) == b"[1,1]"
    assert shown(builds(target_of(2), coherence.begin())) == b"[1,2]"

    def write():
        view.meanwhile = lambda: None
        coherence.invalidate(["post:2"])

    view.meanwhile = write
    landing = builds(target_of(3), coherence.begin())

    assert shown(landing) == b"[4,4]"
    assert landing.is_stored


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_waits")
def test_whoever_stores_is_told_what_is_composed(coherence):
    told = []

    def store(entry, start, *, is_composed):
        told.append(is_composed)
        return not is_composed

    view = Rows()
    builds = builds_of(view, coherence, store)
    assert shown(builds(target_of(1), coherence.begin())) == b"[1,1]"
    # As if nobody could tell whether a write has overtaken it.
    assert shown(builds(target_of(2), coherence.begin())) == b"[3,3]"
    assert told == [False, True, False]


@pytest.mark.usefixtures("nothing_waits")
def test_a_build_that_is_tried_again_on_another_connection_takes_no_fragment(coherence, postgresql):
    """What waited in the outbox was seen by a snapshot that is gone."""
    keep(coherence, b"0")
    seen = []

    def view(target):
        found = fragments() and fragments().get(ROW)
        seen.append(found)
        if len(seen) == 1:
            connection.connection.close()
            raise OperationalError("the server closed the connection")
        return Reply(200, b"[]")

    connection.ensure_connection()
    try:
        builds_of(view, coherence)(target_of(1), coherence.begin())
    finally:
        connection.close()
    assert seen == [b"0", None]


# In L1, among the entries.


def test_fragments_and_entries_share_one_budget():
    coherence = trusting(100_000)
    coherence.store(entry_of(b"/things/1/", keys={"thing:1"}), start=coherence.position())
    for number in range(500):
        build = some_of(coherence)
        build.keep(b"\0Item  %d" % number, b"x" * 1_000, {f"post:{number}"})
        build.store(coherence.begin())
        assert coherence.l1.bytes <= 100_000
    assert coherence.l1.fragment(b"\0Item  499") is not None
    assert coherence.l1.fragment(b"\0Item  0") is None
    assert 20 < len(coherence.l1) < 100
    coherence.l1.clear()
    assert coherence.l1.bytes == 0


def test_a_fragment_that_never_fits_is_not_kept_and_drives_nobody_out():
    coherence = trusting(10_000)
    keep(coherence)
    build = some_of(coherence)
    build.keep(b"\0Item  8", b"x" * 20_000, {"post:8"})
    build.store(coherence.begin())
    assert coherence.l1.fragment(b"\0Item  8") is None
    assert taken(coherence) == BODY


def test_replaced_and_dropped_fragments_give_back_their_bytes():
    coherence = trusting()
    keep(coherence)
    once = coherence.l1.bytes
    keep(coherence)
    assert coherence.l1.bytes == once
    coherence.invalidate({"post:1"})
    assert coherence.l1.bytes == 0
