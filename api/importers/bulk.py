"""How do a million posts get in within minutes? With nothing to keep in order while they come.

On PostgreSQL, for the length of a block and inside one transaction, the tables lose what makes
an insert dear: indexes that only help to find rows, foreign keys, triggers. Afterwards each
index is built once, over all rows, and each foreign key is checked once; the triggers come
back with an invalidation of everything, since what was written went unreported. Who looks
from outside sees tables that are always whole, the old rows or all the new ones; but he has to
wait for the block, reader or writer. Uniqueness is watched all along, by indexes that stay.

What triggers derive is the block's to write. This module knows no columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Model

from caching.triggers.install import drop_all, install

_INDEXES: Final = """\
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique ORDER BY indexrelid"""
_FOREIGN_KEYS: Final = """\
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = ANY(%s::regclass[]) AND contype = 'f' ORDER BY oid"""
# To build an index of words in a few passes, not in hundreds.
_MEMORY: Final = "SET LOCAL maintenance_work_mem = '256MB'"


@dataclass(frozen=True, slots=True)
class _Part:
    """Something that is taken off and put back."""

    name: str
    drop: str
    create: str


@contextmanager
def bulk_loading(models: Sequence[type[Model]], *, say: Callable[[str], object]) -> Iterator[None]:
    """Let the block fill these tables fast; `say` is told what is being done afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        # First, while they can still tell the workers that they will be gone.
        drop_all()
        parts = _parts(cursor, models)
        for part in parts:
            cursor.execute(part.drop)
        yield
        cursor.execute(_MEMORY)
        for part in parts:
            say(part.name)
            cursor.execute(part.create)
        install()


def _parts(cursor: Any, models: Sequence[type[Model]]) -> list[_Part]:
    """Return what can be spared, in the order in which it is put back: keys are checked by indexes."""
    tables = [connection.ops.quote_name(model._meta.db_table) for model in models]
    cursor.execute(_INDEXES, [tables])
    indexes = [_Part(name, f"DROP INDEX {name}", definition) for name, definition in cursor.fetchall()]
    cursor.execute(_FOREIGN_KEYS, [tables])
    return indexes + [
        _Part(
            name,
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}",
        )
        for table, name, definition in cursor.fetchall()
    ]
