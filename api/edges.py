"""Which edges stand in front of us, how are answers labelled for them, and who tells them of changes?"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from caching.edges import configuration
from caching.edges.edge import Edge
from caching.labels import Labelling
from caching.purging.purger import Purger
from caching.purging.role import Role
from caching.relaying.invalidates import Invalidates

# Where there is no room to name all rows that an answer shows, these kinds are named coarsely, one
# after the other: what changes least before what changes most, for then all such answers are purged.
GIVEN_UP: Final = ("tag", "category", "author", "comment", "post")


@cache
def edges() -> tuple[Edge, ...]:
    """Return the edges that are to be told of changes. Raises `ImproperlyConfigured`."""
    return configuration.configured(settings.READPATH)


def labelling() -> Labelling:
    """Return how answers are labelled: as was asked for, or as the edges need it."""
    options = settings.READPATH
    dialects = options["EDGE_LABELS"] or configuration.dialects(edges())
    for edge in edges():
        if not set(edge.backend.dialects) & set(dialects):
            raise ImproperlyConfigured(
                f"READPATH_EDGE_LABELS needs {' or '.join(edge.backend.dialects)} for the edge {edge.name}"
            )
    try:
        return Labelling(dialects, budget=options["EDGE_LABEL_BYTES"], given_up=GIVEN_UP)
    except ValueError as error:
        raise ImproperlyConfigured(f"READPATH_EDGE_LABELS, READPATH_EDGE_LABEL_BYTES: {error}") from None


def check_edges(**_: Any) -> list[checks.CheckMessage]:
    """Fail `check` where the edges are configured in a way that cannot be right."""
    try:
        labelling()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="api.E001")]
    return []


def check_clients(**_: Any) -> list[checks.CheckMessage]:
    """Warn, in `check --deploy`, where all who come through an edge would count as one client."""
    if not settings.READPATH["EDGES"] or settings.READPATH["TRUSTED_PROXIES"]:
        return []
    message = "READPATH_TRUSTED_PROXIES is 0: all clients of an edge count as one, with one rate."
    return [checks.Warning(message, hint="Say how many proxies stand in front.", id="api.W001")]


def purger(coherence: Invalidates, *, lease: float) -> Purger:
    """Return who tells the edges, once `coherence` says that nobody holds what was replaced."""
    interval = settings.READPATH["RELAY_INTERVAL"]
    return Purger(edges(), coherence, Role.of(connection), interval=interval, lease=lease)
