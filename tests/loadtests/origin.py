"""A service with a fault: it acknowledges every edit, and shows what was before.

It answers what a load test asks for, no more. The fault may be left out, so that a test can
tell that nothing else is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

POSTS = 5


class Origin(BaseHTTPRequestHandler):
    """Answers with titles that the class holds."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    titles: dict[int, str]
    forgets_edits = True
    has_silk = False

    def do_GET(self) -> None:
        """Answer a read: a post, or a list of all."""
        path = self.path.partition("?")[0]
        reference = path.removeprefix("/api/v1/posts/").strip("/")
        if path == "/silk/" or reference.startswith("nothing"):
            self._answer(200 if self.has_silk and path == "/silk/" else 404, {})
        elif reference.isdigit():
            self._answer(200, self._post(int(reference)))
        else:
            rows = [{**self._post(post), "slug": f"label-{post}"} for post in self.titles]
            self._answer(200, {"next": None, "previous": None, "results": rows})

    def do_HEAD(self) -> None:
        """Answer as a GET, without the body."""
        self.do_GET()

    def do_PATCH(self) -> None:
        """Acknowledge an edit."""
        document = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.forgets_edits:
            self.titles[int(self.path.split("/")[4])] = document["title"]
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
def running_origin(**attributes: bool) -> Iterator[str]:
    """Yield where such a service is."""
    titles = {post: f"Post {post}" for post in range(1, POSTS + 1)}
    handler = type("Handler", (Origin,), {"titles": titles, **attributes})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
