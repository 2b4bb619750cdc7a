"""PostgreSQL itself writes down what changed, whoever changed it, once per statement (P2)."""

import psycopg
import pytest
from django.db import connection, transaction

from api.models import Author, Post, PostTag, Tag
from caching.models import Outbox
from caching.surrogate_keys import EVERYTHING
from caching.triggers import install
from caching.triggers.postgresql import MANY_KEYS
from tests.caching.trigger_contract import TriggerContract, in_time, recording, recording_labels
from tests.factories import make_author, make_category, make_post, make_tag

_MANY_POSTS = """
    INSERT INTO api_post (title, slug, excerpt, body, text, source_url, licence, status, published_at,
                          category_id, score, view_count, like_count, comment_count)
    SELECT 'Post ' || n, 'many-' || n, '', '', '', '', '', 'published', now(), %s, 0, 0, 0, 0
    FROM generate_series(1, %s) n
"""


class TestPostgreSQL(TriggerContract):
    @pytest.fixture
    def database(self, postgresql):
        with transaction.atomic():
            yield postgresql
            transaction.set_rollback(True)

    def drop(self, name, table):
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TRIGGER "{name}" ON {table}')
            cursor.execute(f'DROP FUNCTION "{name}"()')

    def rename(self, old, new, table):
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TRIGGER "{old}" ON {table} RENAME TO "{new}"')
            cursor.execute(f'ALTER FUNCTION "{old}" RENAME TO "{new}"')

    # Very many rows.

    def test_a_statement_records_each_key_once(self, database):
        category = make_category()
        with recording() as keys:
            self.make_many(MANY_KEYS // 4, category)

        assert {"posts", f"posts:category={category.pk}", "posts:search"} <= keys
        assert Outbox.objects.filter(key="posts").count() == 1
        assert sum(key.startswith("post:slug=") for key in keys) == MANY_KEYS // 4

    def test_a_hundred_thousand_changed_rows_record_a_handful_of_keys(self, database):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO api_tag (name, slug, post_count)"
                " SELECT 'Tag', 'many-' || n, 0 FROM generate_series(1, 100000) n"
            )
        with recording() as keys:
            Tag.objects.update(name="All of them")

        assert keys == {"tag:*", "tags"}
        assert Outbox.objects.count() == 2

    def test_a_mass_update_is_not_planned_as_the_update_of_one_row_before_it_was(self, database):
        """PostgreSQL keeps plans: a loop in a loop, made for one row, would take minutes here."""
        category, post = make_category(), make_post(tags=[make_tag()])
        for score in range(3):
            Post.objects.filter(pk=post.pk).update(score=score, title=f"Title {score}")
        self.make_many(20_000, category)
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '15s'")
            cursor.execute("UPDATE api_post SET title = 'All of them', score = 7")
            cursor.execute("SET LOCAL statement_timeout = 0")

        assert keys == {"post:*", "posts:search"}
        assert PostTag.objects.get(post=post).score == 7

    def test_each_kind_counts_by_itself(self, database):
        category = make_category()
        with recording() as keys:
            self.make_many(MANY_KEYS + 1, category)

        moment = Post.objects.first().published_at  # One for all of them.
        lists = in_time("posts", moment) | in_time(f"posts:category={category.pk}", moment)
        assert keys == {"post:*", "shown:*", "posts:search"} | lists

    def test_very_many_deleted_rows_become_the_coarse_key_too(self, database):
        self.make_many(MANY_KEYS + 1, make_category())
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute("DELETE FROM api_post")

        assert {"post:*", "shown:*"} <= keys
        assert len(keys) == 3 + 8 * 2, "all posts, the search; the list of all and one category's, in time"

    def test_the_coarse_key_says_that_one_row_of_the_many_is_gone(self, database):
        self.make_many(MANY_KEYS + 1, make_category())
        with recording_labels() as retitled:
            Post.objects.update(title="All of them")
        with recording_labels() as one_hidden, connection.cursor() as cursor:
            cursor.execute(
                "UPDATE api_post SET title = 'Again', status = CASE id WHEN %s THEN 'draft' ELSE status END",
                [Post.objects.first().pk],
            )
        with recording_labels() as deleted:
            Post.objects.all()._raw_delete("default")

        recorded = [
            [label for label in labels if label.startswith("post:")]
            for labels in (retitled, one_hidden, deleted)
        ]
        assert recorded == [["post:*"], ["post:*!"], ["post:*!"]]

    def test_many_rows_whose_unwatched_columns_change_record_nothing(self, database):
        self.make_many(MANY_KEYS * 3, make_category())
        with recording() as keys:
            Post.objects.update(view_count=5)

        assert keys == set()

    @staticmethod
    def make_many(count, category):
        with connection.cursor() as cursor:
            cursor.execute(_MANY_POSTS, [category.pk, count])

    # What only PostgreSQL can.

    @pytest.mark.parametrize("table", ["api_post", "api_author", "api_tag"])
    def test_truncate_invalidates_everything(self, database, table):
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")

        assert EVERYTHING in keys

    def test_copy_is_recorded(self, database):
        into = "COPY api_tag (name, slug, post_count) FROM STDIN"
        with recording() as keys, connection.cursor() as cursor, cursor.copy(into) as copy:
            copy.write_row(("ale", "copied", 0))

        assert "tag:slug=copied" in keys

    def test_merge_is_recorded(self, database):
        tag = make_tag(slug="merged")
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute(
                "MERGE INTO api_tag t USING (VALUES ('merged'), ('new')) AS s (slug) ON t.slug = s.slug"
                " WHEN MATCHED THEN UPDATE SET name = 'Merged'"
                " WHEN NOT MATCHED THEN INSERT (name, slug, post_count) VALUES ('New', s.slug, 0)"
            )

        assert {f"tag:{tag.pk}", "tag:slug=new"} <= keys

    def test_a_service_under_a_role_of_its_own_is_recorded(self, database):
        """It may write posts and knows neither the outbox nor our schema's name."""
        post = make_post(tags=[make_tag()])
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute("CREATE ROLE service; GRANT SELECT, UPDATE ON api_post TO service")
            cursor.execute("SET LOCAL search_path = pg_catalog; SET LOCAL ROLE service")
            cursor.execute("UPDATE public.api_post SET title = 'Theirs', score = 5 WHERE id = %s", [post.pk])
            cursor.execute("RESET ROLE; SET LOCAL search_path = public")

        assert keys == {f"post:{post.pk}", "posts:search"}
        assert PostTag.objects.get(post=post).score == 5

    def test_a_temporary_table_cannot_take_the_outboxs_place(self, database):
        author = make_author()
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE caching_outbox (key text)")
            cursor.execute("UPDATE api_author SET name = 'Hidden' WHERE id = %s", [author.pk])
            cursor.execute("DROP TABLE pg_temp.caching_outbox")

        assert keys == {f"author:{author.pk}", "authors"}

    def test_the_trigger_that_wakes_the_relays_is_missed_and_put_back_like_the_others(self, database):
        (name,) = (name for name, table in install.present().items() if table == "caching_outbox")
        self.drop(name, "caching_outbox")
        assert install.missing() == [name]

        install.install()
        assert install.missing() == []

    def test_dropping_takes_the_functions_along(self, database):
        install.drop_all()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'readpath%%'")
            assert cursor.fetchone() == (0,)
        install.install()


# Two writers at once.


@pytest.fixture
def other(postgresql):
    """Return a session of somebody else; what the test has committed is cleared afterwards."""
    settings = postgresql.settings_dict
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"]) as session:
        yield session
        session.rollback()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE api_post, api_author, api_category, api_tag, caching_outbox CASCADE")


def test_a_tag_put_on_a_post_while_it_is_published_copies_that(postgresql, other):
    """Neither writer sees the other's row; one must wait for the other, or the copy stays behind."""
    post, tag = make_post(status="draft"), make_tag()
    other.execute("SET lock_timeout = '200ms'")
    with transaction.atomic():
        PostTag.objects.create(post=post, tag=tag)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("UPDATE api_post SET status = 'published' WHERE id = %s", [post.pk])
        other.rollback()
    other.execute("UPDATE api_post SET status = 'published' WHERE id = %s", [post.pk])
    other.commit()

    assert PostTag.objects.get(post=post).listed == 1


def test_uncommitted_keys_are_invisible_and_leave_no_gap_behind(postgresql, other):
    """The outbox's numbers are taken before the commit: a later number may be seen first."""
    early, late = make_author(), make_author()
    Outbox.objects.all().delete()
    other.execute("UPDATE api_author SET name = 'Early' WHERE id = %s", [early.pk])
    Author.objects.filter(pk=late.pk).update(name="Late")
    seen_first = set(Outbox.objects.values_list("key", flat=True))
    other.commit()
    seen_then = set(Outbox.objects.values_list("key", flat=True))

    assert seen_first == {f"author:{late.pk}", "authors"}
    assert seen_then == {f"author:{late.pk}", f"author:{early.pk}", "authors"}
