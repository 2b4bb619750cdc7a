"""A row that was read as plain values is shown with the very bytes that its serializer would show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from api.models import Author, Category, Comment, Post, Tag
from api.renderers import render
from api.serializers.authors import AuthorItem
from api.serializers.categories import CategoryItem
from api.serializers.comments import CommentItem
from api.serializers.plain import PlainShown, plain_shown
from api.serializers.posts import PostDetail, PostItem
from api.serializers.reading import Shown, integer, text
from api.serializers.tags import TagItem
from api.surrogate_keys import collecting_rows
from caching.building import collecting
from querysets.plain import PlainRows
from tests.factories import make_author, make_category, make_comment, make_post, make_tag

pytestmark = pytest.mark.django_db

SHOWN = [
    (PostItem, Post), (PostDetail, Post), (CommentItem, Comment),
    (AuthorItem, Author), (CategoryItem, Category), (TagItem, Tag),
]  # fmt: skip
TEXT = 'Grüße 💥 "quoted" \\ </script> \u2028 \x7f \t\n & é'
EAST = timezone(timedelta(hours=5, minutes=30))
MOMENTS = [
    datetime(2024, 3, 1, 12, tzinfo=UTC),
    datetime(2024, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2024, 3, 1, 12, 0, 0, 120_000, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2024, 3, 1, 12, 0, 0, 500, tzinfo=EAST),
]


def make_content() -> None:
    """Make rows with everything that a row can have, and with as little as it can."""
    full = make_author(name=TEXT, source_url="https://example.org/?a=1&b=2")
    tags = [make_tag(name=TEXT), make_tag(name="ale"), make_tag(name="Ale")]
    category = make_category(name=TEXT, description=TEXT)
    for number, moment in enumerate(MOMENTS):
        post = make_post(
            title=TEXT, body=f"<p>{TEXT}</p>", excerpt=TEXT, category=category, licence="CC BY-SA 4.0",
            author=full if number % 2 else None, tags=tags[:number], published_at=moment, updated_at=moment,
            score=-number, view_count=10**9, source_url="https://example.org/",
        )  # fmt: skip
        first = make_comment(post=post, body=TEXT, created_at=moment, updated_at=moment, score=number)
        make_comment(post=post, parent=first, author=None, created_at=moment)
    make_post(title="", excerpt="", published_at=None, status="draft")


def by_serializer(shown: type[Shown], model: Any, fields: tuple[str, ...] | None) -> dict[int, bytes]:
    """Return the representations that ordinary DRF makes of ordinary instances."""
    rows = (
        model.objects.optimized_for_detail(fields)
        if shown is PostDetail
        else model.objects.optimized_for_list(fields)
    )
    return {row.pk: render(shown(row, only=fields).data) for row in rows}


def by_places(shown: type[Shown], model: Any, fields: tuple[str, ...] | None) -> dict[int, bytes]:
    """Return the representations of plain rows."""
    plain = plain_shown(shown, model, fields)
    keys = list(model.objects.values_list("pk", flat=True))
    many = plain.rows.many_of(keys)
    return {row[0]: plain.body(row, many) for row in plain.rows.with_keys(keys)}


@pytest.mark.parametrize(("shown", "model"), SHOWN)
def test_all_fields_are_the_same_bytes(shown, model):
    make_content()
    expected = by_serializer(shown, model, None)

    assert by_places(shown, model, None) == expected
    assert len(expected) >= 2


@pytest.mark.parametrize(("shown", "model"), SHOWN)
def test_each_field_alone_is_the_same_bytes(shown, model):
    make_content()
    for name in shown.projection:
        assert by_places(shown, model, (name,)) == by_serializer(shown, model, (name,)), name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize(
    ("shown", "model"), [(PostDetail, Post), (CommentItem, Comment), (AuthorItem, Author)]
)
def test_any_choice_of_fields_is_the_same_bytes(shown, model, data):
    if not Post.objects.exists():
        make_content()
    chosen = data.draw(st.sets(st.sampled_from(sorted(shown.projection)), min_size=1))
    fields = tuple(name for name in shown.projection if name in chosen)
    assert by_places(shown, model, fields) == by_serializer(shown, model, fields)


@pytest.mark.parametrize(("shown", "model"), SHOWN)
def test_a_row_depends_on_what_its_instance_would(shown, model):
    make_content()
    for fields in (None, *((name,) for name in shown.projection)):
        with collecting() as by_instance, collecting_rows():
            by_serializer(shown, model, fields)
        plain = plain_shown(shown, model, fields)
        rows = plain.rows.with_keys(list(model.objects.values_list("pk", flat=True)))
        many = plain.rows.many_of([row[0] for row in rows])
        assert set().union(*(plain.keys(row, many) for row in rows)) == by_instance.keys, fields


@pytest.mark.parametrize(("shown", "model"), SHOWN)
def test_what_was_not_asked_for_is_not_fetched(shown, model):
    for name, paths in shown.projection.items():
        rows = PlainRows(model, shown.projection, (name,))
        fetched = {path.replace("parent_id", "parent").replace("post_id", "post") for path in rows.paths}
        of_many = {f"{relation}__{column}" for relation, many in rows.many.items() for column in many.columns}
        assert fetched | of_many == {"id", *paths}


def test_nobodys_rows_are_asked_for_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert plain_shown(PostItem, Post, None).rows.many_of([]) == {}


def test_fields_are_shown_in_their_own_order_and_choices_have_names_of_their_own():
    make_content()
    names = {plain_shown(shown, model, fields).name for shown, model in SHOWN for fields in (None, ("id",))}
    assert len(names) == 2 * len(SHOWN)
    for body in by_places(PostItem, Post, ("id", "title", "licence")).values():
        assert list(orjson.loads(body)) == ["id", "title", "licence"]


# Fields of other kinds.


class _Odd(Shown):
    projection = {"id": ("id",), "name": ("name",), "longer": ("name",), "is_long": ("name",)}

    id = integer()
    name = text()
    longer = serializers.BooleanField(source="name")
    is_long = serializers.ChoiceField(choices=["ale"], source="name")


def test_a_field_of_another_kind_represents_its_value_itself():
    make_tag(name="true")
    assert by_places(_Odd, Tag, None) == by_serializer(_Odd, Tag, None)


class _NeedsAnInstance(Shown):
    projection = {"name": ("name",), "made": ("name", "slug")}

    name = text()
    made = serializers.SerializerMethodField()

    def get_made(self, row: Any) -> str:
        return f"{row.name} {row.slug}"


class _NeedsAnotherColumn(Shown):
    projection = {"name": ("slug", "name")}

    name = text()


@pytest.mark.parametrize("shown", [_NeedsAnInstance, _NeedsAnotherColumn])
def test_a_field_that_needs_an_instance_cannot_be_translated(shown):
    with pytest.raises(TypeError, match="need a field over one column that is fetched"):
        PlainShown(shown, Tag, None)
