"""Several gunicorn workers over one Redis and one PostgreSQL, all of them the tests' own."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import migrated, postgres, redis
from tests.proxy import Proxy
from tests.server import Server


def is_possible() -> bool:
    """Tell whether this machine has what a fleet needs."""
    return redis.is_installed() and postgres.programs() is not None


class Fleet(Server):
    """Gunicorn with several workers, and what stands behind it."""

    def __init__(
        self,
        directory: Path,
        services: Services,
        *,
        workers: int,
        application: str = "",
        **environment: str,
    ) -> None:
        super().__init__(directory, application=application, WORKERS=str(workers), **environment)
        self.redis = services.redis
        self.cluster = services.cluster
        self.redis_wire = services.redis_wire
        self.database_wire = services.database_wire

    def start(self) -> None:
        """Start gunicorn and wait until every worker answers."""
        super().start()
        self.wait_for_workers()

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> None:
        """Stop gunicorn, also if a test left a worker standing still."""
        if self.process is not None and self.process.poll() is None:
            for worker in self.workers:
                self.kill(worker, signal.SIGCONT)
        super().stop(sent)


@dataclass(frozen=True)
class Services:
    """What stands behind a fleet, and the wires in between."""

    redis: redis.RedisServer
    cluster: postgres.Cluster
    redis_wire: Proxy | None = None
    database_wire: Proxy | None = None

    @property
    def environment(self) -> dict[str, str]:
        """How a fleet is told of them."""
        redis_url, database_url = self.redis.url, self.cluster.url
        if self.redis_wire is not None:
            redis_url = f"redis://127.0.0.1:{self.redis_wire.port}/0"
        if self.database_wire is not None:
            database_url = f"postgres://{postgres.USER}@127.0.0.1:{self.database_wire.port}/postgres"
        return {"REDIS_URL": redis_url, "DATABASE_URL": database_url}


@contextmanager
def running_services(
    *, wired: bool = False, postgres_options: dict[str, str] | None = None, **redis_options: str
) -> Iterator[Services]:
    """Yield an empty Redis and a migrated PostgreSQL; `wired`, each is behind a wire that can be cut."""
    with ExitStack() as stack:
        store = stack.enter_context(redis.running_redis(**redis_options))
        cluster = stack.enter_context(
            postgres.running_postgres(migrated.postgresql(), **(postgres_options or {}))
        )
        if not wired:
            yield Services(store, cluster)
            return
        wires = [stack.enter_context(Proxy(target)) for target in (store.target, cluster.target)]
        yield Services(store, cluster, *wires)


@contextmanager
def running_fleet(
    *,
    workers: int = 4,
    wired: bool = False,
    redis_options: dict[str, str] | None = None,
    postgres_options: dict[str, str] | None = None,
    application: str = "",
    **environment: str,
) -> Iterator[Fleet]:
    """Yield a fleet on a migrated, empty database and an empty Redis, all of whose workers serve."""
    with ExitStack() as stack:
        services = stack.enter_context(
            running_services(wired=wired, postgres_options=postgres_options, **(redis_options or {}))
        )
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="readpath-fleet-"))
        told = {**services.environment, **environment}
        fleet = Fleet(Path(directory), services, workers=workers, application=application, **told)
        stack.enter_context(closing(fleet))
        with fleet:
            yield fleet
