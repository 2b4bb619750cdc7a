"""How does a table come to say what a source says, without writing what it says already?

A row is new, or compared column by column with the one that was made of the same source
before. These columns are the source's:

* *content*, unless the row was edited here since: its `updated_at` lies after the source's;
* *figures*, such as a score, always;
* *final* ones, such as the moment of deletion, while they are empty: what was deleted here
  stays deleted.

All else is decided when a row is made and then belongs to us. Nothing is deleted because a
source says nothing about it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model

from api.importers.compact import IdMap
from api.importers.report import Tally

ModelT = TypeVar("ModelT", bound=Model)

_WRITTEN_AT_ONCE: Final = 200  # Rows in an UPDATE; it spells each row's values out.


@dataclass(slots=True)
class Merged:
    """What became of one batch, by the source's ids."""

    created: set[int] = field(default_factory=set)
    updated: set[int] = field(default_factory=set)
    unchanged: set[int] = field(default_factory=set)
    edited_here: set[int] = field(default_factory=set)

    def add_updated(self, numbers: Collection[int]) -> None:
        """Count rows as updated whose columns were right, but not what belongs to them."""
        self.updated.update(numbers)
        self.unchanged.difference_update(numbers)

    def count(self, tally: Tally) -> None:
        """Add the batch to a tally."""
        tally.created += len(self.created)
        tally.updated += len(self.updated)
        tally.unchanged += len(self.unchanged)


@dataclass(frozen=True, slots=True)
class Merger(Generic[ModelT]):
    """Brings the rows of one model in step with a source, a batch at a time.

    `keys` maps the source's ids to our primary keys. `complete` is handed new rows before they
    are written, to fill in what the source does not know.
    """

    model: type[ModelT]
    keys: IdMap
    content: Sequence[str]
    figures: Sequence[str] = ()
    final: Sequence[str] = ()
    complete: Callable[[Sequence[ModelT]], None] | None = None

    def merge(self, wanted: Mapping[int, ModelT]) -> Merged:
        """Write what is new or differs in a batch of unsaved rows; afterwards `keys` knows all of them."""
        merged = Merged()
        new = {number: row for number, row in wanted.items() if number not in self.keys}
        self._update({number: row for number, row in wanted.items() if number not in new}, merged)
        self._create(new)
        merged.created.update(new)
        return merged

    def _create(self, new: Mapping[int, ModelT]) -> None:
        rows = list(new.values())
        if self.complete is not None and rows:
            self.complete(rows)
        for number, row in zip(new, self.model._default_manager.bulk_create(rows), strict=True):
            self.keys[number] = row.pk

    def _update(self, wanted: Mapping[int, ModelT], merged: Merged) -> None:
        manager = self.model._default_manager
        there = manager.in_bulk([self.keys.get(number) for number in wanted])
        changed: list[ModelT] = []
        columns: set[str] = set()
        for number, row in wanted.items():
            existing = there[self.keys.get(number)]
            is_edited_here = _get(existing, "updated_at") > _get(row, "updated_at")
            differing = _take_over(existing, row, self._columns_for(existing, is_edited_here=is_edited_here))
            if differing:
                changed.append(existing)
                columns.update(differing)
            (merged.updated if differing else merged.unchanged).add(number)
            if is_edited_here:
                merged.edited_here.add(number)
        if changed:
            manager.bulk_update(changed, sorted(columns), batch_size=_WRITTEN_AT_ONCE)

    def _columns_for(self, existing: ModelT, *, is_edited_here: bool) -> list[str]:
        empty = (name for name in self.final if _get(existing, name) is None)
        return [*self.figures, *empty, *(() if is_edited_here else self.content)]


def _take_over(existing: Model, wanted: Model, columns: Sequence[str]) -> list[str]:
    """Give `existing` the values of `wanted`; return the names of the columns that differed."""
    differing = [name for name in columns if _get(existing, name) != _get(wanted, name)]
    for name in differing:
        setattr(existing, name, _get(wanted, name))
    return differing


def _get(row: Model, column: str) -> Any:
    return getattr(row, column)
