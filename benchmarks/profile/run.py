"""How is it all measured? Endpoint by endpoint, all levels in turns, and checked before it counts.

Nothing is recorded before all levels have shown the same rows, which is also the round that fills the
caches below: compiled statements, the database's pages. Lists are asked for in two more sizes,
to see whether their queries grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.utils import timezone

from benchmarks.profile.endpoints import Endpoint, endpoints
from benchmarks.profile.figures import Figures, figures_of
from benchmarks.profile.findings import Finding, Page, findings, findings_of_hit
from benchmarks.profile.levels import Level, levels
from benchmarks.profile.needed import needed
from benchmarks.profile.recording import forget_all, record
from benchmarks.report import progress

_SIZES: Final = (2, 100)  # Not one: where the only row has changed, no other is kept.
_HIT: Final = "hit"


class NoEndpoint(ValueError):
    """No endpoint is called like that."""


@dataclass(frozen=True, slots=True)
class Profiled:
    """One endpoint at every level."""

    endpoint: Endpoint
    figures: Mapping[str, Figures]
    findings: Sequence[Finding]  # Of all levels.


@dataclass(frozen=True, slots=True)
class Outcome:
    """All endpoints, and the levels they were answered at."""

    levels: Sequence[Level]
    profiled: Sequence[Profiled]

    @property
    def failures(self) -> list[Finding]:
        """What is wrong at levels that are ours."""
        ours = {level.title for level in self.levels if level.is_ours}
        return [finding for one in self.profiled for finding in one.findings if finding.level in ours]


def run(*, rounds: int, only: str = "", is_explained: bool = True) -> Outcome:
    """Profile the endpoints whose names contain `only`, in the database that Django is set up for.

    `is_explained` leaves one recording more with Silk, with plans and a profile of Python.
    """
    chosen = [endpoint for endpoint in endpoints(timezone.now()) if only in endpoint.name]
    if not chosen:
        raise NoEndpoint(f"need a part of an endpoint's name, got {only!r}")
    forget_all()
    found, profiled = levels(), []
    for place, endpoint in enumerate(chosen, 1):
        progress(f"profile: {place} of {len(chosen)}: {endpoint.name}")
        if not _shows_something(endpoint, found):
            progress("profile: left out, for there is nothing to show")
            continue
        profiled.append(_profiled(endpoint, found, rounds))
        if is_explained:
            _explain(endpoint, found)
    return Outcome(found, profiled)


def _shows_something(endpoint: Endpoint, found: Sequence[Level]) -> bool:
    """Tell whether there are rows to show, once all levels have shown the same."""
    shown = {level.title: [row["id"] for row in _rows(level.prepare(endpoint)())] for level in found}
    first = next(iter(shown.values()))
    for title, rows in shown.items():
        if bool(rows) != bool(first) or (endpoint.is_same_everywhere and rows != first):
            raise RuntimeError(f"nothing measured, for {title} shows other rows for {endpoint.url}")
    return bool(first)


def _profiled(endpoint: Endpoint, found: Sequence[Level], rounds: int) -> Profiled:
    recordings: dict[str, list[str]] = {level.title: [] for level in found}
    bodies: dict[str, bytes] = {}
    for _ in range(rounds):
        for level in found:
            key, body = _recorded(endpoint, level)
            recordings[level.title].append(key)
            bodies[level.title] = body
    figures = {title: figures_of(keys) for title, keys in recordings.items()}
    wrong: list[Finding] = []
    for level in found:
        page = Page(len(_rows(bodies[level.title])), figures[level.title].statements)
        if level.name == _HIT:
            wrong += findings_of_hit(endpoint.name, level.title, page)
            continue
        columns = _needed(endpoint, level, bodies[level.title])
        wrong += findings(endpoint.name, level.title, page, columns, _sizes(endpoint, level))
    return Profiled(endpoint, figures, wrong)


def _explain(endpoint: Endpoint, found: Sequence[Level]) -> None:
    for level in found:
        if level.name != _HIT:
            view = f"{level.title}: {endpoint.name}, explained"
            record(view, endpoint.url, level.prepare(endpoint), explained=True)


def _sizes(endpoint: Endpoint, level: Level) -> list[Page]:
    """Return the endpoint's page as a short and as a long one; of what is no list, none."""
    pages = []
    for limit in _SIZES if endpoint.is_list else ():
        key, body = _recorded(endpoint.with_limit(limit), level)
        pages.append(Page(len(_rows(body)), figures_of([key]).statements))
    return pages


def _recorded(endpoint: Endpoint, level: Level) -> tuple[str, bytes]:
    return record(f"{level.title}: {endpoint.name}", endpoint.url, level.prepare(endpoint))


def _rows(body: bytes) -> list[dict[str, Any]]:
    document = orjson.loads(body)
    rows: list[dict[str, Any]] = document.get("results", [document])
    return rows


def _needed(endpoint: Endpoint, level: Level, body: bytes) -> set[str]:
    order = endpoint.order if level.has_cursors else None
    return needed(endpoint.model, endpoint.projection, _rows(body)[0], order)
