"""Rows of the listed tables are kept, of no other, only where nobody is misled, and never for a build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from cachalot.utils import UncachableQuery
from django.conf import settings
from django.core.cache import caches
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from api.builds import PublicReads
from api.models import Author, Category, Post, Tag
from api.reference_rows import KINDS
from api.routes import PUBLIC_ROUTES
from api.surrogate_keys import WATCHES, collecting_rows
from api.urls import READS
from caching.building import collecting
from caching.django_builds import DjangoBuilds
from caching.entry import Entry, Reply
from caching.routes import RouteTable, Target
from caching.rows import cache as rows
from caching.rows.bypass import bypassed
from caching.rows.naming import query_key
from tests.api.cachalot import Worker, database, elsewhere, keeping_rows
from tests.databases import as_default, sqlite_file
from tests.factories import make_category, make_post, make_tag


@pytest.fixture(scope="module")
def _of_this_module(tmp_path_factory: Any, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), database("sqlite", tmp_path_factory.mktemp("rows")):
        yield


@pytest.fixture
def worker(_of_this_module: None, django_db_blocker: Any) -> Iterator[Worker]:
    """Return a worker that keeps rows, over a database with one category."""
    with django_db_blocker.unblock():
        category = make_category(name="right")
        with keeping_rows() as one:
            one.category = category
            yield one


def queries_of(run: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        run()
    return len(captured)


def names() -> list[str]:
    return list(Category.objects.order_by("pk").values_list("name", flat=True))


def plant_a_wrong_row(worker: Worker) -> None:
    """Let what is kept of the category be wrong, under the name of each query of it that was made."""
    for name, held in list(worker.kept._held.items()):
        wrong = held.pickled.replace(b"right", b"wrong")
        worker.kept._held[name] = held._replace(pickled=wrong)


class TestKept:
    def test_rows_are_read_once(self, worker: Worker) -> None:
        assert queries_of(names) == 1
        assert queries_of(names) == 0
        assert elsewhere(lambda: queries_of(names)) == 0

    def test_models_and_counts_and_what_is_not_there_too(self, worker: Worker) -> None:
        pk = worker.category.pk
        for run in (
            lambda: Category.objects.get(pk=pk),
            Category.objects.count,
            lambda: Tag.objects.filter(slug="nowhere").exists(),
            lambda: list(Category.objects.filter(pk__in=[pk]).iterator()),
        ):
            assert queries_of(run) == 1
            assert queries_of(run) == 0
        assert Category.objects.get(pk=pk).name == "right"

    @pytest.mark.parametrize("model", [Post, Author])
    def test_no_other_table_is(self, worker: Worker, model: type) -> None:
        for _ in range(2):
            assert queries_of(lambda: list(model.objects.all())) == 1

    def test_of_another_table_not_even_the_query_is_spelled(self) -> None:
        with pytest.raises(UncachableQuery):
            query_key(Post.objects.all().query.get_compiler("default"))

    def test_nor_what_is_joined_to_another_table(self, worker: Worker) -> None:
        def joined() -> list[Category]:
            return list(Category.objects.filter(posts__title="x"))

        def nested() -> list[Category]:
            return list(Category.objects.filter(pk__in=Post.objects.values("category")))

        for _ in range(2):
            assert queries_of(joined) == 1
            assert queries_of(nested) == 1

    def test_nor_what_is_locked(self, worker: Worker) -> None:
        def locked() -> list[Category]:
            with transaction.atomic():
                return list(Category.objects.select_for_update())

        for _ in range(2):
            assert queries_of(locked) == 3

    def test_another_table_does_not_end_them(self, worker: Worker) -> None:
        names()
        elsewhere(lambda: make_tag().pk)
        worker.acknowledge()
        worker.next_request()
        assert queries_of(names) == 0

    def test_they_stay_within_their_budget(self, worker: Worker) -> None:
        kept = worker.kept
        for number in range(300):
            kept.put(f"query {number}", "x" * 100_000, (0, 0), position=0, seconds=60.0)
        assert kept._bytes <= 8 * 1024 * 1024
        assert kept._bytes == sum(len(held.pickled) + 400 for held in kept._held.values())
        assert "query 299" in kept._held

    def test_they_live_no_longer_than_they_may(self, worker: Worker) -> None:
        assert settings.CACHALOT_TIMEOUT == 300
        counts = worker.kept.counts([])
        position = worker.coherence.position()
        worker.kept.put("query", [1], counts, position=position, seconds=-1.0)
        assert worker.kept.get("query", counts, position=position) is None


class TestNotKept:
    @pytest.mark.parametrize(
        "change",
        [
            lambda pk: Category.objects.filter(pk=pk).update(name="new"),
            lambda pk: Category.objects.filter(pk=pk).update(post_count=7),
            lambda pk: Category.objects.bulk_update([Category(pk=pk, name="new")], ["name"]),
            lambda pk: Category.objects.bulk_create([Category(name="new", slug=f"another-{pk}")]),
            lambda pk: Category.objects.filter(pk=pk).delete(),
            lambda pk: make_post(category_id=pk) and Category.objects.filter(pk=pk).update(description="new"),
        ],
    )
    def test_whatever_was_acknowledged_is_seen(self, worker: Worker, change: Callable[[int], Any]) -> None:
        def everything() -> list[tuple[Any, ...]]:
            return list(Category.objects.order_by("pk").values_list())

        before = everything()
        assert queries_of(everything) == 0
        elsewhere(lambda: (change(worker.category.pk), worker.acknowledge()))
        after = everything()
        assert after != before
        assert after == list(Category.objects.order_by("pk").extra(where=["1 = 1"]).values_list())

    def test_an_invalidation_of_everything_is_one_of_these_rows(self, worker: Worker) -> None:
        names()
        worker.kept.heard({"all"})
        assert queries_of(names) == 1

    def test_a_worker_that_does_not_trust_its_memory_asks_the_database(self, worker: Worker) -> None:
        names()
        worker.coherence.distrust()
        for _ in range(2):
            assert queries_of(names) == 1

    def test_a_worker_whose_lease_has_run_out_asks_the_database(self, worker: Worker) -> None:
        names()
        worker.coherence.leased(0.0)
        for _ in range(2):
            assert queries_of(names) == 1

    def test_a_worker_that_had_to_forget_has_forgotten_them_too(self, worker: Worker) -> None:
        names()
        worker.coherence.distrust()
        worker.coherence.trust()
        assert queries_of(names) == 1
        assert queries_of(names) == 0

    def test_rows_read_before_a_worker_forgot_are_not_kept_after_it(self, worker: Worker) -> None:
        def forgetting(execute: Any, *arguments: Any) -> Any:
            result = execute(*arguments)
            worker.coherence.distrust()
            worker.coherence.trust()
            return result

        with connection.execute_wrapper(forgetting):
            names()
        assert queries_of(names) == 1

    def test_a_process_without_a_tail_keeps_nothing(self, worker: Worker) -> None:
        rows.disconnect()
        for _ in range(2):
            assert queries_of(names) == 1

    def test_a_transaction_that_could_not_begin_leaves_nothing_behind(
        self, worker: Worker, tmp_path: Path
    ) -> None:
        with (
            as_default(sqlite_file(tmp_path / "nowhere" / "x")),
            pytest.raises(OperationalError),
            transaction.atomic(),
        ):
            pass
        worker.next_request()
        for _ in range(3):
            assert names()[-1] == "right"
        elsewhere(
            lambda: (
                Category.objects.filter(pk=worker.category.pk).update(name="new"),
                worker.acknowledge(),
            )
        )
        assert names()[-1] == "new"

    def test_in_a_transaction_the_database_is_asked(self, worker: Worker) -> None:
        names()
        with transaction.atomic():
            assert queries_of(names) == 1


def builds_by(reply: Callable[[Target], Reply]) -> DjangoBuilds:
    """Return builds that are answered so, and stored nowhere."""
    return DjangoBuilds(reply, Worker().coherence, lambda *_, **__: True, observing=collecting_rows)


def built(path: str, reply: Callable[[Target], Reply] | None = None) -> Any:
    """Return what the read path builds for a URL, by its view unless the answer is given."""
    target = RouteTable(PUBLIC_ROUTES).find(path.encode(), b"")
    assert isinstance(target, Target)
    landing = builds_by(reply or PublicReads(READS))(target, Worker().coherence.begin())
    assert isinstance(landing.result, Entry)
    return orjson.loads(landing.result.variants["identity"].body)


class TestBuilds:
    def test_a_build_takes_no_rows_from_it(self, worker: Worker) -> None:
        url = f"/api/v1/categories/{worker.category.pk}/"

        def by_the_orm(target: Target) -> Reply:
            return Reply(200, orjson.dumps(names()))

        assert names()[-1] == "right"
        plant_a_wrong_row(worker)
        # The very query of the build, asked outside of one.
        assert names()[-1] == "wrong"
        assert built(url, by_the_orm)[-1] == "right"
        assert built(url)["name"] == "right"
        assert names()[-1] == "wrong"

    def test_and_leaves_none_in_it(self, worker: Worker) -> None:
        held = dict(worker.kept._held)
        built(f"/api/v1/categories/{worker.category.pk}/", lambda target: Reply(200, orjson.dumps(names())))
        built(f"/api/v1/categories/{worker.category.pk}/")
        built("/api/v1/categories/")
        built("/api/v1/tags/")
        assert dict(worker.kept._held) == held

    def test_the_cache_itself_refuses_a_build(self, worker: Worker) -> None:
        names()
        with collecting():
            assert queries_of(names) == 1

    def test_where_it_is_bypassed_it_is_not_asked(self, worker: Worker, monkeypatch: Any) -> None:
        asked: list[Any] = []
        monkeypatch.setattr(rows.RowCache, "get_many", lambda *arguments: asked.append(arguments) or {})
        with bypassed():
            names()
        assert not asked
        names()
        assert asked

    def test_after_an_exception_it_is_used_again(self, worker: Worker) -> None:
        with pytest.raises(LookupError), bypassed():
            raise LookupError
        names()
        assert queries_of(names) == 0


def test_every_column_of_a_listed_table_is_watched() -> None:
    for model in (Category, Tag):
        table = model._meta.db_table
        watched = {column for watch in WATCHES if watch.table == table for column in watch.compared_columns}
        assert {field.column for field in model._meta.concrete_fields} <= watched


def test_the_listed_tables_are_ours_and_their_changes_have_names() -> None:
    assert set(KINDS) == set(settings.CACHALOT_ONLY_CACHABLE_TABLES)
    assert KINDS["api_category"] == {"category", "categories"}
    assert KINDS["api_tag"] == {"tag", "tags"}


def test_without_redis_there_is_no_such_cache() -> None:
    assert "rows" not in caches
    assert "cachalot" not in settings.INSTALLED_APPS
