"""What has been committed is invalidated, whoever dies when (P4), and before its writer is answered (P1)."""

import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event, Lock

import pytest
from django.db import InterfaceError, OperationalError, connections

from api.models import Author
from caching.coherence import Coherence
from caching.l1 import L1
from caching.models import Outbox
from caching.relaying import acknowledging, outbox
from caching.relaying import relay as relay_module
from caching.relaying.relay import Ownership, Relay, acknowledge, activate, deactivate
from caching.snapshot import snapshot
from caching.surrogate_keys import EVERYTHING, surrogate_key
from caching.triggers import install
from tests.caching.entries import copied, entry_of
from tests.caching.hearing import PATIENCE, Heard, in_thread, running
from tests.factories import make_author, make_tag

pytestmark = pytest.mark.usefixtures("database_file")

ROOT = Path(__file__).resolve().parents[2]
LONG_SLUG = "a-very-long-slug-" * 4


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def lock_path(database_file):
    return Path(f"{database_file}.relay")


@pytest.fixture
def owner(heard, lock_path):
    """Return a relay that owns the outbox and is not running by itself."""
    ownership = Ownership(lock_path)
    assert ownership.acquire()
    yield Relay(heard, ownership, interval=0.01)
    ownership.release()


@pytest.fixture
def other_program(database_file):
    with closing(sqlite3.connect(database_file, isolation_level=None, timeout=PATIENCE)) as other:
        yield other


def outstanding():
    return set(Outbox.objects.values_list("key", flat=True))


# What was recorded is passed on, once it is invalidated it is deleted.


def test_keys_are_passed_on_and_deleted(owner, heard):
    tag = make_tag()
    rows = Outbox.objects.count()

    assert owner.relay() == rows
    assert heard.keys == {f"tag:{tag.pk}", f"tag:{tag.pk}:counts", f"tag:slug={tag.slug}", "tags"}
    assert outstanding() == set()
    assert owner.relay() == 0


def test_labels_that_are_too_long_are_spelled_as_builds_spell_them(owner, heard):
    make_tag(slug=LONG_SLUG)
    owner.relay()

    assert surrogate_key(f"tag:slug={LONG_SLUG}") in heard.keys


def test_so_many_rows_that_it_spares_nothing_to_tell_them_apart_invalidate_everything(
    owner, heard, monkeypatch
):
    monkeypatch.setattr(outbox, "BATCH", 10)
    Outbox.objects.bulk_create(Outbox(key=f"post:{number}") for number in range(25))

    assert owner.relay() == 25
    assert heard.keys == {EVERYTHING}
    assert heard.events == ["invalidate", "distrust"]
    assert outstanding() == set()


def test_a_failure_while_everything_is_invalidated_loses_nothing(owner, heard, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 10)
    Outbox.objects.bulk_create(Outbox(key=f"post:{number}") for number in range(25))
    heard.chokes = [ValueError("choked")]
    with pytest.raises(ValueError, match="choked"):
        owner.relay()

    assert len(outstanding()) == 25


def test_more_rows_than_a_statement_has_variables_are_deleted(owner):
    Outbox.objects.bulk_create(Outbox(key=f"post:{number}") for number in range(4_000))
    owner.relay()

    assert not Outbox.objects.exists()


def test_what_is_committed_while_the_relay_is_at_work_is_not_deleted_unheard(owner, heard):
    make_author()
    heard.on_key["authors"] = lambda: late.append(in_thread(lambda: Outbox.objects.create(key="post:late")))
    late = []
    owner.relay()
    late[0].join(PATIENCE)
    owner.relay()

    assert "post:late" in heard.keys
    assert outstanding() == set()


# Crashes.


def test_a_failure_between_invalidating_and_deleting_loses_nothing(owner, heard):
    author = make_author()

    def crash():
        raise OperationalError("the database went away")

    heard.on_key["authors"] = crash
    with pytest.raises(OperationalError):
        owner.relay()
    assert f"author:{author.pk}" in outstanding()
    heard.keys.clear()

    owner.relay()
    assert f"author:{author.pk}" in heard.keys
    assert outstanding() == set()


def test_a_failure_before_invalidating_loses_nothing(owner, heard):
    author = make_author()
    heard.chokes = [ValueError("choked")]
    with pytest.raises(ValueError, match="choked"):
        owner.relay()

    owner.relay()
    assert f"author:{author.pk}" in heard.keys


DYING_PROCESS = """
import os, sys
import django
django.setup()
from pathlib import Path
from api.models import Author
from caching.relaying import relay
from caching.coherence import Coherence
from caching.l1 import L1
ownership = relay.Ownership(Path(sys.argv[1]))
assert ownership.acquire()
Author.objects.filter(pk=int(sys.argv[2])).update(name="written by the dying")
if sys.argv[3] == "before deleting":
    coherence = Coherence(L1(1000000))
    coherence.invalidate = lambda keys, **_: os._exit(9)
    relay.Relay(coherence, ownership, interval=1).relay()
elif sys.argv[3] == "after committing":
    os._exit(9)
print("alive", flush=True)
sys.stdin.read()
"""


def process(database_file, *arguments):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "settings.testing",
        "DATABASE_URL": f"sqlite:///{database_file}",
    }
    return subprocess.Popen(
        [sys.executable, "-c", DYING_PROCESS, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@pytest.mark.parametrize("moment", ["after committing", "before deleting"])
def test_a_process_that_dies_loses_nothing_and_leaves_the_outbox_to_the_next(
    database_file, lock_path, heard, moment
):
    author = make_author()
    Outbox.objects.all().delete()
    with process(database_file, lock_path, author.pk, moment) as dying:
        assert dying.wait(PATIENCE) == 9

    assert outstanding() == {f"author:{author.pk}", "authors"}
    with running(Relay(heard, Ownership(lock_path), interval=0.01)):
        assert heard.trusted.wait(PATIENCE)
    assert heard.keys == {f"author:{author.pk}", "authors"}
    assert heard.events[:2] == ["invalidate", "trust"], "trusted before what was outstanding was relayed"


def test_ownership_passes_on_when_its_process_is_killed(database_file, lock_path, heard):
    author = make_author()
    with process(database_file, lock_path, author.pk, "never") as living:
        assert living.stdout.readline() == b"alive\n"
        assert not Ownership(lock_path).acquire()
        with running(Relay(heard, Ownership(lock_path), interval=0.01)):
            assert not heard.trusted.is_set()
            living.send_signal(signal.SIGKILL)
            living.wait(PATIENCE)
            assert heard.trusted.wait(PATIENCE)
    assert f"author:{author.pk}" in heard.keys


# Ownership.


def test_one_owner_at_a_time(lock_path):
    one, other = Ownership(lock_path), Ownership(lock_path)

    assert one.acquire()
    assert one.acquire(), "who owns it may ask again"
    assert not other.acquire()
    assert (one.held, other.held) == (True, False)
    one.release()
    assert other.acquire()
    other.release()
    other.release()
    assert not other.held


# Before a writer is answered.


def test_the_owner_acknowledges_by_relaying(owner, heard):
    author = make_author()
    owner.acknowledge()

    assert f"author:{author.pk}" in heard.keys
    assert outstanding() == set()


class WatchedOwnership(Ownership):
    """Tells when somebody has looked at it twice: then he waits."""

    def __init__(self, path):
        super().__init__(path)
        self.looks = 0
        self.waits = Event()

    @property
    def held(self):
        self.looks += 1
        if self.looks == 2:
            self.waits.set()
        return super().held


def test_who_does_not_own_the_outbox_waits_until_the_owner_has_relayed(owner, heard, lock_path):
    make_author()
    ownership = WatchedOwnership(lock_path)
    waiting = Relay(Heard(), ownership, interval=0.001)
    writer = in_thread(waiting.acknowledge)
    assert ownership.waits.wait(PATIENCE)

    assert writer.is_alive(), "acknowledged what nobody had invalidated"
    owner.relay()
    writer.join(PATIENCE)
    assert not writer.is_alive()
    assert "authors" in heard.keys
    assert not waiting._coherence.distrusted.is_set()


def test_a_writer_whose_change_nobody_relays_makes_its_process_forget_everything(
    owner, lock_path, monkeypatch, caplog
):
    monkeypatch.setattr(acknowledging, "ACKNOWLEDGE_WITHIN", 0.05)
    make_author()
    coherence = Coherence(L1(1_000_000))
    coherence.trust()
    assert coherence.store(entry_of(), start=coherence.position())

    Relay(coherence, Ownership(lock_path), interval=0.001).acknowledge()

    assert not coherence.is_trusting()
    assert len(coherence.l1) == 0
    assert "L1 is dropped" in caplog.text


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed")], ids=["gone", "closed"]
)
def test_a_database_that_hiccups_delays_the_answer_and_no_more(owner, heard, error):
    author = make_author()
    heard.chokes = [error, error]
    owner.acknowledge()

    assert f"author:{author.pk}" in heard.keys
    assert not heard.distrusted.is_set()


def test_a_database_that_stays_away_makes_the_process_forget_everything(
    owner, heard, monkeypatch, other_program
):
    monkeypatch.setattr(acknowledging, "ACKNOWLEDGE_WITHIN", 0.05)
    other_program.execute("ALTER TABLE caching_outbox RENAME TO elsewhere")

    owner.acknowledge()

    assert heard.keys == {EVERYTHING}
    assert heard.events[-1] == "distrust"


def test_without_a_relay_there_is_nobody_to_wait_for():
    make_author()
    acknowledge()

    assert outstanding()


def test_the_active_relay_acknowledges(owner, heard):
    make_author()
    activate(owner)
    try:
        acknowledge()
    finally:
        deactivate()

    assert "authors" in heard.keys
    make_tag()
    acknowledge()
    assert "tags" not in heard.keys


# Looking by itself.


def test_writes_of_others_are_found_without_being_told(heard, lock_path, other_program):
    author = make_author()
    found = heard.hears(f"author:{author.pk}")
    with running(Relay(heard, Ownership(lock_path), interval=0.005)):
        assert found.wait(PATIENCE)
        found = heard.hears(f"author:{author.pk}")
        other_program.execute("UPDATE api_author SET name = 'from a shell'")
        assert found.wait(PATIENCE)


def test_now_and_then_it_looks_after_the_queues_of_the_edges(heard, lock_path):
    tidied = Event()
    with running(Relay(heard, Ownership(lock_path), interval=0.005, tidy=tidied.set)):
        assert tidied.wait(PATIENCE)


def test_stopping_distrusts_and_lets_another_process_own_the_outbox(heard, lock_path):
    with running(Relay(heard, Ownership(lock_path), interval=0.01)):
        assert heard.trusted.wait(PATIENCE)
    successor = Ownership(lock_path)

    assert heard.events[-1] == "distrust"
    assert successor.acquire()
    successor.release()


def test_who_does_not_own_the_outbox_neither_relays_nor_trusts(owner, lock_path):
    make_author()
    ownership = WatchedOwnership(lock_path)
    tried = Event()
    ownership.acquire = lambda: tried.set() or Ownership.acquire(ownership)
    second = Heard()
    with running(Relay(second, ownership, interval=0.001)):
        for _ in range(3):
            tried.clear()
            assert tried.wait(PATIENCE)
        assert second.events == []
    assert outstanding()


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed")], ids=["gone", "closed"]
)
def test_while_the_database_is_away_what_is_held_stays_trusted_and_nothing_is_missed(
    heard, lock_path, other_program, error
):
    with running(Relay(heard, Ownership(lock_path), interval=0.005)):
        assert heard.trusted.wait(PATIENCE)
        heard.chokes = [error] * 3
        found = heard.hears("tags")
        other_program.execute("INSERT INTO api_tag (name, slug, post_count) VALUES ('Ale', 'ale', 0)")
        assert found.wait(PATIENCE)
        assert not heard.distrusted.is_set()


def test_what_is_recorded_while_the_outbox_cannot_be_read_is_found_afterwards(
    heard, lock_path, other_program, caplog
):
    tag = make_tag()
    Outbox.objects.all().delete()
    complained = Event()
    handler = logging.Handler()
    handler.emit = lambda record: complained.set()
    relay_module.logger.addHandler(handler)
    try:
        with running(Relay(heard, Ownership(lock_path), interval=0.005)):
            assert heard.trusted.wait(PATIENCE)
            other_program.execute("ALTER TABLE caching_outbox RENAME TO elsewhere")
            assert complained.wait(PATIENCE)
            other_program.execute("UPDATE api_tag SET name = 'meanwhile'")
            found = heard.hears(f"tag:{tag.pk}")
            other_program.execute("ALTER TABLE elsewhere RENAME TO caching_outbox")
            assert found.wait(PATIENCE)
            assert not heard.distrusted.is_set()
    finally:
        relay_module.logger.removeHandler(handler)


def test_a_failure_that_nobody_expected_distrusts_and_does_not_end_the_relay(heard, lock_path, other_program):
    with running(Relay(heard, Ownership(lock_path), interval=0.005)):
        assert heard.trusted.wait(PATIENCE)
        heard.chokes = [ValueError("a bug")]
        found = heard.hears("tags")
        other_program.execute("INSERT INTO api_tag (name, slug, post_count) VALUES ('Ale', 'ale', 0)")
        assert found.wait(PATIENCE)
    assert heard.events.index("distrust") < heard.events.index("invalidate")


# All together: a database, a relay, an L1.


def test_two_relays_at_once_invalidate_everything_before_either_returns(lock_path):
    """Each thread commits and acknowledges; then its own change must have been heard, whoever relayed it."""
    heard, ownership, lock = Heard(), Ownership(lock_path), Lock()
    ownership.acquire()
    heard_keys = []
    heard.invalidate = lambda keys, *, relay_pass: heard_keys.extend(keys) or 0
    relay = Relay(heard, ownership, interval=0.01)
    barrier = Barrier(4, timeout=PATIENCE)

    def write(writer):
        barrier.wait()
        for number in range(25):
            key = f"post:{writer}-{number}"
            with lock:  # SQLite has one writer at a time; relaying is what goes on at once.
                Outbox.objects.create(key=key)
            relay.acknowledge()
            assert key in heard_keys
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for writer in [pool.submit(write, writer) for writer in range(4)]:
            writer.result(PATIENCE)
    ownership.release()
    assert outstanding() == set()


def test_no_reader_finds_what_is_older_than_an_acknowledged_write(lock_path):
    """P1 and P3 with nothing simulated: rows, triggers, outbox, relay, builds, L1."""
    count, enough = 3, 60
    authors = [make_author(name="0") for _ in range(count)]
    coherence = Coherence(L1(10_000_000))
    templates = [
        entry_of(b"/authors/%d/" % author.pk, body=b"{}", keys=[f"author:{author.pk}"]) for author in authors
    ]
    acknowledged = [0] * count
    barrier = Barrier(6, timeout=PATIENCE)
    counted = Counter()
    deadline = time.monotonic() + PATIENCE

    def goes_on():
        assert time.monotonic() < deadline, f"too little happened: {counted}"
        return min(counted["written"], counted["stored"], counted["found"]) < enough

    def write(which):
        barrier.wait()
        number = 0
        while goes_on():
            number += 1
            Author.objects.filter(pk=authors[which].pk).update(name=str(number))
            relay.acknowledge()
            acknowledged[which] = number
            counted["written"] += 1
        connections.close_all()

    def build(seed):
        choose = random.Random(seed)
        barrier.wait()
        while goes_on():
            which = choose.randrange(count)
            start = coherence.position()
            with snapshot():
                state = int(Author.objects.values_list("name", flat=True).get(pk=authors[which].pk))
            counted["stored"] += coherence.store(copied(templates[which], stored_at=state), start=start)
        connections.close_all()

    def read(seed):
        choose = random.Random(seed)
        barrier.wait()
        while goes_on():
            which = choose.randrange(count)
            at_least = acknowledged[which]
            entry = coherence.l1.get(templates[which].key)
            if entry is not None:
                counted["found"] += 1
                assert entry.stored_at >= at_least, "older than a write that was acknowledged"

    with (
        running(Relay(coherence, Ownership(lock_path), interval=0.005)) as relay,
        ThreadPoolExecutor(6) as pool,
    ):
        futures = [pool.submit(write, which) for which in range(count)]
        futures += [pool.submit(build, seed) for seed in range(2)] + [pool.submit(read, 1)]
        for future in futures:
            future.result(PATIENCE)


def test_nothing_is_stored_while_changes_go_unreported(heard, lock_path):
    looked_at = Event()

    def not_reported():
        looked_at.set()
        return False

    with running(Relay(heard, Ownership(lock_path), interval=0.005, is_reported=not_reported)):
        assert looked_at.wait(PATIENCE)
        assert heard.distrusted.wait(PATIENCE)
        assert "trust" not in heard.events


def test_a_key_for_everything_ends_the_trust_until_the_triggers_were_seen_again(
    heard, lock_path, other_program
):
    with running(Relay(heard, Ownership(lock_path), interval=0.005)):
        assert heard.trusted.wait(PATIENCE)
        heard.trusted.clear()
        other_program.execute("INSERT INTO caching_outbox (key) VALUES ('all')")
        assert heard.distrusted.wait(PATIENCE)
        assert heard.trusted.wait(PATIENCE)


def test_a_migration_stops_the_storing_until_it_is_over(heard, lock_path, database_file):
    with running(Relay(heard, Ownership(lock_path), interval=0.005)):
        assert heard.trusted.wait(PATIENCE)
        heard.trusted.clear()
        install.before_migrate(using="default", plan=["something"])
        assert heard.distrusted.wait(PATIENCE)
        install.after_migrate(using="default")
        assert heard.trusted.wait(PATIENCE)
