"""What is wrong with the statements of an endpoint? Two things that no body shows.

*Queries that grow with the page* (N+1): a hundred rows take more statements than two do, or
one statement is run again and again for other rows. *Unused columns*: something comes back from the
database that neither a field shown nor the cursor is made of. A hit that runs any statement at all
is no hit.

Pure: statements in, findings out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.profile.needed import DECIDING
from benchmarks.profile.statements import columns_of, is_read, shape_of

CONTENT: Final = "api_"  # How the tables begin whose columns are shown.
_LONGEST: Final = 160  # Characters of a statement in a message.


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an endpoint does at a level, and should not."""

    endpoint: str
    level: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.endpoint}, {self.level}: {self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class Page:
    """The statements that a page took, and how many rows it shows."""

    rows: int
    statements: Sequence[str]

    @property
    def reads(self) -> list[str]:
        """Those that read rows."""
        return [sql for sql in self.statements if is_read(sql)]


def repeated(page: Page) -> dict[str, int]:
    """Return the shapes of the statements that were run more than once, and how often."""
    return {shape: times for shape, times in Counter(map(shape_of, page.reads)).items() if times > 1}


def unused(page: Page, needed: Collection[str]) -> list[str]:
    """Return the columns that came back and nobody needs, `table.*` where they were not even named."""
    found: set[str] = set()
    for sql in page.reads:
        columns = {column for column in columns_of(sql) if column.startswith((CONTENT, "?"))}
        if columns <= DECIDING.keys():
            continue
        found |= columns - set(needed)
    return sorted(found)


def findings(
    endpoint: str, level: str, page: Page, needed: Collection[str], sizes: Sequence[Page]
) -> Iterator[Finding]:
    """Yield what is wrong with a page, given the same list in other sizes, the smallest first."""
    for shape, times in repeated(page).items():
        yield Finding(endpoint, level, "N+1", f"{times} times {_short(shape)}")
    if len(sizes) > 1 and sizes[0].rows < sizes[-1].rows:
        few, many = sizes[0], sizes[-1]
        if len(many.reads) > len(few.reads):
            text = f"{len(few.reads)} queries for {few.rows} rows, {len(many.reads)} for {many.rows}"
            yield Finding(endpoint, level, "N+1", text)
    for column in unused(page, needed):
        yield Finding(endpoint, level, "unused column", f"{column} is fetched, and no field shown needs it")


def findings_of_hit(endpoint: str, level: str, page: Page) -> Iterator[Finding]:
    """Yield what is wrong with a hit: any statement."""
    for sql in page.statements:
        yield Finding(endpoint, level, "query on a hit", _short(sql))


def _short(sql: str) -> str:
    return sql if len(sql) <= _LONGEST else f"{sql[:_LONGEST]} ..."
