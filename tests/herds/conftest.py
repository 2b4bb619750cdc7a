"""A fleet of four workers whose builds are counted, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet import Fleet, running_fleet
from tests.herds.builds import LOGGED
from tests.herds.scene import Scene
from tests.writer import Writer


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Return four workers; Redis may take its time, for two cores serve all of this."""
    with running_fleet(workers=4, postgres_options=LOGGED, READPATH_REDIS_TIMEOUT="0.5") as running:
        yield running


@pytest.fixture(scope="module")
def writer(fleet: Fleet) -> Iterator[Writer]:
    """Return another process that writes to the fleet's database."""
    with Writer(fleet) as writing:
        yield writing


@pytest.fixture
def scene(fleet: Fleet, writer: Writer) -> Scene:
    """Return a post that nobody has read, in a fleet that is whole and coherent."""
    scene = Scene(fleet, writer)
    scene.wait_until_coherent()
    return scene
