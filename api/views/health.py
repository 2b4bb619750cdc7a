"""Is the process alive, and is it ready to serve? For machines that restart and route."""

from __future__ import annotations

from typing import Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import DATABASE_IS_AWAY, RETRY_AFTER, problem_answer
from api.views.public import AnswersOptions
from caching.purging.standing import standings
from caching.standing import standing
from caching.triggers import install

_AWAY: Final = "the database cannot be reached"


class Health(AnswersOptions):
    """A probe: open to everyone, never stored."""

    authentication_classes = []
    permission_classes = []


@extend_schema(exclude=True)
class Live(Health):
    """Alive: the process answers. Nothing else is looked at, or a lost database would have us restarted."""

    def get(self, request: Request) -> Response:
        """Answer that we are."""
        del request
        return Response({"status": "live"}, headers={"Cache-Control": "no-store"})


@extend_schema(exclude=True)
class Ready(Health):
    """Ready: the database is there, as this release wants it, and reports what changes.

    Without Redis we are ready too, and `standing` (`caching/standing.py`) says what that costs. So we are
    while an edge cannot be purged: `edges` says what waits for it, and why.
    """

    def get(self, request: Request) -> Response:
        """Answer that we are, or what is in the way."""
        reason, edges = obstacle(), {}
        now = standing().value
        if reason is None:
            try:
                edges = {edge.name: edge.in_short() for edge in standings()}
            except DATABASE_IS_AWAY:
                reason = _AWAY
        if reason is None:
            shown = {"status": "ready", "standing": now, "edges": edges}
            return Response(shown, headers={"Cache-Control": "no-store"})
        fields = {"Cache-Control": "no-store", "Retry-After": str(RETRY_AFTER)}
        return problem_answer(request, 503, reason, fields, standing=now)  # type: ignore[return-value]


def obstacle() -> str | None:
    """Return what keeps us from serving, None if nothing does."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if pending:
            return f"{len(pending)} migrations are not applied"
        missing = install.missing()
    except DATABASE_IS_AWAY:
        return _AWAY
    return f"{len(missing)} triggers are missing or out of date" if missing else None
