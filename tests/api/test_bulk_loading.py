"""In bulk comes what comes otherwise, all of it or nothing, and the tables are whole again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.models import F

from api.counters import reconcile
from api.importers.bulk import bulk_loading
from api.importers.generated.generator import Progress, generate
from api.models import Author, Category, Comment, Like, Post, PostTag, Tag
from caching.models import Outbox
from caching.surrogate_keys import EVERYTHING
from caching.triggers.install import missing, present
from tests import migrated, postgres
from tests.api.test_generate_content import everything
from tests.databases import as_default
from tests.factories import make_post, make_tag

MODELS = (Author, Category, Tag, Post, PostTag, Comment, Like)
UNTIL = datetime(2024, 6, 1, 12, tzinfo=UTC)
made = partial(generate, 60, seed=7, until=UNTIL)


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    """Start PostgreSQL, or skip."""
    if postgres.programs() is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb is in no usual place)")
    with postgres.running_postgres(migrated.postgresql()) as running:
        yield running


@pytest.fixture(autouse=True)
def database(cluster: postgres.Cluster, django_db_blocker: Any) -> Iterator[postgres.Cluster]:
    """Use its database, whose tables are empty and whose triggers are in place."""
    with django_db_blocker.unblock(), as_default(cluster.settings):
        forget_everything()
        yield cluster


def forget_everything() -> None:
    tables = ", ".join(model._meta.db_table for model in (*MODELS, Outbox))
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        cursor.execute("DELETE FROM caching_outbox")


def schema() -> tuple[list[Any], list[Any], dict[str, str]]:
    """Return every index, constraint and trigger of the tables."""
    of_ours = "regclass::text LIKE 'api\\_%%' ORDER BY 1, 2"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)"
            f" FROM pg_index WHERE indrelid::{of_ours}"
        )
        indexes = cursor.fetchall()
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated"
            f" FROM pg_constraint WHERE conrelid::{of_ours}"
        )
        return indexes, cursor.fetchall(), present()


def test_content_is_the_same_as_otherwise() -> None:
    made()
    otherwise = everything()
    forget_everything()
    made(in_bulk=True)
    assert everything() == otherwise


def test_counters_and_copies_are_right() -> None:
    made(in_bulk=True)
    assert set(reconcile().values()) == {0}
    drifted = PostTag.objects.exclude(
        listed=F("post__listed"),
        score=F("post__score"),
        view_count=F("post__view_count"),
        published_at=F("post__published_at"),
    )
    assert PostTag.objects.exists()
    assert not drifted.filter(listed=1).exists()


def test_indexes_keys_and_triggers_are_back() -> None:
    before = schema()
    assert all(before)
    made(in_bulk=True)
    assert schema() == before
    assert missing() == []


def test_everything_is_invalidated() -> None:
    made(in_bulk=True)
    assert Outbox.objects.filter(key=EVERYTHING).exists()


def test_later_changes_are_reported_again() -> None:
    made(in_bulk=True)
    Outbox.objects.all().delete()
    post = Post.objects.filter(listed=1).earliest("pk")
    Post.objects.filter(pk=post.pk).update(title="Another")
    assert Outbox.objects.filter(key=f"post:{post.pk}").exists()


def test_nobody_sees_tables_that_are_not_whole(database: postgres.Cluster) -> None:
    make_post()
    with database.connect() as other, bulk_loading(MODELS, say=lambda _: None):
        other.execute("SET lock_timeout = '20ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("SELECT count(*) FROM api_post")


def test_a_failure_leaves_all_as_it_was() -> None:
    ours, before = make_post(), schema()

    class Interrupted(Exception):
        pass

    def interrupt(_posts: int) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        made(in_bulk=True, progress=Progress(advance=interrupt))
    assert schema() == before
    assert list(Post.objects.values_list("pk", flat=True)) == [ours.pk]


def test_a_row_that_refers_to_nothing_is_refused() -> None:
    post, tag, before = make_post(), make_tag(), schema()
    with pytest.raises(IntegrityError), bulk_loading(MODELS, say=lambda _: None):
        PostTag.objects.create(post=post, tag_id=tag.pk + 1)
    assert schema() == before
    assert not PostTag.objects.exists()


def test_second_run_adds_to_the_first() -> None:
    made(in_bulk=True)
    made(in_bulk=True)
    assert Post.objects.count() == 120
    assert Post.objects.values("slug").distinct().count() == 120


def test_command_takes_it() -> None:
    call_command("generate_content", posts=30, bulk=True, stdout=StringIO())
    assert Post.objects.count() == 30


def test_what_is_put_back_is_told() -> None:
    told: list[str] = []
    made(in_bulk=True, progress=Progress(say=told.append))
    assert "posts_by_date" in told
    assert told[-1] == "counters"
