"""What cachalot does when writes and reads cross, by itself and over our cache of rows.

By itself it keeps what was read before a write and stored after it, for ever: two ordinary
interleavings do it. That is why no table of what we publish is listed, and why it goes by our
counts where one is (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from api.models import Category, Post
from caching.snapshot import snapshot
from tests import postgres
from tests.api.cachalot import (
    AS_IT_COMES,
    after_the_query,
    before_the_statement,
    cachalot,
    database,
    elsewhere,
    keeping_rows,
)
from tests.factories import make_category, make_post

VENDORS = [
    "sqlite",
    pytest.param(
        "postgresql",
        marks=pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed"),
    ),
]


@pytest.fixture(scope="module", params=VENDORS)
def of_this_module(request, tmp_path_factory, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), database(request.param, tmp_path_factory.mktemp("races")):
        yield


@pytest.fixture(autouse=True)
def _database(of_this_module, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def test_by_itself_it_keeps_what_a_write_overtook() -> None:
    post = make_post(title="old")

    def title() -> str:
        return Post.objects.filter(pk=post.pk).values_list("title", flat=True).get()

    def write() -> int:
        return Post.objects.filter(pk=post.pk).update(title="new")

    with cachalot(**AS_IT_COMES):
        assert after_the_query("SELECT", write, title) == "old"
        assert title() == "old", "cachalot has learned better: think again"
    assert title() == "new"


def test_by_itself_it_keeps_what_was_read_just_before_a_write() -> None:
    post = make_post(title="old")

    def title() -> str:
        return Post.objects.filter(pk=post.pk).values_list("title", flat=True).get()

    def write() -> int:
        return Post.objects.filter(pk=post.pk).update(title="new")

    with cachalot(**AS_IT_COMES):
        before_the_statement("UPDATE", title, write)
        assert title() == "old", "cachalot has learned better: think again"
        assert elsewhere(title) == "old"
    assert title() == "new"


class TestOurRows:
    """The same, and worse, with our cache: always what was written, once it is acknowledged."""

    @pytest.fixture(autouse=True)
    def _category(self, _database) -> None:
        self.category = make_category(name="old")

    def name(self) -> str:
        return Category.objects.filter(pk=self.category.pk).values_list("name", flat=True).get()

    def write(self, name: str = "new") -> int:
        return Category.objects.filter(pk=self.category.pk).update(name=name)

    def test_what_a_write_overtook_is_not_kept(self) -> None:
        with keeping_rows() as worker:

            def write() -> None:
                self.write()
                worker.acknowledge()

            assert after_the_query("SELECT", write, self.name) == "old"
            assert self.name() == "new"

    def test_what_a_write_overtook_is_dropped_when_it_is_acknowledged_later(self) -> None:
        with keeping_rows() as worker:
            assert after_the_query("SELECT", self.write, self.name) == "old"
            elsewhere(worker.acknowledge)
            assert self.name() == "new"

    def test_what_was_read_just_before_a_write_is_dropped_with_it(self) -> None:
        with keeping_rows() as worker:
            before_the_statement("UPDATE", self.name, self.write)
            worker.acknowledge()
            worker.next_request()
            assert self.name() == "new"
            assert elsewhere(self.name) == "new"

    def test_a_writer_reads_his_own_write_before_it_is_acknowledged(self) -> None:
        with keeping_rows():
            before_the_statement("UPDATE", self.name, self.write)
            assert self.name() == "new"

    def test_a_writer_who_read_first_reads_his_own_write(self) -> None:
        with keeping_rows():
            assert self.name() == "old"
            self.write()
            assert self.name() == "new"

    def test_a_writer_in_a_transaction_reads_his_own_write_after_it(self) -> None:
        with keeping_rows() as worker:
            assert self.name() == "old"
            with transaction.atomic():
                self.write()
                assert self.name() == "new"
            assert self.name() == "new"
            worker.acknowledge()
            worker.next_request()
            assert self.name() == "new"

    def test_a_write_that_was_rolled_back_was_never_there(self) -> None:
        with keeping_rows() as worker:
            with transaction.atomic():
                self.write()
                assert self.name() == "new"
                transaction.set_rollback(True)
            worker.next_request()
            assert self.name() == "old"
            assert elsewhere(self.name) == "old"

    def test_what_an_old_snapshot_shows_is_not_kept(self) -> None:
        with keeping_rows() as worker:

            def write() -> None:
                self.write()
                worker.acknowledge()

            with snapshot():
                # The snapshot begins with this query, the next one is asked after the write.
                assert Post.objects.count() is not None
                elsewhere(write)
                assert self.name() == "old"
                assert self.name() == "old"
            assert self.name() == "new"
            assert worker.coherence.is_trusting()

    def test_raw_sql_is_a_write_like_any_other(self) -> None:
        def write() -> None:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE api_category SET name = 'raw' WHERE id = %s", [self.category.pk])

        with keeping_rows() as worker:
            assert self.name() == "old"
            elsewhere(write)
            worker.acknowledge()
            worker.next_request()
            assert self.name() == "raw"
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM api_category WHERE id = %s", [self.category.pk])
            with pytest.raises(Category.DoesNotExist):
                self.name()
