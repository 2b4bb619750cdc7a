"""A fleet behind wires that can be cut, whose questions to PostgreSQL are logged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet import Fleet, running_fleet
from tests.herds.builds import LOGGED
from tests.herds.conftest import scene, writer

__all__ = ["fleet", "scene", "writer"]

TIMEOUT = 0.5  # Seconds that an answer of Redis may take; it needs them, for two cores serve all of this.


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Return four workers, and wires between them and what they share."""
    with running_fleet(
        workers=4, wired=True, postgres_options=LOGGED, READPATH_REDIS_TIMEOUT=str(TIMEOUT)
    ) as running:
        yield running
