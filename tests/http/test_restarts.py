"""P4, and more than one process: a crash loses no invalidation, and two servers on one database agree."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.http.reading import cache_status, is_hit, read_into_memory, read_until
from tests.server import Server, running_server
from tests.writer import Writer

PATIENCE = 30.0  # Seconds.


@pytest.fixture
def own_server() -> Iterator[Server]:
    """Return a server that the test may kill."""
    with running_server() as running:
        yield running


def test_what_was_written_while_nobody_served_shows(own_server: Server) -> None:
    with Writer(own_server) as writer:
        post = writer.run("post = factories.make_post(title='Old'); result = post.pk")
        url = f"{own_server.url}/api/v1/posts/{post}/"
        assert httpx.get(url, timeout=PATIENCE).json()["title"] == "Old"
        own_server.stop(signal.SIGKILL)
        writer.run("Post.objects.update(title='New')")
        assert writer.run("from caching.models import Outbox; result = Outbox.objects.exists()")
        own_server.start()
        assert httpx.get(url, timeout=PATIENCE).json()["title"] == "New"
        writer.settle()


def test_etags_survive_a_restart(own_server: Server) -> None:
    with Writer(own_server) as writer, httpx.Client(base_url=own_server.url, timeout=PATIENCE) as http:
        post = writer.run(
            "result = factories.make_post(body='<p>' + 'long enough to be compressed ' * 50).pk"
        )
        tags = {}
        for coding in ("identity", "gzip", "br", "zstd"):
            tags[coding] = http.get(f"/api/v1/posts/{post}/", headers={"Accept-Encoding": coding}).headers[
                "etag"
            ]
        assert len(set(tags.values())) == len(tags)
        own_server.stop()
        own_server.start()
        for coding, tag in tags.items():
            headers = {"Accept-Encoding": coding, "If-None-Match": tag}
            response = http.get(f"/api/v1/posts/{post}/", headers=headers)
            assert (response.status_code, response.headers["etag"]) == (304, tag), coding


def test_a_second_server_on_the_same_database_is_never_stale(own_server: Server) -> None:
    """It does not own the outbox, so it stores nothing; a write through either shows in both."""
    with tempfile.TemporaryDirectory() as directory:
        second = Server(Path(directory), DATABASE_URL=own_server.environment["DATABASE_URL"])
        with Writer(own_server) as writer, second:
            post, token = writer.run(
                "from rest_framework.authtoken.models import Token\n"
                "user = factories.make_user(is_staff=True)\n"
                "author = factories.make_author(user=user)\n"
                "post = factories.make_post(author=author, title='Old')\n"
                "result = [post.pk, Token.objects.create(user=user).key]",
            )
            writer.settle()
            url = f"/api/v1/posts/{post}/"
            headers = {"Authorization": f"Token {token}"}
            with (
                httpx.Client(base_url=own_server.url, timeout=PATIENCE) as first_http,
                httpx.Client(base_url=second.url, timeout=PATIENCE) as second_http,
            ):
                read_into_memory(first_http, url)
                for _ in range(3):
                    assert cache_status(second_http.get(url)) == "readpath; fwd=uri-miss"
                for number in range(5):
                    for http in (second_http, first_http):
                        title = f"Title {number} by {http.base_url.port}"
                        http.patch(url, headers=headers, json={"title": title}).raise_for_status()
                        assert first_http.get(url).json()["title"] == title
                        assert second_http.get(url).json()["title"] == title
                # The owner dies, and the other takes over.
                own_server.stop(signal.SIGKILL)
                read_until(second_http, url, is_hit)
                writer.run("Post.objects.update(title='By the last')")
                read_until(second_http, url, lambda response: response.json()["title"] == "By the last")
