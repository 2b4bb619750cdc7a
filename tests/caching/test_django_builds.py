"""A build sees nothing of any client, and keeps what may be kept (P9, P10)."""

from contextlib import contextmanager
from dataclasses import replace

import orjson
import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection

from caching.answer import Answer
from caching.building import changes_at, depends_on, is_building
from caching.coherence import Coherence
from caching.django_builds import DjangoBuilds
from caching.entry import Entry, Reply
from caching.l1 import L1
from tests.caching.entries import NOW
from tests.caching.origin import SHORT_LIVED, target_of

BODY = b'{"id":1}'
REPLY = Reply(200, BODY)


def answers(target):
    depends_on(["thing:1"])
    return REPLY


def builds_of(reply, **options):
    coherence = Coherence(L1(10_000_000))
    coherence.trust()

    def store(entry, start, *, is_composed):
        return coherence.store(entry, start=start.position)

    return DjangoBuilds(reply, coherence, store, clock=lambda: NOW, **options), coherence


def built(reply, **options):
    builds, coherence = builds_of(reply, **options)
    return builds(target_of(1), coherence.begin()), coherence


@pytest.mark.django_db
def test_all_that_a_build_is_given_is_its_target():
    asked = []

    def reply(*given):
        asked.append(given)
        return REPLY

    built(reply)

    assert asked == [(target_of(1),)]


@pytest.mark.django_db
def test_an_answer_becomes_an_entry_with_its_dependencies():
    def reply(target):
        changes_at(NOW + 7)
        return replace(answers(target), fields=((b"link", b'</things/?page=2>; rel="next"'),))

    landing, coherence = built(reply)
    entry, fields = landing.result, dict(landing.result.variants["identity"].full)

    assert landing.is_stored
    assert coherence.l1.get(b"/things/1/") is entry
    assert entry.variants["identity"].body == BODY
    assert {"thing:1", "thing:*"} <= entry.surrogate_keys
    assert entry.changes_at == NOW + 7
    assert fields[b"link"] == b'</things/?page=2>; rel="next"'
    assert fields[b"vary"] == b"Accept-Encoding"


@pytest.mark.django_db
def test_a_404_is_kept_for_a_short_while():
    landing, _ = built(lambda target: Reply(404, b"{}"))

    assert landing.is_stored
    assert landing.result.policy is SHORT_LIVED


@pytest.mark.django_db
@pytest.mark.parametrize("status", [201, 301, 400, 401, 403, 405, 410, 429, 500, 503])
def test_any_other_answer_is_not_kept(status):
    landing, coherence = built(lambda target: Reply(status, b"{}", fields=((b"retry-after", b"9"),)))

    assert isinstance(landing.result, Answer)
    assert not landing.is_stored
    assert landing.result.status == status
    assert dict(landing.result.fields)[b"cache-control"] == b"no-store"
    assert dict(landing.result.fields)[b"retry-after"] == b"9"
    assert len(coherence.l1) == 0


@pytest.mark.django_db
def test_what_a_write_has_overtaken_is_answered_and_not_kept():
    def reply(target):
        coherence.invalidate({"thing:1"})
        return answers(target)

    builds, coherence = builds_of(reply)
    landing = builds(target_of(1), coherence.begin())

    assert isinstance(landing.result, Entry)
    assert not landing.is_stored
    assert len(coherence.l1) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed")], ids=["gone", "closed"]
)
def test_without_a_database_it_is_503_and_says_when_to_come_back(error, monkeypatch):
    closed = []
    monkeypatch.setattr(connection, "close", lambda: closed.append(1))  # The test's own transaction goes on.

    def reply(target):
        raise error

    landing, _ = built(reply)

    assert landing.result.status == 503
    assert not landing.is_stored
    assert b"retry-after" in dict(landing.result.fields)
    assert orjson.loads(landing.result.body)["status"] == 503
    assert closed, "the next build begins with a connection of its own"


@pytest.mark.django_db
def test_a_failure_of_our_own_is_500_and_tells_nothing(caplog):
    def reply(target):
        raise ZeroDivisionError("a secret")

    landing, _ = built(reply)

    assert landing.result.status == 500
    assert b"secret" not in landing.result.body
    assert "a secret" in caplog.text


@pytest.mark.django_db
def test_reads_are_observed_inside_the_snapshot_while_it_is_built():
    events = []

    @contextmanager
    def observing():
        events.append(("observing", is_building(), len(connection.savepoint_ids)))
        yield
        events.append("observed")

    def reply(target):
        events.append(("reading", is_building(), len(connection.savepoint_ids)))
        return answers(target)

    built(reply, observing=observing)

    depth = events[0][2]
    assert events == [("observing", True, depth), ("reading", True, depth + 1), "observed"]
    assert not is_building()


# Connections that are kept, and die.


class Reads:
    """Answers by a question to PostgreSQL; its first `dying` connections die on the way to the answer."""

    def __init__(self, settings, dying=0):
        self.settings, self.dying = settings, dying
        self.sessions = []

    def __call__(self, target):
        pid = connection.connection.info.backend_pid
        self.sessions.append(pid)
        if len(self.sessions) <= self.dying:
            self.end(pid)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return answers(target)

    def end(self, pid):
        """End a session, and return when the server has."""
        ours = {"host": self.settings["HOST"], "user": self.settings["USER"], "dbname": self.settings["NAME"]}
        with psycopg.connect(**ours, autocommit=True) as other:
            assert other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone() == (True,)


@pytest.fixture
def reads(postgresql):
    connection.close()
    yield Reads(postgresql.settings_dict)
    connection.close()


def test_a_kept_connection_that_has_died_is_replaced_and_the_build_tried_once_more(reads):
    builds, coherence = builds_of(reads)
    builds(target_of(1), coherence.begin())
    reads.end(reads.sessions[0])
    landing = builds(target_of(2), coherence.begin())

    assert landing.is_stored
    first, dead, fresh = reads.sessions
    assert first == dead != fresh
    assert landing.result.surrogate_keys >= {"thing:1"}


def test_a_connection_that_dies_again_is_503(reads):
    builds, coherence = builds_of(reads)
    builds(target_of(1), coherence.begin())
    reads.dying = 9
    landing = builds(target_of(2), coherence.begin())

    assert landing.result.status == 503
    assert len(reads.sessions) == 3
    assert connection.connection is None


def test_a_connection_made_for_the_build_is_not_replaced(reads):
    reads.dying = 9
    landing, _ = built(reads)

    assert landing.result.status == 503
    assert len(reads.sessions) == 1


def test_a_statement_that_took_too_long_is_not_tried_again(reads):
    asked = []

    def reply(target):
        asked.append(target)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20ms'")
            cursor.execute("SELECT pg_sleep(10)")
        return REPLY

    connection.ensure_connection()
    landing, _ = built(reply)

    assert landing.result.status == 503
    assert len(asked) == 1


def test_the_limit_of_a_statement_is_told_to_each_connection(reads):
    limits = []

    def reply(target):
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            limits.append(cursor.fetchone()[0])
        return REPLY

    builds, coherence = builds_of(reply)
    for _ in range(2):
        builds(target_of(1), coherence.begin())
    connection.close()
    builds(target_of(1), coherence.begin())

    assert limits == ["25s", "25s", "25s"]
