"""django-cachalot for the length of a test, and writes that come at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cachalot.settings import cachalot_settings
from django.conf import settings
from django.core.cache import caches
from django.core.signals import request_started
from django.db import connection, connections
from django.test import override_settings

from api.reference_rows import KINDS
from caching.coherence import Coherence
from caching.l1 import L1
from caching.models import Outbox
from caching.rows import cache as rows
from caching.rows.cache import KeptRows
from caching.surrogate_keys import key_of
from tests import postgres
from tests.databases import as_default, migrate, sqlite_file

PATIENCE = 30.0  # Seconds.

# What cachalot does where nobody tells it otherwise.
AS_IT_COMES = {
    "CACHALOT_CACHE": "default",
    "CACHALOT_ONLY_CACHABLE_TABLES": (),
    "CACHALOT_TIMEOUT": None,
    "CACHALOT_QUERY_KEYGEN": "cachalot.utils.get_query_cache_key",
    "CACHALOT_TABLE_KEYGEN": "cachalot.utils.get_table_cache_key",
}


@contextmanager
def database(vendor: str, directory: Path) -> Iterator[None]:
    """Use a migrated database of its own: threads, and transactions that end."""
    with ExitStack() as stack:
        if vendor == "postgresql":
            chosen = stack.enter_context(postgres.running_cluster())
        else:
            chosen = sqlite_file(directory / "test.sqlite3")
        stack.enter_context(as_default(chosen))
        migrate()
        yield


@contextmanager
def cachalot(**options: Any) -> Iterator[None]:
    """Let cachalot work with these settings, as if it were an installed app."""
    backend = {"BACKEND": "caching.rows.cache.RowCache"}
    with override_settings(CACHES={**settings.CACHES, "rows": backend}, **options):
        cachalot_settings.reload()
        try:
            yield
        finally:
            cachalot_settings.unload()
            caches["default"].clear()


class Worker:
    """What stands around kept rows in a worker: its coherence, and its relay when it is asked to."""

    def __init__(self) -> None:
        self.coherence = Coherence(L1(1_000_000))
        self.coherence.trust()
        self.kept = KeptRows(self.coherence, KINDS)

    def acknowledge(self) -> None:
        """Pass on what was committed, as happens before a writer is answered."""
        keys = {key_of(label) for label in Outbox.objects.values_list("key", flat=True)}
        Outbox.objects.all().delete()
        self.coherence.invalidate(keys)
        self.kept.heard(keys)

    def next_request(self) -> None:
        """Begin another request in this thread."""
        request_started.send(sender=type(self))


@contextmanager
def keeping_rows() -> Iterator[Worker]:
    """Let cachalot keep rows as our settings have it."""
    with cachalot():
        worker = Worker()
        Outbox.objects.all().delete()
        worker.next_request()
        rows.connect(worker.kept)
        try:
            yield worker
        finally:
            rows.disconnect()
            worker.next_request()


def elsewhere(run: Callable[[], Any]) -> Any:
    """Return what `run` returns in another thread, with connections of its own."""
    returned: list[Any] = []

    def target() -> None:
        try:
            returned.append(run())
        finally:
            connections.close_all()

    thread = threading.Thread(target=target)
    thread.start()
    thread.join(PATIENCE)
    assert returned, "the other thread has failed"
    return returned[0]


def after_the_query(of: str, then: Callable[[], Any], run: Callable[[], Any]) -> Any:
    """Run; as soon as the database has answered the first statement with these words, do `then` elsewhere."""
    return _interrupted(of, then, run, is_before=False)


def before_the_statement(of: str, then: Callable[[], Any], run: Callable[[], Any]) -> Any:
    """Run; just before the first statement with these words reaches the database, do `then` elsewhere."""
    return _interrupted(of, then, run, is_before=True)


def _interrupted(of: str, then: Callable[[], Any], run: Callable[[], Any], *, is_before: bool) -> Any:
    done: list[bool] = []

    def wrapper(execute: Any, sql: str, *arguments: Any) -> Any:
        is_it = sql.startswith(of) and not done
        if is_it:
            done.append(True)
        if is_it and is_before:
            elsewhere(then)
        result = execute(sql, *arguments)
        if is_it and not is_before:
            elsewhere(then)
        return result

    with connection.execute_wrapper(wrapper):
        result = run()
    assert done, f"no statement begins with {of}"
    return result
