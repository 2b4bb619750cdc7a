"""What stands behind the workers that are measured? A PostgreSQL full of posts, and a Redis.

Both are started for the measurement and are gone afterwards, as in the tests, from which they
are borrowed. PostgreSQL does not wait for the disk (`fsync` is off), so that what is measured is
our work and not the disk's: a commit is cheaper than in production, for everybody alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from benchmarks import content
from benchmarks.machine import on_core
from benchmarks.report import progress
from benchmarks.servers import CONFIGURATION, Gunicorn, manage
from tests import postgres, redis
from tests.workers import Workers

POSTS: Final = 2000

_PUBLIC: Final = "SELECT id FROM api_post WHERE listed = 1 AND published_at <= now() ORDER BY id"
_NOT_REPORTED: Final = """\
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT t.tgname, t.tgrelid::regclass AS owner FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.prosrc LIKE '%caching_outbox%'
  LOOP EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.owner); END LOOP;
END $$"""
_MAKE_WRITER: Final = """
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
user = User.objects.create(username="benchmark", is_staff=True)
print(Token.objects.create(user=user).key)
"""


class Fleet(Workers, Gunicorn):
    """A gunicorn with our own configuration and so many workers, each of which can be asked for."""

    def __init__(self, size: int, *arguments: str, environment: dict[str, str], log: Path) -> None:
        self.size = size
        told = {**environment, "WORKERS": str(size)}
        Gunicorn.__init__(self, (*CONFIGURATION, *arguments), told, log=log)

    def kept_connections(self) -> list[HTTPConnection]:
        """Return a connection to each of the workers."""
        self.wait_for_workers()
        found = self.spread(dict.fromkeys(self.workers, 1))
        return [kept_connection(self.port, opened[0]) for opened in found.values()]


@dataclass(frozen=True, slots=True)
class Services:
    """A Redis, and a PostgreSQL with generated posts and a token that may change each of them."""

    redis: redis.RedisServer
    cluster: postgres.Cluster
    directory: Path
    token: str

    def environment(self, *, with_redis: bool = True, **variables: str) -> dict[str, str]:
        """Return the environment of a server on these."""
        shared = {"REDIS_URL": self.redis.url} if with_redis else {}
        return content.environment(self.cluster.url, **shared, **variables)

    def posts(self) -> list[int]:
        """Return the posts that the public sees."""
        with self.cluster.connect() as connection:
            return [row[0] for row in connection.execute(_PUBLIC)]

    def forget(self) -> None:
        """Empty Redis between two servers: the next one joins nobody."""
        with self.redis.client() as client:
            client.flushall()

    def unreported_copy(self) -> str:
        """Copy the database, once, without what reports changes; return the copy's URL."""
        with self.cluster.connect() as connection:
            connection.execute("CREATE DATABASE unreported TEMPLATE postgres")
        url = self.cluster.url.replace("/postgres?", "/unreported?")
        with postgres.psycopg.connect(url.replace("postgres:", "postgresql:"), autocommit=True) as connection:
            connection.execute(_NOT_REPORTED)
        return url


def kept_connection(port: int, opened: Any = None) -> HTTPConnection:
    """Return a connection that is used for many requests, one after the other."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.sock = opened
    return connection


@contextmanager
def services(*, core: int | None = None) -> Iterator[Services]:
    """Start PostgreSQL and Redis, on one core if it is given, and fill the former."""
    if postgres.programs() is None or not redis.is_installed():
        raise RuntimeError("need PostgreSQL and redis-server, which are not installed here")
    with ExitStack() as stack:
        with on_core(core):
            cluster = stack.enter_context(postgres.running_postgres())
            store = stack.enter_context(redis.running_redis())
        progress(f"filling PostgreSQL with {POSTS:,} posts")
        content.fill_if_empty(cluster.url, POSTS)
        token = manage(content.environment(cluster.url), "shell", "-v", "0", "-c", _MAKE_WRITER).strip()
        with cluster.connect() as connection:
            # Nobody has cached anything yet, so nobody need hear of how it was filled.
            connection.execute("TRUNCATE caching_outbox")
            connection.execute("VACUUM ANALYZE")
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="readpath-bench-"))
        yield Services(store, cluster, Path(directory), token)
