"""What is attacked, and through what? An origin of its own, a wire to it, and a proxy in front, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.edges.proxies import Proxy, running
from tests.poison.origins import Origin
from tests.poison.suite import Reference, Suite
from tests.poison.wire import Wire


@contextmanager
def attacked(
    origin: Origin, database: Path, reference: Reference, proxy: type[Proxy] | None
) -> Iterator[Suite]:
    """Yield the suite against an origin on a copy of a database; skip the test if there is no such proxy."""
    with ExitStack() as stack:
        server = stack.enter_context(origin(database))
        wire = stack.enter_context(Wire(server.port))
        port = wire.port
        if proxy is not None:
            port = stack.enter_context(running(proxy, origin=wire.port)).port
        yield Suite(port, wire, reference, recodes=getattr(proxy, "recodes", False))
