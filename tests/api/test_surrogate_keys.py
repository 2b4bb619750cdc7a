"""What a build has read is what a write invalidates: no column can be shown and forgotten (P2)."""

import pytest
from django.apps import apps
from django.utils import timezone

from api.models import Author, Category, Comment, Post, PostTag, Tag
from api.surrogate_keys import WATCHES, collecting_rows, row_key_templates
from caching.building import collecting
from querysets import projections
from querysets.reading import ReportsReads
from tests.caching.trigger_contract import another, recording
from tests.factories import make_author, make_category, make_comment, make_post, make_tag

# Shown, and may be older than the last write: pages with it age out.
MAY_LAG = {(Post, "view_count")}

SHOWN = {
    Post: projections.POST_DETAIL,
    Comment: projections.COMMENT,
    Author: projections.AUTHOR,
    Category: projections.CATEGORY,
    Tag: projections.TAG,
}
MAKERS = {
    Post: make_post,
    Comment: make_comment,
    Author: make_author,
    Category: make_category,
    Tag: make_tag,
}
REFERENCES = {
    Author: projections.AUTHOR_REFERENCE,
    Category: projections.CATEGORY_REFERENCE,
    Tag: projections.TAG_REFERENCE,
}


def columns_of(model):
    """Return the attribute names of the model's own columns that are shown somewhere."""
    names = {name for columns in SHOWN[model].values() for name in columns}
    names |= set(REFERENCES.get(model, ()))
    own = {name.partition("__")[0] for name in names}
    fields = [field for field in model._meta.concrete_fields if {field.name, field.attname} & own]
    return sorted(field.attname for field in fields if not field.primary_key)


SHOWN_COLUMNS = [(model, column) for model in SHOWN for column in columns_of(model)]


def keys_of(read):
    """Return the keys that a build which only calls `read` depends on."""
    with collecting() as dependencies, collecting_rows():
        read()
    return dependencies.keys


# Both directions fit.


def test_everything_that_is_shown_is_looked_at():
    assert {column for model, column in SHOWN_COLUMNS if model is Post} == {
        "slug",
        "title",
        "excerpt",
        "body",
        "author_id",
        "category_id",
        "score",
        "like_count",
        "comment_count",
        "view_count",
        "published_at",
        "updated_at",
        "source_url",
        "licence",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "column"), SHOWN_COLUMNS, ids=lambda part: getattr(part, "__name__", part))
def test_a_change_of_a_column_reaches_whatever_was_built_from_it(model, column):
    row = MAKERS[model]()
    depended_on = keys_of(lambda: list(model.objects.filter(pk=row.pk).only("pk", column)))
    value = another(model, column, getattr(row, column))
    with recording() as invalidated:
        model.objects.filter(pk=row.pk).update(**{column: value})

    assert bool(depended_on & invalidated) is ((model, column) not in MAY_LAG)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MAKERS)
def test_a_row_that_vanishes_reaches_whatever_showed_it_however_little_was_shown(model):
    row = MAKERS[model]()
    depended_on = keys_of(lambda: list(model.objects.filter(pk=row.pk).only("pk")))
    with recording() as invalidated:
        model.objects.filter(pk=row.pk).delete()

    assert depended_on & invalidated


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"status": "draft"}, {"deleted_at": timezone.now()}], ids=["draft", "deleted"]
)
def test_a_post_that_leaves_the_public_reaches_whatever_showed_it(change):
    post = make_post()
    depended_on = keys_of(lambda: list(Post.objects.filter(pk=post.pk).only("title")))
    with recording() as invalidated:
        Post.objects.filter(pk=post.pk).update(**change)

    assert depended_on & invalidated


@pytest.mark.django_db
def test_a_tag_put_on_a_post_reaches_whatever_shows_the_post():
    post = make_post()
    depended_on = keys_of(lambda: list(Post.objects.filter(pk=post.pk).prefetch_related("tags")))
    with recording() as invalidated:
        post.tags.add(make_tag())

    assert depended_on & invalidated


# Which keys a row stands for.


@pytest.mark.parametrize(
    ("model", "loaded", "expected"),
    [
        pytest.param(Author, ("id", "name", "slug"), ("author:{id}",), id="an author's name"),
        pytest.param(
            Author, ("id", "name", "post_count"), ("author:{id}", "author:{id}:counts"), id="counter too"
        ),
        pytest.param(Author, ("id", "post_count"), ("author:{id}", "author:{id}:counts"), id="counter alone"),
        pytest.param(Category, ("id",), ("category:{id}",), id="no column but the key"),
        pytest.param(Tag, ("id", "post_count"), ("tag:{id}", "tag:{id}:counts"), id="a tag's counter"),
        pytest.param(Post, ("id", "view_count"), ("post:{id}",), id="a post"),
        pytest.param(Comment, ("id", "body"), ("comment:{id}",), id="a comment"),
        pytest.param(PostTag, ("id", "tag_id"), (), id="a row of a table in between"),
    ],
)
def test_a_row_stands_for_the_keys_of_the_columns_that_were_loaded(model, loaded, expected):
    assert row_key_templates(model, loaded) == expected


@pytest.mark.django_db
def test_rows_are_collected_however_they_were_read():
    tag, post = make_tag(), make_post()
    post.tags.add(tag)

    def read():
        list(Post.objects.select_related("author").prefetch_related("tags"))

    assert keys_of(read) >= {f"post:{post.pk}", f"author:{post.author_id}", f"tag:{tag.pk}"}


@pytest.mark.django_db
def test_a_counter_that_was_not_loaded_is_not_depended_on():
    author = make_author()

    shown = keys_of(lambda: list(Author.objects.only("name")))
    counted = keys_of(lambda: list(Author.objects.only("name", "post_count")))

    assert shown == {f"author:{author.pk}"}
    assert counted == {f"author:{author.pk}", f"author:{author.pk}:counts"}


@pytest.mark.django_db
def test_outside_of_a_build_nothing_is_collected():
    make_author()
    with collecting() as dependencies:
        with collecting_rows():
            pass
        list(Author.objects.all())

    assert dependencies.keys == set()


# The table of facts.


@pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: watch.key)
def test_a_watch_names_columns_that_there_are(watch):
    (model,) = [model for model in apps.get_models() if model._meta.db_table == watch.table]
    columns = {field.column for field in model._meta.concrete_fields}

    assert set(watch.compared_columns) <= columns


@pytest.mark.parametrize(
    "watch", [watch for watch in WATCHES if watch.is_of_row], ids=lambda watch: watch.key
)
def test_a_row_that_can_be_hidden_is_gone_when_it_is(watch):
    (model,) = [model for model in MAKERS if model._meta.db_table == watch.table]
    has_listed = any(field.name == "listed" for field in model._meta.concrete_fields)

    assert watch.public_if == ("listed" if has_listed else None)


def test_every_model_that_is_shown_has_a_key_that_tells_when_a_row_is_gone():
    tables = {watch.table for watch in WATCHES if watch.is_of_row}

    assert tables == {model._meta.db_table for model in MAKERS}


def test_no_fact_is_there_twice():
    facts = [(watch.table, watch.key) for watch in WATCHES]

    assert len(facts) == len(set(facts))


def test_every_model_that_reports_its_reads_has_a_key_of_its_own():
    for model in apps.get_models():
        if issubclass(model, ReportsReads):
            assert row_key_templates(model, ()), model
