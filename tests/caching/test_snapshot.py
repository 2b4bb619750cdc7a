"""All that a build reads comes from one moment, and reading neither waits for writers nor stops them."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from api.models import Author
from caching.snapshot import snapshot
from tests.factories import make_author


def names():
    return sorted(Author.objects.values_list("name", flat=True))


# SQLite.


@pytest.fixture
def other_program(database_file):
    with closing(sqlite3.connect(database_file, isolation_level=None)) as other:
        yield other


def test_a_write_between_two_reads_is_not_seen(database_file, other_program):
    make_author(name="before")
    with snapshot():
        assert names() == ["before"]
        other_program.execute("UPDATE api_author SET name = 'after'")
        assert names() == ["before"]

    assert names() == ["after"]


def test_a_build_does_not_wait_for_a_writer(database_file, other_program):
    make_author(name="before")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")  # To wait is to fail.
    other_program.execute("BEGIN IMMEDIATE")
    other_program.execute("UPDATE api_author SET name = 'uncommitted'")
    with snapshot():
        assert names() == ["before"]
    other_program.execute("ROLLBACK")


def test_a_writer_does_not_wait_for_a_build(database_file, other_program):
    make_author(name="before")
    other_program.execute("PRAGMA busy_timeout = 0")
    with snapshot():
        names()
        other_program.execute("UPDATE api_author SET name = 'after'")

    assert names() == ["after"]


@pytest.mark.parametrize("failure", [None, ZeroDivisionError])
def test_afterwards_transactions_take_the_write_lock_at_once_again(database_file, other_program, failure):
    make_author()
    other_program.execute("PRAGMA busy_timeout = 0")
    try:
        with snapshot():
            names()
            if failure:
                raise failure
    except ZeroDivisionError:
        pass
    with transaction.atomic(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other_program.execute("UPDATE api_author SET name = 'meanwhile'")


# PostgreSQL.


@pytest.fixture
def other_session(postgresql):
    settings = postgresql.settings_dict
    with psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"], autocommit=True
    ) as session:
        yield session
        session.execute("TRUNCATE api_author, caching_outbox CASCADE")


def test_on_postgresql_a_write_between_two_reads_is_not_seen(other_session):
    make_author(name="before")
    with snapshot():
        assert names() == ["before"]
        other_session.execute("UPDATE api_author SET name = 'after'")
        assert names() == ["before"]

    assert names() == ["after"]


def test_on_postgresql_a_build_cannot_write(other_session):
    with pytest.raises(DatabaseError, match="read-only transaction"), snapshot():
        make_author()

    make_author(name="afterwards")
    assert names() == ["afterwards"]


def test_inside_a_transaction_a_snapshot_is_that_transactions(other_session):
    with transaction.atomic():
        make_author(name="mine")
        with snapshot():
            assert names() == ["mine"]
        transaction.set_rollback(True)
