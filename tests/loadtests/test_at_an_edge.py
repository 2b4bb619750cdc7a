"""An edge is warmed with all that can be asked for, and compared with its origin when the load is over."""

import json
import re
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from loadtests import resting
from loadtests.catalogue import Catalogue
from loadtests.client import Client
from loadtests.services import MissingError
from loadtests.warming import warm

CATALOGUE = Catalogue(posts=[1, 2], titles=["One", "Two"], tags=["ale"], categories=["beer"])
EDITED = {1: "One [edit 7]", 2: "Two"}


class _Answering(BaseHTTPRequestHandler):
    """Shows posts with the titles of the server, in lists of one page and a second, empty one."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        """Answer, and note what was asked."""
        self.server.asked.append(self.path)
        link = ""
        if self.path == "/api/v1/purges/":
            document = self.server.purges.pop(0) if len(self.server.purges) > 1 else self.server.purges[0]
        elif found := re.fullmatch(r"/api/v1/posts/(\d+)/", self.path):
            document = self._post(int(found[1]))
        else:
            is_first = "cursor" not in self.path
            rows = [self._post(post) for post in self.server.titles] if is_first else []
            document = {"next": None, "results": rows}
            link = f'<{self.path}{"&" if "?" in self.path else "?"}cursor=x>; rel="next"' if is_first else ""
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.send_header("link", link)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""

    def _post(self, post):
        return {"id": post, "title": self.server.titles[post]}


@contextmanager
def _answering(titles=EDITED, purges=({"edges": {}},)):
    """Yield a client of such a server, and what it is asked."""
    with ExitStack() as held:
        server = held.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), _Answering))
        server.daemon_threads = True
        server.titles, server.asked, server.purges = titles, [], list(purges)
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        held.callback(serving.join)
        held.callback(server.shutdown)
        client = held.enter_context(closing(Client(f"http://127.0.0.1:{server.server_port}")))
        yield client, server.asked


def test_an_edge_is_asked_for_everything_once_and_lists_to_their_end():
    with _answering() as (client, asked):
        assert warm(client, CATALOGUE) == len(asked) == len(set(asked))

    assert {
        *("/api/v1/posts/1/", "/api/v1/posts/2/comments/", "/api/v1/posts/trending/"),
        *("/api/v1/posts/", "/api/v1/posts/?cursor=x", "/api/v1/posts/?ordering=-score&cursor=x"),
        *("/api/v1/posts/?tag=ale", "/api/v1/posts/?category=beer&cursor=x"),
        "/api/v1/posts/nothing-is-here-999/",
    } <= set(asked)


def test_an_edge_that_shows_what_the_origin_shows_has_nothing_stale():
    with _answering() as (origin, _), _answering() as (edge, asked):
        found = resting.compare(origin, edge, CATALOGUE)

    assert (found.stale, found.example) == (0, "")
    assert found.compared == len(asked) > 0
    assert "/api/v1/posts/1/" in asked
    assert "/api/v1/posts/2/" not in asked  # Nobody has edited it.


@pytest.mark.parametrize("held", ["One", "One [edit 6]"])
def test_an_edit_that_the_edge_does_not_show_is_found_wherever_the_post_is_shown(held):
    with _answering() as (origin, _), _answering({**EDITED, 1: held}) as (edge, asked):
        found = resting.compare(origin, edge, CATALOGUE)

    assert found.stale == len(asked)
    assert found.example.startswith("/api/v1/posts/1/ at rest: post 1 shows")


def test_an_edit_that_only_the_edge_shows_is_not_stale():
    with _answering({1: "One [edit 6]", 2: "Two"}) as (origin, _), _answering() as (edge, _):
        assert resting.compare(origin, edge, CATALOGUE).stale == 0


def test_nothing_is_compared_before_every_purge_is_done():
    done = {"waiting": 0, "again": 0}
    rows = [done | {"waiting": 3}, done | {"again": 1}, done]
    with _answering(purges=[{"edges": {"one": done, "other": row}} for row in rows]) as (origin, asked):
        resting.wait_until_purged(origin)

    assert asked == ["/api/v1/purges/"] * 3


def test_purges_that_never_end_are_told(monkeypatch):
    monkeypatch.setattr(resting, "_PURGED_WITHIN", 0.3)
    waiting = {"edges": {"one": {"waiting": 3, "again": 0}}}
    with _answering(purges=[waiting]) as (origin, _), pytest.raises(MissingError, match="still wait"):
        resting.wait_until_purged(origin)


def test_a_service_that_knows_of_no_edge_proves_nothing():
    with _answering() as (origin, _), pytest.raises(MissingError, match="knows of no edge"):
        resting.wait_until_purged(origin)
