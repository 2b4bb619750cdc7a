"""What has Silk recorded of an endpoint at a level? Its statements, and where the time went.

Python is what the database did not take: of Silk's time for the request, all that is in none of
its statements. A count is of statements that read rows; `BEGIN` takes time, and is no query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from silk.models import Request, SQLQuery

from benchmarks.profile.recording import PARAMETERS
from benchmarks.profile.statements import is_read, shape_of


@dataclass(frozen=True, slots=True)
class Figures:
    """One endpoint at one level: each recording's milliseconds, and the queries of the last."""

    statements: Sequence[str]
    database: Sequence[float]
    python: Sequence[float]

    @property
    def queries(self) -> int:
        """How many statements read rows."""
        return sum(map(is_read, self.statements))

    @property
    def database_ms(self) -> float:
        """The median of the database's milliseconds."""
        return median(self.database)

    @property
    def python_ms(self) -> float:
        """The median of Python's milliseconds."""
        return median(self.python)

    @property
    def total_ms(self) -> float:
        """The median of both together."""
        return median(map(sum, zip(self.database, self.python, strict=True)))

    def raw(self) -> dict[str, Any]:
        """Return all of it, for a file."""
        return {
            "queries": self.queries,
            "database_ms": list(self.database),
            "python_ms": list(self.python),
            "statements": dict(Counter(map(shape_of, self.statements))),
        }


def figures_of(recordings: Sequence[str]) -> Figures:
    """Return what Silk holds under these keys."""
    totals = dict(Request.objects.filter(pk__in=recordings).values_list("pk", "time_taken"))
    spent = dict.fromkeys(recordings, 0.0)
    last: list[str] = []
    queries = SQLQuery.objects.filter(request__in=recordings).order_by("pk")
    for request, text, milliseconds in queries.values_list("request_id", "query", "time_taken"):
        spent[request] += milliseconds
        if request == recordings[-1]:
            last.append(text.partition(PARAMETERS)[0])
    return Figures(
        statements=last,
        database=[spent[key] for key in recordings],
        python=[max(0.0, totals[key] - spent[key]) for key in recordings],
    )
