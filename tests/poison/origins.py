"""Who is attacked? The service, and beside it a plain Django view; each with a twin that nobody attacks.

The twin has a copy of the same database, so it says what is right.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from tests.server import Server

Origin = Callable[[Path], AbstractContextManager[Server]]

_EDGES = {
    "READPATH_EDGE_LABELS": "surrogate-key,cache-tag,xkey,cache-groups",
    "READPATH_EDGE_TTL": "86400",
}
_GTHREAD = (
    "--worker-class gthread --threads 4 --keep-alive 75 --log-level critical"
    " django.core.wsgi:get_wsgi_application()"
)


def ours(database: Path, **environment: str) -> AbstractContextManager[Server]:
    """Run the service on a copy of a database, with all that edges may be told."""
    return _running(database, **{**_EDGES, **environment})


def plain(database: Path, **environment: str) -> AbstractContextManager[Server]:
    """Run a plain Django view, with `cache_control` and `cache_page`, on a copy of a database."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.poison.plain.settings", **environment}
    return _running(database, application=_GTHREAD, **settings)


@contextmanager
def _running(database: Path, *, application: str = "", **environment: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="readpath-poison-") as directory:
        server = Server(Path(directory), application=application, **environment)
        shutil.copy(database, server.database)
        with closing(server), server:
            yield server
