"""What a change makes the database write down, whatever the database (P2).

`expected_keys` reads `WATCHES` as its documentation says it is read, and each column of each
watched table is changed alone. What a client would call a change has a test of its own besides,
with the keys written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import floor

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from api.models import Author, Category, Comment, Like, Post, PostTag, Tag
from api.surrogate_keys import WATCHES
from caching.models import Outbox
from caching.ranges import LENGTHS
from caching.surrogate_keys import EVERYTHING, is_gone, unmarked
from caching.triggers import install
from tests.factories import (
    make_author,
    make_category,
    make_comment,
    make_like,
    make_post,
    make_tag,
    make_user,
)

MODELS = (Post, PostTag, Comment, Author, Category, Tag)
_RELATED = {
    Author: make_author,
    Category: make_category,
    Comment: make_comment,
    Post: make_post,
    Tag: make_tag,
    get_user_model(): make_user,
}
COPIED = ("listed", "published_at", "score", "view_count")

CHANGEABLE = [
    (model, field.attname)
    for model in MODELS
    for field in model._meta.concrete_fields
    if not field.primary_key and not field.generated and not (model is PostTag and field.attname in COPIED)
]


@contextmanager
def recording() -> Iterator[set[str]]:
    """Yield a set that is filled with the keys that the block's changes have recorded."""
    keys: set[str] = set()
    with recording_labels() as labels:
        yield keys
    keys.update(map(unmarked, labels))


@contextmanager
def recording_gone() -> Iterator[set[str]]:
    """Yield a set that is filled with the keys of what the block's changes have recorded as gone."""
    gone: set[str] = set()
    with recording_labels() as labels:
        yield gone
    gone.update(unmarked(label) for label in labels if is_gone(label))


@contextmanager
def recording_labels() -> Iterator[list[str]]:
    """Yield a list that is filled with what stands in the outbox after the block's changes."""
    Outbox.objects.all().delete()
    labels: list[str] = []
    yield labels
    labels.extend(Outbox.objects.values_list("key", flat=True))


def in_time(collection, moment):
    """Return what a row of that moment changes of a collection: the whole of it, and its intervals."""
    second = floor(moment.timestamp())
    return {collection, *(f"{collection}:{length}.{second // 2**length}" for length in LENGTHS)}


def own_key(model, row):
    """Return the key of the row itself, which tells when it is gone; nothing for a table in between."""
    return {f"{model.__name__.lower()}:{row['id']}"} if model is not PostTag else set()


def row_of(model, primary_key):
    """Return the row as the database has it."""
    return model.objects.filter(pk=primary_key).values().get()


def expected_keys(model, before, after):
    """Return what a change from one state of a row to another invalidates; None is no row."""
    keys = set()
    for watch in WATCHES:
        if watch.table != model._meta.db_table:
            continue
        if before and after and all(before[column] == after[column] for column in watch.compared_columns):
            continue
        for row in (before, after):
            if row is None or (watch.only_if and not row[watch.only_if]):
                continue
            if all(row[column] is not None for column in watch.key_columns):
                key = watch.key.format(**row)
                keys |= in_time(key, row[watch.ranged_by]) if watch.ranged_by else {key}
    return keys


def another(model, column, value):
    """Return another value for the column."""
    field = model._meta.get_field(column)
    if field.is_relation:
        return _RELATED[field.related_model]().pk
    if isinstance(value, datetime):
        return value + timedelta(days=1)
    if isinstance(value, int):
        return value + 1000
    if value is None:
        return timezone.now()
    return "archived" if column == "status" else f"{value}-other"


def make(model, *, public):
    """Make a row of the model, of or on something that the public sees or does not."""
    status = "published" if public else "draft"
    if model is Post:
        return make_post(status=status)
    if model is PostTag:
        return PostTag.objects.create(post=make_post(status=status), tag=make_tag())
    if model is Comment:
        return make_comment(deleted_at=None if public else timezone.now())
    return {Author: make_author, Category: make_category, Tag: make_tag}[model]()


class TriggerContract:
    """Each test runs on every database; a subclass provides the fixture `database`."""

    # Every watch, every column, every event.

    @pytest.mark.parametrize("public", [True, False], ids=["public", "hidden"])
    @pytest.mark.parametrize("model", MODELS)
    def test_an_inserted_row_records_its_keys(self, database, model, public):
        with recording() as keys:
            made = make(model, public=public)

        assert expected_keys(model, None, row_of(model, made.pk)) <= keys

    @pytest.mark.parametrize("public", [True, False], ids=["public", "hidden"])
    @pytest.mark.parametrize("model", MODELS)
    def test_a_deleted_row_records_its_keys_and_no_others(self, database, model, public):
        made = make(model, public=public)
        row = row_of(model, made.pk)
        with recording() as keys:
            model.objects.filter(pk=made.pk).delete()

        assert keys == expected_keys(model, row, None)
        assert keys

    @pytest.mark.parametrize("public", [True, False], ids=["public", "hidden"])
    @pytest.mark.parametrize(
        ("model", "column"), CHANGEABLE, ids=lambda part: getattr(part, "__name__", part)
    )
    def test_a_changed_column_records_what_watches_it_and_nothing_else(self, database, model, column, public):
        made = make(model, public=public)
        before = row_of(model, made.pk)
        value = another(model, column, before[column])
        with recording() as keys:
            model.objects.filter(pk=made.pk).update(**{column: value})
        after = row_of(model, made.pk)

        assert after[column] != before[column]
        assert keys == expected_keys(model, before, after)

    @pytest.mark.parametrize("model", MODELS)
    def test_an_update_that_changes_nothing_records_nothing(self, database, model):
        made = make(model, public=True)
        row = row_of(model, made.pk)
        same = {
            field.attname: row[field.attname]
            for field in model._meta.concrete_fields
            if not field.primary_key and not field.generated
        }
        with recording() as keys:
            model.objects.filter(pk=made.pk).update(**same)

        assert keys == set()

    @pytest.mark.parametrize("model", MODELS)
    def test_a_row_that_gets_another_primary_key_is_gone_and_new(self, database, model):
        made = make(model, public=True)
        before = row_of(model, made.pk)
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute(f"UPDATE {model._meta.db_table} SET id = id + 5000 WHERE id = %s", [made.pk])
        after = row_of(model, made.pk + 5000)

        assert expected_keys(model, before, None) | expected_keys(model, None, after) <= keys

    # What is gone.

    @pytest.mark.parametrize("public", [True, False], ids=["public", "hidden"])
    @pytest.mark.parametrize("model", MODELS)
    def test_of_a_deleted_row_its_own_key_alone_is_said_to_be_gone(self, database, model, public):
        made = make(model, public=public)
        row = row_of(model, made.pk)
        with recording_gone() as gone:
            model.objects.filter(pk=made.pk).delete()

        assert gone == own_key(model, row)

    @pytest.mark.parametrize("public", [True, False], ids=["public", "hidden"])
    @pytest.mark.parametrize(
        ("model", "column"), CHANGEABLE, ids=lambda part: getattr(part, "__name__", part)
    )
    def test_a_changed_row_is_gone_if_that_hides_it_and_only_then(self, database, model, column, public):
        made = make(model, public=public)
        before = row_of(model, made.pk)
        with recording_labels() as labels:
            model.objects.filter(pk=made.pk).update(**{column: another(model, column, before[column])})
        after = row_of(model, made.pk)

        is_hidden = model in (Post, Comment) and before["listed"] and not after["listed"]
        gone = {unmarked(label) for label in labels if is_gone(label)}
        assert gone == (own_key(model, before) if is_hidden else set())
        assert gone.isdisjoint(labels), "nothing is said to be gone, and changed besides"

    @pytest.mark.parametrize("model", MODELS)
    def test_a_row_that_gets_another_primary_key_is_gone_under_the_old_one(self, database, model):
        made = make(model, public=True)
        row = row_of(model, made.pk)
        with recording_gone() as gone, connection.cursor() as cursor:
            cursor.execute(f"UPDATE {model._meta.db_table} SET id = id + 5000 WHERE id = %s", [made.pk])

        assert gone == own_key(model, row)

    def test_a_new_row_and_a_restored_one_are_not_gone(self, database):
        with recording_gone() as gone:
            post = make_post(deleted_at=timezone.now())
            Post.objects.filter(pk=post.pk).update(deleted_at=None)

        assert gone == set()

    def test_a_cascade_tells_of_each_row_that_it_takes_along(self, database):
        comment = make_comment(post=make_post(tags=[make_tag()]))
        post = comment.post
        primary_keys = post.pk, comment.pk
        with recording_gone() as gone:
            post.delete()

        assert gone == {f"post:{primary_keys[0]}", f"comment:{primary_keys[1]}"}

    # What a client would call a change.

    def test_counting_views_records_nothing(self, database):
        post = make_post(tags=[make_tag()])
        with recording() as keys:
            Post.objects.filter(pk=post.pk).update(view_count=77)

        assert keys == set()

    def test_a_renamed_author_changes_the_author_and_the_list_of_authors(self, database):
        author = make_author(slug="ada")
        make_post(author=author)
        with recording() as keys:
            author.name = "Ada Lovelace"
            author.save()

        assert keys == {f"author:{author.pk}", "authors"}

    def test_an_authors_counter_changes_only_what_shows_it(self, database):
        author = make_author()
        with recording() as keys:
            Author.objects.filter(pk=author.pk).update(post_count=3)

        assert keys == {f"author:{author.pk}:counts"}

    def test_a_post_that_moves_changes_the_category_it_leaves_and_the_one_it_joins(self, database):
        old, new = make_category(), make_category()
        post = make_post(category=old)
        with recording() as keys:
            Post.objects.filter(pk=post.pk).update(category=new)

        left, joined = (
            in_time(f"posts:category={category.pk}", post.published_at) for category in (old, new)
        )
        assert keys == {f"post:{post.pk}"} | left | joined

    def test_a_new_slug_changes_the_old_url_and_the_new_one(self, database):
        post = make_post(slug="old")
        with recording() as keys:
            Post.objects.filter(pk=post.pk).update(slug="new")

        assert keys == {f"post:{post.pk}", "post:slug=old", "post:slug=new"}

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            pytest.param({"status": "draft"}, {"status": "published"}, id="published"),
            pytest.param({"status": "published"}, {"status": "archived"}, id="archived"),
            pytest.param({"deleted_at": None}, {"deleted_at": timezone.now()}, id="softly deleted"),
            pytest.param({"deleted_at": timezone.now()}, {"deleted_at": None}, id="restored"),
        ],
    )
    def test_a_post_that_appears_or_disappears_changes_all_its_lists(self, database, before, after):
        tag = make_tag()
        post = make_post(tags=[tag], **before)
        with recording() as keys:
            Post.objects.filter(pk=post.pk).update(**after)

        lists = (
            "posts",
            f"posts:author={post.author_id}",
            f"posts:category={post.category_id}",
            f"posts:tag={tag.pk}",
        )
        assert keys == {
            f"post:{post.pk}",
            f"post:slug={post.slug}",
            f"shown:post={post.pk}",
            "posts:search",
        }.union(*(in_time(collection, post.published_at) for collection in lists))

    def test_a_draft_moves_no_public_list(self, database):
        with recording() as keys:
            post = make_post(status="draft", author=None, category=make_category())

        assert {key for key in keys if key.startswith("posts")} == set()
        assert f"post:{post.pk}" in keys

    def test_a_post_without_an_author_has_no_authors_list(self, database):
        with recording() as keys:
            make_post(author=None)

        assert not any(key.startswith("posts:author=") for key in keys)
        assert not any(key is None for key in keys)

    # Every way to write.

    def test_bulk_create_is_recorded(self, database):
        category = make_category()
        with recording() as keys:
            Post.objects.bulk_create(
                Post(
                    slug=f"bulk-{number}", category=category, status="published", published_at=timezone.now()
                )
                for number in range(5)
            )

        assert {f"post:slug=bulk-{number}" for number in range(5)} <= keys
        assert {"posts", f"posts:category={category.pk}"} <= keys

    def test_bulk_update_is_recorded(self, database):
        posts = [make_post() for _ in range(3)]
        for post in posts:
            post.title = "Another"
        with recording() as keys:
            Post.objects.bulk_update(posts, ["title"])

        assert keys == {f"post:{post.pk}" for post in posts} | {"posts:search"}

    def test_an_upsert_is_recorded_with_its_old_values(self, database):
        tag = make_tag(slug="ale", name="ale")
        with recording() as keys:
            Tag.objects.bulk_create(
                [Tag(slug="ale", name="Ale"), Tag(slug="lager", name="lager")],
                update_conflicts=True,
                unique_fields=["slug"],
                update_fields=["name"],
            )

        assert {f"tag:{tag.pk}", "tags", "tag:slug=lager"} <= keys

    def test_raw_sql_is_recorded(self, database):
        post = make_post()
        with recording() as keys, connection.cursor() as cursor:
            cursor.execute("UPDATE api_post SET title = 'Raw' WHERE id = %s", [post.pk])

        assert keys == {f"post:{post.pk}", "posts:search"}

    def test_save_and_delete_are_recorded(self, database):
        tag = make_tag()
        with recording() as saved:
            tag.name = "other"
            tag.save()
        with recording() as deleted:
            primary_key = tag.pk
            tag.delete()

        assert saved == {f"tag:{primary_key}", "tags"}
        assert deleted == {f"tag:{primary_key}", f"tag:{primary_key}:counts", f"tag:slug={tag.slug}", "tags"}

    def test_tags_added_removed_set_and_cleared_are_recorded(self, database):
        post, (one, two, three) = make_post(), [make_tag() for _ in range(3)]
        shown = {f"post:{post.pk}"}
        of_one, of_two, of_three = (
            in_time(f"posts:tag={tag.pk}", post.published_at) for tag in (one, two, three)
        )

        with recording() as keys:
            post.tags.add(one, two)
        assert keys == shown | of_one | of_two
        with recording() as keys:
            post.tags.remove(one)
        assert keys == shown | of_one
        with recording() as keys:
            post.tags.set([two, three])
        assert keys == shown | of_three
        with recording() as keys:
            post.tags.clear()
        assert keys == shown | of_two | of_three

    def test_a_cascade_is_recorded_to_its_last_row(self, database):
        post, tag = make_post(), make_tag()
        post.tags.add(tag)
        answered = make_comment(post=post)
        answer = make_comment(post=post, parent=answered)
        make_like(post=post)
        primary_key = post.pk
        with recording() as keys:
            post.delete()

        assert {
            f"post:{primary_key}",
            "posts",
            f"posts:tag={tag.pk}",
            f"comment:{answered.pk}",
            f"comment:{answer.pk}",
            f"post:{primary_key}:comments",
        } <= keys

    def test_an_author_who_is_deleted_leaves_changed_posts_and_comments(self, database):
        author = make_author()
        post, comment = make_post(author=author), make_comment(author=author)
        primary_key = author.pk
        with recording() as keys:
            author.delete()

        assert {
            f"author:{primary_key}",
            f"post:{post.pk}",
            f"posts:author={primary_key}",
            f"comment:{comment.pk}",
        } <= keys

    def test_likes_by_themselves_change_nothing(self, database):
        post, author = make_post(), make_author()
        with recording() as keys:
            Like.objects.create(post=post, author=author)

        assert keys == set()

    def test_a_transaction_that_is_rolled_back_leaves_nothing(self, database):
        post = make_post()
        with recording() as keys, transaction.atomic():
            Post.objects.filter(pk=post.pk).update(title="Never")
            transaction.set_rollback(True)

        assert keys == set()

    # Copies on PostTag.

    def test_a_tag_on_a_post_copies_what_it_is_ordered_by(self, database):
        post = make_post(score=7, view_count=9)
        post.tags.add(make_tag())

        assert self.copies_of(post) == [self.originals_of(post)]

    @pytest.mark.parametrize(
        "change",
        [
            {"score": 8},
            {"view_count": 10},
            {"status": "draft"},
            {"deleted_at": timezone.now()},
            {"published_at": timezone.now()},
            {"published_at": None},
            {"score": 1, "view_count": 2, "status": "archived"},
        ],
        ids="+".join,
    )
    def test_copies_follow_the_post(self, database, change):
        post = make_post(tags=[make_tag(), make_tag()])
        other = make_post(tags=[make_tag()])
        before = self.copies_of(other)
        Post.objects.filter(pk=post.pk).update(**change)

        assert self.copies_of(post) == [self.originals_of(post)] * 2
        assert self.copies_of(other) == before

    def test_copies_follow_raw_sql_and_a_move_to_another_post(self, database):
        one, other = make_post(tags=[make_tag()], score=1), make_post(score=2)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE api_post SET score = 5 WHERE id = %s", [one.pk])
        assert self.copies_of(one) == [self.originals_of(one)]

        with recording() as keys:
            PostTag.objects.filter(post=one).update(post=other)
        assert self.copies_of(other) == [self.originals_of(other)]
        assert {f"post:{one.pk}", f"post:{other.pk}"} <= keys

    def test_copies_cannot_be_forged_when_a_tag_is_put_on_a_post(self, database):
        post = make_post(status="draft", score=3)
        PostTag.objects.create(post=post, tag=make_tag(), listed=1, score=1_000)

        assert self.copies_of(post) == [self.originals_of(post)]

    @staticmethod
    def copies_of(post):
        return list(PostTag.objects.filter(post=post).values_list(*COPIED))

    @staticmethod
    def originals_of(post):
        return Post.objects.values_list(*COPIED).get(pk=post.pk)

    # Installing.

    def test_what_migrate_left_is_complete(self, database):
        assert install.missing() == []
        assert install.check_triggers(databases=["default"]) == []

    def test_installing_again_changes_nothing_and_invalidates_nothing(self, database):
        before = install.present()
        with recording() as keys:
            install.install()

        assert install.present() == before
        assert keys == set()

    def test_a_dropped_trigger_is_missed_and_put_back_and_everything_is_invalidated(self, database):
        name = next(name for name in install.present() if name.startswith("readpath_api_author_update"))
        self.drop(name, "api_author")

        assert install.missing() == [name]
        (error,) = install.check_triggers(databases=["default"])
        assert error.id == "caching.E001"
        assert name in error.msg
        with recording() as keys:
            install.install()
        assert install.missing() == []
        assert keys == {EVERYTHING}
        author = make_author()
        with recording() as keys:
            Author.objects.filter(pk=author.pk).update(name="Reported")
        assert f"author:{author.pk}" in keys

    def test_a_trigger_that_is_out_of_date_is_replaced(self, database):
        name = next(name for name in install.present() if name.startswith("readpath_api_tag_update"))
        self.rename(name, "readpath_api_tag_update_0ld", "api_tag")

        assert install.missing() == sorted([name, "readpath_api_tag_update_0ld"])
        install.install()
        assert install.missing() == []
        tag = make_tag()
        Outbox.objects.all().delete()
        Tag.objects.filter(pk=tag.pk).update(name="once")
        assert sorted(Outbox.objects.values_list("key", flat=True)) == [f"tag:{tag.pk}", "tags"]

    def test_nothing_is_checked_when_no_database_is_named(self, database):
        self.drop(next(name for name in install.present() if "api_author_update" in name), "api_author")

        assert install.check_triggers(databases=None) == []

    def test_migrate_mends_what_the_check_complains_of(self, database):
        self.drop(next(name for name in install.present() if "api_author_update" in name), "api_author")
        call_command("migrate", verbosity=0, skip_checks=False)

        assert install.missing() == []

    def drop(self, name, table):
        """Drop a trigger behind everybody's back."""
        raise NotImplementedError

    def rename(self, old, new, table):
        """Give a trigger another name, as one of another release would have."""
        raise NotImplementedError
