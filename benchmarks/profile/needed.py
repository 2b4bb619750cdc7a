"""Which columns are the fields of a body, and the cursor beside it, made of?

The other way round than a queryset: it begins with what is shown. A field needs the columns that
its projection names; a relation needs the keys that lead to it as well; a cursor is made of the
columns of its order. What else is fetched nobody can see, but for columns that decide
something and are then asked for by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from django.db.models import ForeignKey, Model

from querysets.keyset import Order
from querysets.projections import Projection

# A column -> what it decides, in a statement that asks for nothing else but keys.
DECIDING: Final[Mapping[str, str]] = {
    "api_post.published_at": "when a scheduled post changes the page, and its entry ends",
    "api_posttag.published_at": "the same for the posts of a tag",
    "api_comment.post_id": "whose being public decides whether a comment is",
    "api_posttag.post_id": "which post that is",
    # Which row a reference in the URL names, and whether there is one.
    **dict.fromkeys((f"api_{kind}.id" for kind in ("post", "author", "category", "tag")), "whom a URL names"),
}


def needed(
    model: type[Model], projection: Projection, shown: Collection[str], order: Order | None
) -> set[str]:
    """Return the columns, as `table.column`, that rows with these fields in this order are made of.

    A field that no projection knows needs nothing: what was fetched for it, if anything, is for others
    to answer for.
    """
    found = {_own(model, "pk")}
    for name in shown:
        for path in projection.get(name, ()):
            found.update(_of_path(model, path))
    if order is not None:
        found.update(_of_order(model, order))
    return found


def _of_order(model: type[Model], order: Order) -> Iterator[str]:
    """Yield the columns of a position, and their copies in the tables of to-many relations."""
    yield from (_own(model, column) for column in order.columns)
    for relation in model._meta.many_to_many:
        through: Any = relation.remote_field.through
        copied = {field.name for field in through._meta.fields} & {*order.columns} - {"id"}
        yield from (_own(through, column) for column in (*copied, relation.m2m_field_name()))


def _of_path(model: type[Model], path: str) -> Iterator[str]:
    relation, _, column = path.rpartition("__")
    if not relation:
        yield _own(model, column)
        return
    field: Any = model._meta.get_field(relation)
    yield _own(field.related_model, "pk")
    yield _own(field.related_model, column)
    if isinstance(field, ForeignKey):
        yield _own(model, relation)
    else:
        keys = field.m2m_field_name(), field.m2m_reverse_field_name()
        yield from (_own(field.remote_field.through, key) for key in keys)


def _own(model: type[Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return f"{model._meta.db_table}.{field.column}"
