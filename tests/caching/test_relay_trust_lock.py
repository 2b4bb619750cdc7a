"""Nobody trusts Redis whom the database does not know of, and it says so only when it is sure."""

from __future__ import annotations

import time
from threading import Event

import pytest
from django.db import connection, connections

from caching.relaying.trust_lock import TrustLock
from tests import postgres
from tests.caching.hearing import PATIENCE, Heard, Looks, in_thread
from tests.databases import as_default

LEASE = 2.0


@pytest.fixture(scope="module")
def cluster():
    if postgres.programs() is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb is in no usual place)")
    with postgres.running_postgres() as running:
        yield running


@pytest.fixture
def database(cluster, django_db_blocker):
    """Use a server that started so long ago that nobody's lock can have been forgotten."""
    with cluster.connect() as session:
        old = "SELECT pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %s)"
        deadline = time.monotonic() + PATIENCE
        while session.execute(old, [LEASE]).fetchone() != (True,):
            assert time.monotonic() < deadline
    assert given_back(cluster), "a test before this one has left somebody behind"
    with django_db_blocker.unblock(), as_default(cluster.settings):
        yield cluster


class Clock:
    """Shows what a test has set."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Worker:
    """What one worker knows, with its lock, in a thread's connection of its own."""

    def __init__(self, clock):
        self.heard, self.looks = Heard(), Looks()
        self.heard.trusting = False
        self.lock = TrustLock(self.heard, self.looks, lease=LEASE, clock=clock)

    def look(self):
        with self.lock.looking():
            pass


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def worker(clock):
    return Worker(clock)


@pytest.fixture
def writer(clock):
    """Return a worker that has lost Redis for long, and looks often."""
    writer = Worker(clock)
    writer.heard.lost = 100.0
    return writer


def holders(cluster):
    with cluster.connect() as session:
        return session.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()[0]


def given_back(cluster):
    """Return whether nobody holds the lock, once the server has noticed that a connection is closed."""
    deadline = time.monotonic() + PATIENCE
    while holders(cluster):
        if time.monotonic() > deadline:
            return False
    return True


def elsewhere(call):
    """Run the call on another connection, and keep that open until told to close it."""
    done, close = Event(), Event()

    def body():
        call()
        done.set()
        assert close.wait(PATIENCE)

    thread = in_thread(body)
    assert done.wait(PATIENCE)

    def end():
        close.set()
        thread.join(PATIENCE)

    return end


def watched_for(writer, clock, seconds):
    """Let the writer look for so long, often enough."""
    for _ in range(int(seconds / 0.5) + 1):
        writer.look()
        clock.now += 0.5


def test_a_look_counts_and_the_lock_is_held_while_it_goes_on(database, worker):
    with worker.lock.looking():
        assert holders(database) == 1
        assert worker.looks.counted == 0
    assert worker.looks.counted == 1
    assert holders(database) == 1, "between two looks the worker goes on to trust"


def test_the_lock_is_taken_once(database, worker):
    for _ in range(3):
        worker.look()
    connection.close()

    assert given_back(database)


def test_on_a_new_connection_it_is_taken_anew(database, worker):
    worker.look()
    connection.close()
    assert given_back(database)
    worker.look()

    assert holders(database) == 1


def test_it_is_given_back_when_the_last_look_that_counts_is_older_than_a_lease(database, worker, clock):
    worker.look()
    worker.heard.lost = LEASE + 0.1
    clock.now += LEASE - 0.1
    worker.look()
    assert holders(database) == 1, "a lease that counts from the last look may still begin"
    assert worker.looks.counted == 1, "a look that might end in trust would have to hold the lock"

    clock.now += 0.2
    worker.look()
    assert holders(database) == 0
    worker.heard.lost = 0.0
    with worker.lock.looking():
        assert holders(database) == 1
    assert worker.looks.counted == 2


def test_who_still_trusts_holds_it_whatever_he_knows_of_redis(database, worker, clock):
    worker.look()
    worker.heard.trusting, worker.heard.lost = True, 10 * LEASE
    clock.now += 10 * LEASE
    worker.look()

    assert holders(database) == 1
    assert worker.looks.counted == 2


def test_a_look_that_fails_does_not_count(database, worker):
    with pytest.raises(ValueError), worker.lock.looking():
        raise ValueError("Redis went away")

    assert worker.looks.counted == 0


# What a writer may conclude.


def test_nobody_has_held_it_for_a_lease(database, writer, clock):
    watched_for(writer, clock, LEASE + 1)

    assert writer.lock.has_been_free()


def test_it_takes_a_lease_to_know(database, writer, clock):
    watched_for(writer, clock, LEASE - 1)

    assert not writer.lock.has_been_free()


def test_somebody_holds_it(database, writer, worker, clock):
    end = elsewhere(worker.look)
    watched_for(writer, clock, LEASE + 1)
    assert not writer.lock.has_been_free()
    end()
    assert given_back(database)
    assert not writer.lock.has_been_free(), "whoever held it a moment ago may take it again"
    watched_for(writer, clock, LEASE + 1)
    assert writer.lock.has_been_free()


def test_somebody_has_just_taken_it(database, writer, worker, clock):
    watched_for(writer, clock, LEASE + 1)
    end = elsewhere(worker.look)

    assert not writer.lock.has_been_free()
    end()


def test_a_holder_whose_connection_is_cut_may_still_trust(database, writer, worker, clock):
    end = elsewhere(worker.look)
    watched_for(writer, clock, LEASE + 1)
    connections["default"].close()
    database.terminate_connections()

    assert given_back(database)
    assert not writer.lock.has_been_free()
    writer.look()
    assert not writer.lock.has_been_free()
    end()


def test_who_has_not_looked_lately_knows_nothing(database, writer, clock):
    watched_for(writer, clock, LEASE + 1)
    clock.now += LEASE

    assert not writer.lock.has_been_free()
    writer.look()
    assert not writer.lock.has_been_free(), "somebody may have come and gone meanwhile"


def test_whoever_reaches_redis_does_not_go_by_the_lock(database, writer, clock):
    watched_for(writer, clock, LEASE + 1)
    writer.heard.lost = 0.0

    assert not writer.lock.has_been_free()


def test_a_database_that_was_away_is_asked_anew(database, writer, clock):
    watched_for(writer, clock, LEASE + 1)
    writer.lock.in_vain()

    assert writer.looks.vain == 1
    assert not writer.lock.has_been_free()


def test_a_server_that_has_just_started_has_forgotten_who_held_it(database, writer, clock):
    watched_for(writer, clock, LEASE + 1)
    assert writer.lock.has_been_free()
    for _ in range(10):
        connection.close()
        database.stop()
        restarted_at = time.monotonic()
        database.start()
        is_free = writer.lock.has_been_free()
        if time.monotonic() - restarted_at < LEASE:
            break  # Else it may have been long enough, on a busy machine.

    assert not is_free


def test_another_schema_is_another_installation(database, writer, worker, clock):
    def look_elsewhere():
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA elsewhere; SET search_path = elsewhere")
        worker.look()

    end = elsewhere(look_elsewhere)
    watched_for(writer, clock, LEASE + 1)

    assert holders(database) == 1
    assert writer.lock.has_been_free(), "taken for one of ours"
    end()


def test_sqlite_knows_nothing_of_others(database_file, writer, clock):
    watched_for(writer, clock, LEASE + 1)

    assert not writer.lock.has_been_free()
    assert writer.looks.counted == 0
