"""What does a herd look at? One post, its page, and who may write to it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable
from http.client import HTTPResponse

import httpx

from tests.fleet import Fleet
from tests.herds.builds import Builds
from tests.oracle.wire import Answer
from tests.writer import Writer

OLD, NEW = "Written first", "Written later"
STANDS_WITHIN = 20.0  # Seconds.

_MAKE = f"""
from rest_framework.authtoken.models import Token
user = factories.make_user()
post = factories.make_post(author=factories.make_author(user=user), title={OLD!r})
result = [post.pk, Token.objects.create(user=user).key]
"""


class Scene:
    """A fleet, and a post of this test's own."""

    def __init__(self, fleet: Fleet, writer: Writer) -> None:
        self.fleet = fleet
        self.writer = writer
        self.post, self._token = writer.run(_MAKE)
        writer.settle()
        self.path = f"/api/v1/posts/{self.post}/"

    def builds(self) -> Builds:
        """Begin to count builds."""
        return Builds(self.fleet.cluster)

    def write(self, title: str = NEW) -> float:
        """Change the title through HTTP; return how many seconds the acknowledgement took."""
        began = time.monotonic()
        answer = httpx.patch(
            self.fleet.url + self.path,
            json={"title": title},
            headers={"Authorization": f"Token {self._token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return time.monotonic() - began

    def writing(self, title: str) -> bytes:
        """Return the request that changes the title."""
        body = json.dumps({"title": title}).encode()
        head = (
            f"PATCH {self.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def write_raw(self, title: str = NEW) -> None:
        """Change the title past everybody."""
        with self.fleet.cluster.connect() as connection:
            connection.execute("UPDATE api_post SET title = %s WHERE id = %s", [title, self.post])

    def wait_until_coherent(self) -> None:
        """Return once every worker there should be trusts what it hears."""
        self.fleet.wait_for_workers()
        self.wait_until_all_are("coherent")

    def wait_until_all_are(self, standing: str) -> None:
        """Return once every worker says that it stands so."""
        said = f'"standing":"{standing}"'.encode()
        opened = self.fleet.spread(dict.fromkeys(self.fleet.workers, 1))
        deadline = time.monotonic() + STANDS_WITHIN
        for worker, (connection,) in opened.items():
            while said not in (heard := _ready(connection)):
                assert time.monotonic() < deadline, f"worker {worker} is not {standing}: {heard!r}"
                time.sleep(0.02)
            connection.close()


def _ready(connection: socket.socket) -> bytes:
    connection.sendall(b"GET /healthz/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    response = HTTPResponse(connection)
    response.begin()
    return response.read()


def shows(answers: Iterable[Answer | None], title: str) -> bool:
    """Tell whether every answer is the page with this title."""
    return all(answer and answer.status == 200 and title.encode() in answer.body for answer in answers)
