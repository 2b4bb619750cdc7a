"""How does a test take Redis or PostgreSQL away from a fleet, and bring them back?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from tests.herds.scene import Scene
from tests.proxy import Proxy


class Outage(Enum):
    """How it is gone; the value is what is done to the wire."""

    REFUSED = "cut"
    HUNG = "hang"


@contextmanager
def without_redis(scene: Scene, outage: Outage) -> Iterator[None]:
    """Let no worker reach Redis while the block runs; then wait until all is as before."""
    with _out_of_order(scene.fleet.redis_wire, outage):
        yield
    scene.wait_until_coherent()


@contextmanager
def without_database(scene: Scene, outage: Outage) -> Iterator[None]:
    """Let no worker reach PostgreSQL while the block runs."""
    with _out_of_order(scene.fleet.database_wire, outage):
        yield
    scene.writer.run("connection.close()")  # It went through the wire too, and only requests look at that.


@contextmanager
def _out_of_order(wire: Proxy | None, outage: Outage) -> Iterator[None]:
    assert wire is not None
    getattr(wire, outage.value)()
    try:
        yield
    finally:
        wire.mend()
