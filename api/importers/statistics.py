"""How does PostgreSQL learn at once that its tables have grown?

It looks by itself about a minute later. Until then it would plan the counters, and the first
reads, for tables that are almost empty.
"""

from __future__ import annotations

from django.db import connection, models

from api.models import Author, Category, Comment, Like, Post, PostTag, Tag


def refresh_statistics() -> None:
    """Analyse what our queries select and sort by. SQLite plans well for them without statistics."""
    if connection.vendor != "postgresql":
        return
    tables = ", ".join(_columns(model) for model in (Author, Category, Tag, Post, PostTag, Comment, Like))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")


def _columns(model: type[models.Model]) -> str:
    # Named, so that texts stay where they are, and the search index is left out: making the
    # words of 30,000 sampled posts took 20 seconds, and autovacuum does that in its own time.
    quote = connection.ops.quote_name
    fields = (field for field in model._meta.local_concrete_fields if not isinstance(field, models.TextField))
    return f"{quote(model._meta.db_table)} ({', '.join(quote(str(field.column)) for field in fields)})"
