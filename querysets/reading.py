"""Which rows has this piece of work read, and which of their columns?

Every model that inherits `ReportsReads` tells the observer in force about each
row the ORM makes an instance of: by itself, through `select_related`, through a
prefetch. Nobody has to list what an answer depends on, so nobody can forget.

Rows read with `values()` make no instance and are not reported. What is done
with a report is the observer's affair: this module knows no cache.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

from django.db import models

Observer = Callable[[models.Model, Sequence[str]], None]

_observer: ContextVar[Observer | None] = ContextVar("rows_read_observer", default=None)


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Report each row read inside the block to `observer(instance, names of its loaded columns)`."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


class ReportsReads(models.Model):
    """A model whose rows are reported as they are read."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        """Make the instance as Django does, then report it. Django 6.1 adds an option."""
        instance = super().from_db(db, field_names, values, **options)
        observer = _observer.get()
        if observer is not None:
            observer(instance, tuple(field_names))
        return instance
