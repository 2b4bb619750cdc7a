"""A service with faults: it forgets the edits that it has acknowledged, and stands still once.

It answers what a load test asks for, no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread, Timer

POSTS = 5


class Origin(BaseHTTPRequestHandler):
    """Answers with titles that the class holds."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    titles: dict[int, str]
    has_silk = False
    # From the first read of a post on nobody is answered, until so many seconds have passed.
    stands_still: float = 0.0
    goes_on: Event
    first: Lock

    def do_GET(self) -> None:
        """Answer a read: a post, or a list of all."""
        path = self.path.partition("?")[0]
        reference = path.removeprefix("/api/v1/posts/").strip("/")
        if path == "/silk/" or reference.startswith("nothing"):
            self._answer(200 if self.has_silk and path == "/silk/" else 404, {})
        elif reference.isdigit():
            if self.first.acquire(blocking=False):
                Timer(self.stands_still, self.goes_on.set).start()
            self.goes_on.wait()
            self._answer(200, self._post(int(reference)))
        else:
            rows = [{**self._post(post), "slug": f"label-{post}"} for post in self.titles]
            self._answer(200, {"next": None, "previous": None, "results": rows})

    def do_HEAD(self) -> None:
        """Answer as a GET, without the body."""
        self.do_GET()

    def do_PATCH(self) -> None:
        """Acknowledge an edit, and forget it."""
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, {})

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _post(self, post: int) -> dict[str, object]:
        return {"id": post, "title": self.titles[post]}

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def running_origin(**attributes: object) -> Iterator[str]:
    """Yield where such a service is."""
    titles = {post: f"Post {post}" for post in range(1, POSTS + 1)}
    shared = {"titles": titles, "goes_on": Event(), "first": Lock()}
    handler = type("Handler", (Origin,), {**shared, **attributes})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
