"""A database that cannot answer: its table of posts is away for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.writer import Writer


@contextmanager
def no_posts(writer: Writer) -> Iterator[None]:
    """Take the table of posts away: asking for one is an error then, and nothing is invalidated."""
    _rename(writer, "api_post", "api_post_away")
    try:
        yield
    finally:
        _rename(writer, "api_post_away", "api_post")


def _rename(writer: Writer, old: str, new: str) -> None:
    writer.run(
        "with connection.cursor() as cursor:\n"
        # What refers to the table goes on to name it as before.
        "    cursor.execute('PRAGMA legacy_alter_table = ON')\n"
        f"    cursor.execute('ALTER TABLE {old} RENAME TO {new}')"
    )
