"""P6: without its database the service answers what it knows, says so, and never what was invalidated.

PostgreSQL behind a wire that the test cuts. Cold reads get 503 and are told when to come again; all
is well as soon as the wire is mended.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import migrated, postgres
from tests.http.reading import cache_status, is_hit, read_into_memory, read_until
from tests.proxy import Proxy
from tests.redis import wait_until
from tests.server import Server
from tests.writer import Writer

pytestmark = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed")

LIST = "/api/v1/posts/?limit=7"


@dataclass
class Scene:
    """A server on PostgreSQL, the wire between them, and a writer on the near side of the cut."""

    server: Server
    wire: Proxy
    writer: Writer
    http: httpx.Client

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Cut the server, and the writer, off from the database for as long as the block takes."""
        self.wire.cut()
        try:
            yield
        finally:
            self.wire.mend()
            self.writer.run("connection.close()")  # It is dead, and only requests look at that.

    def is_list_stale(self) -> bool:
        """Tell whether the list is served past its time; the first page of one is fresh for 10 seconds."""
        answer = self.http.get(LIST)
        assert answer.status_code == 200
        return "stale" in cache_status(answer)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with postgres.running_postgres(migrated.postgresql()) as cluster, Proxy(cluster.target) as wire:
        url = f"postgres://{postgres.USER}@127.0.0.1:{wire.port}/postgres"
        with tempfile.TemporaryDirectory() as directory:
            server = Server(Path(directory), DATABASE_URL=url)
            with server, Writer(server) as writer, httpx.Client(base_url=server.url, timeout=40) as http:
                yield Scene(server, wire, writer, http)


def test_warm_answers_go_on_and_cold_ones_say_when_to_come_again(scene: Scene) -> None:
    post = scene.writer.run("result = factories.make_post(title='Known').pk")
    scene.writer.settle()
    url = f"/api/v1/posts/{post}/"
    for warm in (url, LIST):
        read_into_memory(scene.http, warm)
    with scene.cut():
        assert is_hit(scene.http.get(url))
        cold = scene.http.get("/api/v1/authors/")
        assert cold.status_code == 503
        assert cold.headers["retry-after"].isdigit()
        assert cold.headers["cache-control"] == "no-store"
        assert cold.headers["content-type"] == "application/problem+json"
        # Past its time: served, and marked as stale.
        wait_until(scene.is_list_stale, "it stays fresh")
        stale = scene.http.get(LIST)
        assert "stale" in cache_status(stale)
        assert stale.status_code == 200
        assert int(stale.headers["age"]) >= 10
        assert scene.http.get("/healthz/ready").status_code == 503
    read_until(scene.http, "/api/v1/authors/", lambda response: response.status_code == 200)
    read_until(scene.http, LIST, is_hit)


def test_what_was_invalidated_is_not_served_while_the_database_is_away(scene: Scene) -> None:
    post = scene.writer.run("post = factories.make_post(title='Old'); result = post.pk")
    scene.writer.settle()
    url = f"/api/v1/posts/{post}/"
    read_into_memory(scene.http, url)
    scene.writer.run("Post.objects.filter(pk=post.pk).update(title='New')")
    scene.writer.settle()
    with scene.cut():
        assert scene.http.get(url).status_code == 503
    read_until(scene.http, url, lambda response: response.status_code == 200)
    assert scene.http.get(url).json()["title"] == "New"


def test_a_write_fails_cleanly_while_the_database_is_away(scene: Scene) -> None:
    token = scene.writer.run(
        "from rest_framework.authtoken.models import Token\n"
        "result = Token.objects.create(user=factories.make_user(is_staff=True)).key",
    )
    with scene.cut():
        response = scene.http.post(
            "/api/v1/posts/", json={"title": "t"}, headers={"Authorization": f"Token {token}"}
        )
        assert response.status_code == 503, response.text
        assert response.headers["cache-control"] == "no-store"
        assert "retry-after" in response.headers
