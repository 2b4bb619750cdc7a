"""How does Silk get to know of a request that its middleware has not seen?

It is handed what happened: the request, and each statement with its time, by way of its own
collector. Silk writes after the clock has stopped, into a database of its own. In its pages a
level of an endpoint is a view, so that its recordings stand together.

With `explained` Silk also keeps a profile of the Python code and the plan of each statement. Both
take time, so such a recording says where time goes, not how much.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from django.db import connection, transaction
from silk.collector import DataCollector
from silk.models import Profile, Request, Response, SQLQuery

from benchmarks.profile.executed import Executed, executed_here
from settings.silk import ALIAS

_LONGEST: Final = 2000  # Characters of a statement's parameters; a body may be among them.
PARAMETERS: Final = "\n-- "  # What separates a statement from its parameters.


def forget_all() -> None:
    """Empty Silk's tables: a run begins with nothing."""
    with transaction.atomic(using=ALIAS):
        Profile.queries.through.objects.all().delete()
        for model in (Profile, SQLQuery, Response, Request):
            # Without looking for what depends on them: that goes as well.
            model.objects.all()._raw_delete(ALIAS)


def record(view: str, url: str, answer: Callable[[], bytes], *, explained: bool = False) -> tuple[str, bytes]:
    """Answer once, with Silk looking; return the recording's key and the body."""
    path, _, query = url.partition("?")
    request = Request(
        path=path, query_params=json.dumps(dict(parse_qsl(query))), method="GET", view_name=view
    )
    collector = DataCollector()
    collector.configure(request, should_profile=explained)
    with executed_here() as statements, _without_garbage_collection():
        began_at, before = time.time(), time.perf_counter()
        try:
            body = answer()
            seconds = time.perf_counter() - before
        finally:
            collector.stop_python_profiler()
    request.start_time = _moment(began_at)
    request.end_time = request.start_time + timedelta(seconds=seconds)
    plans = [_plan(statement) if explained else "" for statement in statements]
    with transaction.atomic(using=ALIAS), _without_counting_itself():
        request.save()
        Response.objects.create(request=request, status_code=200, encoded_headers="{}")
        for statement, plan in zip(statements, plans, strict=True):
            collector.register_query(_described(request, statement, plan))
        collector.finalise()
        request.save()
    collector.clear()
    return str(request.pk), body


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Leave what others have left behind for later: collecting it takes longer than most answers."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _without_counting_itself() -> Iterator[None]:
    """Keep Silk's count of a request's statements in memory until all of them are there.

    For each of them Silk saves the request once more, which for a naive list is sixty times.
    """
    save = Request.save
    Request.save = lambda request, *_, update_fields=None, **__: None if update_fields else save(request)
    try:
        yield
    finally:
        Request.save = save


def _described(request: Request, statement: Executed, plan: str) -> dict[str, Any]:
    began_at = _moment(statement.began_at)
    return {
        "query": f"{statement.sql}{PARAMETERS}{repr(statement.parameters)[:_LONGEST]}",
        "start_time": began_at,
        "end_time": began_at + timedelta(seconds=statement.seconds),
        "traceback": "",
        "analysis": plan,
        "request": request,
    }


def _plan(statement: Executed) -> str:
    """Return how the database goes about a statement that reads."""
    if not statement.sql.lstrip("( ").upper().startswith(("SELECT", "WITH")):
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"{connection.ops.explain_query_prefix()} {statement.sql}", statement.parameters)
        return "\n".join(" ".join(map(str, row)) for row in cursor.fetchall())


def _moment(epoch_seconds: float) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)
