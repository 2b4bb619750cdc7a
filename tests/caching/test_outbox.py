"""One relay at a time takes what waits, and nothing is gone that was not invalidated (P4)."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from threading import Event

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection, connections, transaction

from caching.models import Outbox, Relaying
from caching.relaying import outbox
from caching.surrogate_keys import EVERYTHING, surrogate_key
from tests import postgres
from tests.caching.hearing import PATIENCE, in_thread
from tests.databases import as_default, migrate
from tests.factories import make_author
from tests.proxy import Proxy

LONG_LABEL = "tag:slug=" + "a-very-long-slug-" * 4


@pytest.fixture(scope="module")
def cluster(django_db_blocker):
    if postgres.programs() is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb is in no usual place)")
    with postgres.running_postgres() as running:
        with django_db_blocker.unblock(), as_default(running.settings):
            migrate()
        yield running


@pytest.fixture
def postgresql(cluster, django_db_blocker):
    with django_db_blocker.unblock(), as_default(cluster.settings):
        Outbox.objects.all().delete()
        Relaying.objects.all().delete()
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """Use each database in turn; return how another program locks what a relay locks."""
    if request.param == "sqlite":
        path = request.getfixturevalue("database_file")

        @contextmanager
        def locked():
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield
                other.execute("ROLLBACK")
    else:
        postgresql = request.getfixturevalue("postgresql")

        @contextmanager
        def locked():
            with postgresql.connect() as other, other.transaction():
                other.execute("SELECT * FROM caching_relaying FOR UPDATE")
                yield

    return locked


def record(*labels):
    Outbox.objects.bulk_create(Outbox(key=label) for label in labels)


def waiting():
    return set(Outbox.objects.values_list("key", flat=True))


def take():
    with outbox.relaying() as taken:
        pass
    return taken


def take_and_crash():
    with suppress(ZeroDivisionError), outbox.relaying() as taken:
        1 / 0  # noqa: B018
    return taken


# A pass.


def test_what_waits_is_taken_and_gone_after_the_block(database):
    record("post:1", "posts", "post:1")
    taken = take()

    assert taken.keys == {"post:1", "posts"}
    assert (taken.rows, taken.is_gone) == (3, True)
    assert outbox.is_empty()
    assert outbox.look() == (taken.number, ())


def test_keys_are_spelled_as_builds_spell_them(database):
    record(LONG_LABEL)

    assert [key for _, key in outbox.look().rows] == [surrogate_key(LONG_LABEL)]
    assert take().keys == {surrogate_key(LONG_LABEL)}


def test_where_nothing_waits_nothing_is_taken_and_no_pass_is_noted(database):
    record("post:1")
    before = take()
    taken = take()

    assert taken == (frozenset(), 0, 0)
    assert taken.is_gone
    assert outbox.look().last_pass == before.number


def test_a_block_that_fails_leaves_everything_as_it_was(database):
    record("post:1")
    before = take().number
    record("post:2")
    taken = take_and_crash()

    assert taken.keys == {"post:2"}
    assert waiting() == {"post:2"}
    assert outbox.look().last_pass == before


def test_an_attempt_that_was_rolled_back_never_shares_its_number_with_the_next(database):
    """Its record may have been heard: whoever heard it must not believe to know what came after."""
    numbers = set()
    for _ in range(3):
        record("post:1")
        numbers.add(take_and_crash().number)

    assert len(numbers) == 3
    assert take().number not in numbers
    assert 0 not in numbers


def test_as_many_rows_as_are_taken_at_once_stand_for_everything(database, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 10)
    record(*(f"post:{number}" for number in range(25)))

    assert len(outbox.look().rows) == 10
    taken = take()
    assert (taken.keys, taken.rows) == ({EVERYTHING}, 25)
    assert outbox.is_empty()


def test_within_a_transaction_nothing_is_relayed(database):
    """What could still be rolled back must not be invalidated as if it had been committed."""
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), outbox.relaying():
        pytest.fail("relayed within a transaction")


def test_who_waits_in_vain_for_the_lock_reads_what_is_there_and_leaves_it(database):
    record("post:1")
    take()
    record("post:2", "post:3")
    with database():
        began = time.monotonic()
        taken = take()
        assert outbox.LOCK_WITHIN / 2 < time.monotonic() - began < PATIENCE / 2

    assert (taken.keys, taken.number, taken.is_gone) == ({"post:2", "post:3"}, 0, False)
    assert waiting() == {"post:2", "post:3"}
    assert take().is_gone


def test_a_look_shows_what_a_pass_under_way_has_not_yet_taken(database):
    record("post:1")
    before = take().number
    record("post:2")
    looks = []
    with outbox.relaying():
        in_thread(lambda: looks.append(outbox.look())).join(PATIENCE)

    ((last_pass, rows),) = looks
    assert last_pass == before
    assert [key for _, key in rows] == ["post:2"]


def test_before_the_first_pass_a_look_names_none(database):
    assert outbox.look() == (0, ())


def test_two_relays_take_turns(database):
    """The second takes what the first has left, and nothing twice."""
    record("post:1")
    is_taken, may_end, second = Event(), Event(), []

    def relay_first():
        with outbox.relaying():
            is_taken.set()
            assert may_end.wait(PATIENCE)

    first = in_thread(relay_first)
    assert is_taken.wait(PATIENCE)
    later = in_thread(lambda: second.append(take()))
    may_end.set()
    first.join(PATIENCE)
    later.join(PATIENCE)

    assert second[0].keys in ({"post:1"}, frozenset())
    assert second[0].is_gone == (not second[0].keys), "taken twice"


def test_sqlite_is_as_patient_with_its_writers_as_before(database_file):
    with connection.cursor() as cursor:
        (before,) = cursor.execute("PRAGMA busy_timeout").fetchone()
    record("post:1")
    take()
    take_and_crash()

    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (before,)


# What only a server can do to us.


def test_a_row_with_a_low_number_that_commits_late_is_relayed(postgresql):
    """Numbers are drawn before the commit: who remembers the last one he saw would miss it."""
    early, late = make_author(), make_author()
    Outbox.objects.all().delete()
    with postgresql.connect() as slow:
        slow.execute("BEGIN")
        slow.execute("UPDATE api_author SET name = 'Early' WHERE id = %s", [early.pk])
        make_author()
        with postgresql.connect() as quick:
            quick.execute("UPDATE api_author SET name = 'Late' WHERE id = %s", [late.pk])
        first = take()
        slow.execute("COMMIT")
    second = take()

    assert f"author:{late.pk}" in first.keys
    assert f"author:{early.pk}" not in first.keys
    assert second.keys == {f"author:{early.pk}", "authors"}


def test_what_is_committed_while_everything_is_taken_is_taken_by_the_next(postgresql, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 10)
    record(*(f"post:{number}" for number in range(25)))
    with outbox.relaying() as taken, postgresql.connect() as other:
        other.execute("INSERT INTO caching_outbox (key) VALUES ('post:late')")

    assert taken.keys == {EVERYTHING}
    assert take().keys == {"post:late"}


def test_writers_do_not_wait_for_a_pass_under_way(postgresql):
    author = make_author()
    with outbox.relaying() as taken, postgresql.connect() as writer:
        writer.execute("SET lock_timeout = '100ms'")
        writer.execute("UPDATE api_author SET name = 'Meanwhile' WHERE id = %s", [author.pk])

    assert f"author:{author.pk}" in taken.keys
    assert waiting() == {f"author:{author.pk}", "authors"}


@pytest.mark.parametrize("level", ["REPEATABLE_READ", "SERIALIZABLE"])
def test_a_stricter_isolation_of_the_service_does_not_make_relays_collide(postgresql, level):
    strict = {
        **postgresql.settings,
        "OPTIONS": {"isolation_level": psycopg.IsolationLevel[level]},
    }
    with as_default(strict):
        record("post:1")
        begun, taken, errors = Event(), [], []

        def second():
            begun.set()
            try:
                taken.append(take())
            except OperationalError as error:
                errors.append(error)

        with outbox.relaying():
            thread = in_thread(second)
            assert begun.wait(PATIENCE)
            _wait_until_somebody_waits_for_a_lock(postgresql)
        thread.join(PATIENCE)

        assert errors == []
        assert [batch.keys for batch in taken] == [frozenset()]


def _wait_until_somebody_waits_for_a_lock(cluster):
    deadline = time.monotonic() + PATIENCE
    with cluster.connect() as watching:
        while watching.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
            assert time.monotonic() < deadline, "nobody waits"


@contextmanager
def through(wire):
    """Reach PostgreSQL through a wire that can be cut."""
    reached = {**postgres_settings(wire), "OPTIONS": {"sslmode": "disable", "connect_timeout": 30}}
    with as_default(reached):
        yield


def postgres_settings(wire):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": wire.port,
        "USER": postgres.USER,
        "NAME": "postgres",
    }


def test_a_look_at_a_database_that_says_nothing_ends_by_itself(postgresql):
    record("post:1")
    with Proxy(postgresql.target) as wire, through(wire):
        assert len(outbox.look().rows) == 1
        wire.hang()
        began = time.monotonic()
        with pytest.raises((OperationalError, InterfaceError)):
            outbox.look()
        assert outbox.LOOK_WITHIN / 2 < time.monotonic() - began < PATIENCE / 2
        assert connections["default"].connection is None, "the next look would use a dead connection"
        wire.mend()
        assert len(outbox.look().rows) == 1


def test_a_look_does_not_wait_long_for_a_connection_either(postgresql):
    with Proxy(postgresql.target) as wire, through(wire):
        wire.hang()
        began = time.monotonic()
        with pytest.raises((OperationalError, InterfaceError)):
            outbox.look()
        assert time.monotonic() - began < PATIENCE
