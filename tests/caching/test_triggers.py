"""SQLite itself writes down what changed, whoever changed it (P2)."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connection, transaction

from api.models import Author, PostTag
from caching.models import Outbox
from caching.surrogate_keys import EVERYTHING
from caching.triggers import install
from caching.triggers.watch import Watch
from tests.caching.trigger_contract import TriggerContract, in_time, recording
from tests.databases import migrate
from tests.factories import make_author, make_post, make_tag

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the tests run on another database; see test_triggers_postgresql.py"
)


class TestSQLite(TriggerContract):
    @pytest.fixture
    def database(self, db):
        return connection

    def drop(self, name, table):
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TRIGGER "{name}"')

    def rename(self, old, new, table):
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [old])
            (sql,) = cursor.fetchone()
            cursor.execute(f'DROP TRIGGER "{old}"')
            cursor.execute(sql.replace(old, new))


# Another program on the same file.


def test_the_sqlite_shell_is_recorded(database_file):
    post = make_post()
    with recording() as keys, closing(sqlite3.connect(database_file)) as shell:
        shell.execute("UPDATE api_post SET title = 'From a shell' WHERE id = ?", [post.pk])
        shell.commit()

    assert keys == {f"post:{post.pk}", "posts:search"}


def test_what_another_program_rolls_back_leaves_nothing(database_file):
    make_post()
    with recording() as keys, closing(sqlite3.connect(database_file)) as shell:
        shell.execute("DELETE FROM api_post")
        shell.rollback()

    assert keys == set()


def test_emptying_a_table_is_recorded_row_by_row(database_file):
    tags = [make_tag() for _ in range(3)]
    with recording() as keys, closing(sqlite3.connect(database_file)) as shell:
        shell.execute("DELETE FROM api_tag")
        shell.commit()

    assert {f"tag:{tag.pk}" for tag in tags} <= keys


def test_keys_of_an_uncommitted_change_are_seen_by_nobody(database_file):
    author = make_author()
    Outbox.objects.all().delete()
    with closing(sqlite3.connect(database_file)) as other:
        with transaction.atomic():
            Author.objects.filter(pk=author.pk).update(name="Soon")
            assert other.execute("SELECT count(*) FROM caching_outbox").fetchone() == (0,)
        assert other.execute("SELECT count(*) FROM caching_outbox").fetchone() == (2,)


# Migrations.

LATER = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("api", "0002_search")]
    operations = [migrations.AlterField("posttag", "score", models.IntegerField(null=True))]
"""
KNOWN = "import importlib\nMigration = importlib.import_module('api.migrations.{name}').Migration\n"


@pytest.fixture
def rebuilding_migration(tmp_path, monkeypatch, settings):
    """Add a migration for which SQLite builds a watched table anew."""
    package = tmp_path / "later_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("0001_initial", "0002_search"):
        (package / f"{name}.py").write_text(KNOWN.format(name=name))
    (package / "0003_scoreless.py").write_text(LATER)
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"api": "later_migrations"}


def test_a_migration_that_builds_a_table_anew_leaves_the_triggers_in_place(
    database_file, rebuilding_migration
):
    """A trigger of another table that names the one being built would make the database refuse it."""
    tag = make_tag()
    post = make_post(tags=[tag])
    with recording() as keys:
        migrate()

    assert keys == {EVERYTHING}, "what was written while there were no triggers went unreported"
    assert install.missing() == []
    with recording() as keys:
        PostTag.objects.filter(post=post).delete()
    assert keys == {f"post:{post.pk}"} | in_time(f"posts:tag={tag.pk}", post.published_at)


def test_a_migrate_that_has_nothing_to_do_invalidates_nothing(database_file):
    with recording() as keys:
        migrate()

    assert keys == set()


def test_before_the_tables_exist_nothing_is_installed(tmp_path, django_db_blocker):
    from tests.databases import as_default, sqlite_file  # noqa: PLC0415

    with django_db_blocker.unblock(), as_default(sqlite_file(tmp_path / "empty.sqlite3")):
        install.after_migrate(using="default")
        assert install.present() == {}
        migrate()
        assert install.missing() == []


def test_a_database_that_we_know_no_triggers_for_is_refused():
    with pytest.raises(NotImplementedError, match="got oracle"):
        install.expected("oracle")


# How a watch is read.


def test_a_watch_compares_what_it_names_and_what_its_key_and_condition_need():
    watch = Watch("api_post", "posts:author={author_id}", ("published_at",), only_if="listed")

    assert watch.key_columns == ("author_id",)
    assert watch.compared_columns == ("published_at", "author_id", "listed")
    assert watch.coarse == "posts:*"


def test_the_name_of_a_trigger_changes_with_what_it_does():
    before = set(install.expected("sqlite"))
    install._registry.watches.append(Watch("api_tag", "tag:{id}:extra", ("slug",)))
    try:
        after = set(install.expected("sqlite"))
    finally:
        install._registry.watches.pop()

    assert len(before - after) == len(after - before) == 3
    assert all("api_tag" in name for name in before ^ after)
