"""On PostgreSQL a commit wakes the relay, and whatever happens to the connection, none is missed (P2, P4)."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest
from django.db import OperationalError, connection, connections

from api.models import Author
from caching.models import Outbox
from caching.relaying import outbox
from caching.relaying import relay as relay_module
from caching.relaying.listening import Listening
from caching.relaying.ownership import Ownership
from caching.relaying.relay import Relay
from caching.surrogate_keys import EVERYTHING
from caching.triggers import install
from tests import postgres
from tests.caching.hearing import PATIENCE, Heard, Looks, in_thread, running
from tests.databases import as_default, migrate
from tests.factories import make_author

FAR_AWAY = 3600.0  # Seconds: who is not woken would not come in time.


@pytest.fixture(scope="module")
def cluster(django_db_blocker):
    if postgres.programs() is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb is in no usual place)")
    with postgres.running_postgres() as running_cluster:
        with django_db_blocker.unblock(), as_default(running_cluster.settings):
            migrate()
        yield running_cluster


@pytest.fixture
def database(cluster, django_db_blocker, monkeypatch):
    """Use an empty outbox, and relays that look by themselves so rarely that they must be woken."""
    monkeypatch.setattr(relay_module, "_LONGEST_PAUSE", FAR_AWAY)
    with django_db_blocker.unblock(), as_default(cluster.settings):
        Outbox.objects.all().delete()
        yield cluster


@pytest.fixture
def psql(database):
    with database.connect() as session:
        yield session


@pytest.fixture
def heard():
    return Heard()


def relay_for(heard, **options):
    return Relay(heard, None, interval=0.01, **options)


# Woken by the writer's commit.


def test_a_commit_from_psql_wakes_the_relay(database, psql, heard):
    author = make_author()
    with running(relay_for(heard)):
        assert heard.trusted.wait(PATIENCE)
        for name in "abc":
            found = heard.hears(f"author:{author.pk}")
            psql.execute("UPDATE api_author SET name = %s", [name])
            assert found.wait(PATIENCE)


def test_nothing_is_heard_before_the_commit_or_after_a_rollback(database, psql, heard):
    author = make_author()
    with running(relay_for(heard)) as relay:
        assert heard.trusted.wait(PATIENCE)
        heard.keys.clear()
        psql.execute("BEGIN")
        psql.execute("UPDATE api_author SET name = 'Never'")
        psql.execute("ROLLBACK")
        psql.execute("BEGIN")
        psql.execute("UPDATE api_author SET name = 'Soon'")
        found = heard.hears(f"author:{author.pk}")
        relay.relay()
        assert heard.keys == set()
        psql.execute("COMMIT")
        assert found.wait(PATIENCE)


def test_what_is_committed_during_a_pass_is_relayed_by_the_next_without_another_word(database, psql, heard):
    """The word of it comes with the answer to one of the relay's own queries."""
    with running(relay_for(heard)):
        assert heard.trusted.wait(PATIENCE)
        late = heard.hears("post:late")
        heard.on_key["post:1"] = lambda: psql.execute("INSERT INTO caching_outbox (key) VALUES ('post:late')")
        Outbox.objects.create(key="post:1")
        assert late.wait(PATIENCE)


def test_truncate_is_a_change_like_any_other(database, psql, heard):
    with running(relay_for(heard)):
        assert heard.trusted.wait(PATIENCE)
        heard.trusted.clear()
        psql.execute("TRUNCATE api_tag CASCADE")
        assert heard.distrusted.wait(PATIENCE)
        assert heard.trusted.wait(PATIENCE)
    assert EVERYTHING in heard.keys


def test_a_migration_is_heard_of_when_it_begins_and_when_it_ends(database, heard):
    with running(relay_for(heard)):
        assert heard.trusted.wait(PATIENCE)
        heard.trusted.clear()
        gone = heard.hears(EVERYTHING)
        install.before_migrate(using="default", plan=["something"])
        assert gone.wait(PATIENCE)
        assert not heard.trusted.is_set()
        install.after_migrate(using="default")
        assert heard.trusted.wait(PATIENCE)
    assert install.missing() == []


def test_waking_makes_it_look_at_once(database, heard):
    looks = Looks()
    with running(relay_for(heard, lease=FAR_AWAY, passes=looks)) as relay:
        assert heard.trusted.wait(PATIENCE)
        looks.is_counted.clear()
        relay.wake()
        assert looks.is_counted.wait(PATIENCE)


def test_listeners_of_another_schema_are_left_alone(database, psql):
    listening = Listening()
    listening.listen()
    psql.execute("CREATE SCHEMA elsewhere CREATE TABLE caching_outbox (key text)")
    psql.execute("SELECT pg_notify('readpath_outbox_' || md5('elsewhere'), '')")
    listening.wait(0.05)
    assert not listening._is_notified
    psql.execute("INSERT INTO caching_outbox (key) VALUES ('post:1')")
    began = time.monotonic()
    listening.wait(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2
    listening.close()
    listening.wake()
    psql.execute("DROP SCHEMA elsewhere CASCADE")


def test_a_notification_that_came_with_the_end_of_an_answer_is_not_lost(database, psql):
    listening = Listening()
    listening.listen()
    server = connections["default"].connection.pgconn
    server.send_query(b"SELECT pg_sleep(0.2)")
    server.flush()
    psql.execute("INSERT INTO caching_outbox (key) VALUES ('post:1')")
    with socket.socket(fileno=os.dup(server.socket)) as wire:
        wire.settimeout(PATIENCE)
        while b"readpath_outbox" not in wire.recv(65536, socket.MSG_PEEK):
            pass
    server.consume_input()  # Both at once, as happens when the machine is busy.
    while server.get_result():
        pass
    began = time.monotonic()
    listening.wait(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2
    listening.close()


# What happens to the connection.


def test_what_was_committed_while_nobody_listened_is_relayed_after_reconnecting(database, psql, heard):
    author = make_author()
    looks = Looks()
    with running(relay_for(heard, lease=FAR_AWAY, passes=looks)):
        assert heard.trusted.wait(PATIENCE)
        for name in "abc":
            found = heard.hears(f"author:{author.pk}")
            heard.distrusted.clear()
            psql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            psql.execute("UPDATE api_author SET name = %s", [name])
            assert found.wait(PATIENCE)
        assert looks.vain
        assert not heard.distrusted.is_set(), "nobody could tell of a write while the database was away"


def test_after_a_restart_of_the_server_it_listens_again(database, heard):
    author = make_author()
    looks = Looks()
    connection.close()
    with running(relay_for(heard, lease=FAR_AWAY, passes=looks)) as relay:
        assert heard.trusted.wait(PATIENCE)
        database.stop()
        assert looks.is_vain.wait(PATIENCE)
        looks.is_counted.clear()
        database.start()
        assert looks.is_counted.wait(PATIENCE)
        assert relay._listening.hears, "it would find the change by looking, now and then"
        found = heard.hears(f"author:{author.pk}")
        with database.connect() as psql:
            psql.execute("UPDATE api_author SET name = 'After'")
        assert found.wait(PATIENCE)


def test_a_crash_of_the_server_loses_nothing(database, heard):
    """The relay's own commits do not wait for the disk: what is lost of them is done once more."""
    author = make_author()
    Outbox.objects.all().delete()
    with database.connect() as psql:
        psql.execute("UPDATE api_author SET name = 'Before' WHERE id = %s", [author.pk])
    relay = relay_for(heard)
    heard.on_key["authors"] = lambda: database.stop(signal.SIGQUIT)
    with pytest.raises(OperationalError):
        relay.relay()
    connections["default"].close()
    database.start()

    heard.keys.clear()
    relay.relay()
    assert heard.keys == {f"author:{author.pk}", "authors"}


# Writers whom the database turns away.


def test_of_two_writers_in_a_deadlock_one_is_relayed(database, psql, heard):
    one, other = make_author(name="One"), make_author(name="Other")
    Outbox.objects.all().delete()
    with database.connect() as rival:
        for session, mine in ((psql, one), (rival, other)):
            session.execute("SET deadlock_timeout = '20ms'")
            session.execute("BEGIN")
            session.execute("UPDATE api_author SET name = 'Mine' WHERE id = %s", [mine.pk])
        outcomes = []

        def cross(session, theirs):
            try:
                session.execute("UPDATE api_author SET name = 'Theirs' WHERE id = %s", [theirs.pk])
                session.execute("COMMIT")
                outcomes.append("committed")
            except psycopg.errors.DeadlockDetected:
                session.execute("ROLLBACK")
                outcomes.append("refused")

        threads = [in_thread(lambda: cross(psql, other)), in_thread(lambda: cross(rival, one))]
        for thread in threads:
            thread.join(PATIENCE)
    relay_for(heard).relay()

    assert sorted(outcomes) == ["committed", "refused"]
    assert heard.keys == {f"author:{one.pk}", f"author:{other.pk}", "authors"}


def test_a_serialisation_failure_leaves_nothing_and_its_repetition_is_relayed(database, psql, heard):
    author = make_author(name="0")
    Outbox.objects.all().delete()
    psql.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    psql.execute("SELECT name FROM api_author WHERE id = %s", [author.pk])
    Author.objects.filter(pk=author.pk).update(name="1")
    with pytest.raises(psycopg.errors.SerializationFailure):
        psql.execute("UPDATE api_author SET name = '2' WHERE id = %s", [author.pk])
    psql.execute("ROLLBACK")
    relay = relay_for(heard)
    assert relay.relay() == 2
    psql.execute("UPDATE api_author SET name = '2' WHERE id = %s", [author.pk])
    assert relay.relay() == 2


def test_serializable_writers_do_not_fail_over_the_outbox_they_share(database, psql):
    """The outbox is written to by all of them, and emptied under their feet."""
    authors = [make_author(), make_author()]
    relay = relay_for(Heard())
    with database.connect() as other:
        for session, author in zip((psql, other), authors, strict=True):
            session.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            session.execute("UPDATE api_author SET name = 'New' WHERE id = %s", [author.pk])
            relay.relay()
        psql.execute("COMMIT")
        relay.relay()
        other.execute("COMMIT")
    assert relay.relay() == 2


# Without Redis, one process owns the outbox, on PostgreSQL as well.


def test_who_does_not_own_the_outbox_takes_over_when_the_owner_is_gone(database, heard, tmp_path):
    owner = Ownership(tmp_path / "outbox.relay")
    owner.acquire()
    with running(Relay(heard, Ownership(tmp_path / "outbox.relay"), interval=0.01)):
        assert not heard.trusted.wait(0.1)
        owner.release()
        assert heard.trusted.wait(PATIENCE)


# Very many rows.


def test_one_statement_over_a_hundred_thousand_rows_is_relayed_as_a_handful_of_keys(database, psql, heard):
    psql.execute(
        "INSERT INTO api_tag (name, slug, post_count)"
        " SELECT 'Tag', 'many-' || n, 0 FROM generate_series(1, 100000) n"
    )
    relay = relay_for(heard)
    relay.relay()
    heard.keys.clear()
    psql.execute("UPDATE api_tag SET name = 'All of them'")

    assert relay.relay() == 2
    assert heard.keys == {"tag:*", "tags"}


def test_what_is_heard_of_a_pass_is_the_name_it_leaves_in_the_database(database, heard):
    Outbox.objects.create(key="post:1")
    relay_for(heard).relay()

    assert heard.passes == [outbox.look().last_pass]


def test_many_writers_and_several_relays_lose_nothing(database):
    """Each of four relays, each in a thread of its own, and eight writers beside them."""
    heard = [Heard() for _ in range(4)]
    relays = [relay_for(each) for each in heard]
    written = [f"post:{writer}-{number}" for writer in range(8) for number in range(50)]
    begin = Event()

    def write(writer):
        assert begin.wait(PATIENCE)
        for number in range(50):
            Outbox.objects.create(key=f"post:{writer}-{number}")
            relays[writer % 4].acknowledge()
            everybody = set().union(*(each.keys for each in heard))
            assert f"post:{writer}-{number}" in everybody
        connections.close_all()

    for relay in relays:
        relay.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            writers = [pool.submit(write, writer) for writer in range(8)]
            begin.set()
            for writer in writers:
                writer.result(3 * PATIENCE)
    finally:
        for relay in relays:
            relay.stop()
    assert set(written) <= set().union(*(each.keys for each in heard))
    assert not Outbox.objects.exists()
    passes = [number for each in heard for number in each.passes if number]
    assert len(passes) == len(set(passes))
