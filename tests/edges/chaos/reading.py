"""What do the readers see, and may they? They ask every edge all the time, for whatever there is.

Half of the reads go to few of the URLs, as they do in life. A quarter come with the ETag of the
last answer, where a 304 says that what was shown then is still right; some accept a coding. An
edge that is down, or an origin behind it, gives no answer or an error: that is counted, and wrong
is only an answer that shows what was overwritten before a purge that was over by then.
"""

from __future__ import annotations

import gzip
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

import brotli

from tests.edges.chaos.history import GONE, Histories, Thing, shown
from tests.edges.chaos.library import Library

CODINGS = ("identity", "gzip", "br")
_DECODED = {"gzip": gzip.decompress, "br": brotli.decompress, "identity": bytes}
_PATIENCE = 30.0  # Seconds.
_PAUSE = 0.05  # Seconds after an edge that did not answer.
_MOST_URLS = 4_000
_NEXT = re.compile(rb'"next": ?"(/api/v1/[^"]+)"')
_DETAIL = re.compile(r"/api/v1/posts/(\d+)/(\?.*)?")
_MOST_TOLD = 20


@dataclass(frozen=True)
class Stale:
    """An answer that should not have been given."""

    edge: str
    url: str
    coding: str
    what: str
    status: int
    age: str
    cache_status: str

    def __str__(self) -> str:
        told = f"{self.status}, Age {self.age}, {self.cache_status}"
        return f"{self.edge}: {self.url} ({self.coding}): {self.what} ({told})"


@dataclass(frozen=True, slots=True)
class Representation:
    """What an edge has answered, decoded."""

    status: int
    body: bytes
    etag: str = ""


class Reads:
    """What all readers share: the URLs, what came of them, and the check."""

    def __init__(self, library: Library, histories: Histories) -> None:
        self.outcomes: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()  # Things that were looked at, by the name of the edge.
        self.stale: list[Stale] = []
        self.failures: list[BaseException] = []
        self.urls = library.urls()
        self.read: set[tuple[str, str, str]] = set()  # Edge, URL, coding.
        self.histories = histories
        self.ended = threading.Event()
        self._post_numbers = {pk: number for number, pk in enumerate(library.posts)}
        self._known = set(self.urls)
        self._lock = threading.Lock()

    def found(self, url: str) -> None:
        """Add a URL that a page links to."""
        with self._lock:
            if url not in self._known and len(self.urls) < _MOST_URLS:
                self._known.add(url)
                self.urls.append(url)

    def answered(
        self,
        asked: tuple[str, str, str],
        floors: dict[Thing, int],
        answer: Representation,
        fields: HTTPResponse,
    ) -> None:
        """Check an answer, and count it."""
        edge, url, coding = asked
        seen = list(shown(answer.body)) if answer.status == 200 else []
        detail = _DETAIL.fullmatch(url)
        if answer.status == 404 and detail is not None and int(detail[1]) in self._post_numbers:
            seen.append((("post", self._post_numbers[int(detail[1])]), GONE))
        wrong = list(self.histories.wrong(floors, iter(seen)))
        status = fields.headers.get("cache-status", "-")
        with self._lock:
            self.read.add(asked)
            self.checked[edge] += len(seen)
            self.outcomes[f"{edge} {fields.status}"] += 1
            for what in wrong[: _MOST_TOLD - len(self.stale)]:
                age = fields.headers.get("age", "-")
                self.stale.append(Stale(edge, url, coding, what, fields.status, age, status))

    def failed(self, edge: str, why: str) -> None:
        """Count a read that got no answer, or an error."""
        with self._lock:
            self.outcomes[f"{edge} {why}"] += 1


class Reader:
    """One thread that reads from one edge."""

    def __init__(self, reads: Reads, edge: str, port: int, *, seed: str, per_second: float) -> None:
        self._reads = reads
        self._edge = edge
        self._port = port
        self._pause = 1 / per_second
        self._random = random.Random(seed)
        self._connection: HTTPConnection | None = None
        self._kept: dict[tuple[str, str], Representation] = {}

    def run(self) -> None:
        """Read until the end."""
        try:
            while not self._reads.ended.wait(self._pause):
                self._read()
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for this thread.
            self._reads.failures.append(error)
        finally:
            self._hang_up()

    def _read(self) -> None:
        dice = self._random
        urls = self._reads.urls
        url = urls[int(len(urls) * dice.random() ** dice.choice((1, 4)))]
        coding = dice.choices(CODINGS, (6, 2, 2))[0]
        kept = self._kept.get((url, coding))
        etag = kept.etag if kept is not None and dice.random() < 0.25 else ""
        floors = self._reads.histories.floors(self._edge)
        try:
            response, body = ask(self._connected(), url, coding, etag)
        except (OSError, HTTPException) as error:
            self._hang_up()
            self._reads.failed(self._edge, type(error).__name__)
            self._reads.ended.wait(_PAUSE)
            return
        if response.status == 304 and kept is not None and response.headers["etag"] == etag:
            answer = kept
        elif response.status in (200, 404):
            answer = Representation(response.status, decoded(response, body), response.headers["etag"] or "")
        else:
            self._reads.failed(self._edge, str(response.status))
            return
        self._kept[url, coding] = answer
        self._reads.answered((self._edge, url, coding), floors, answer, response)
        for link in _NEXT.findall(answer.body):
            self._reads.found(link.decode())

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def ask(connection: HTTPConnection, url: str, coding: str, etag: str = "") -> tuple[HTTPResponse, bytes]:
    """Send one request over a kept connection."""
    fields = {} if coding == "identity" else {"Accept-Encoding": coding}
    if etag:
        fields["If-None-Match"] = etag
    # Else the client would ask for identity by itself, which is not what a client without a wish does.
    connection.putrequest("GET", url, skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    return response, response.read()


def decoded(response: HTTPResponse, body: bytes) -> bytes:
    """Return a body without its coding."""
    return _DECODED[response.headers.get("content-encoding", "identity")](body)


def started(
    reads: Reads, ports: Mapping[str, int], *, seed: int, threads: int, per_second: float
) -> Sequence[threading.Thread]:
    """Let so many threads read from each edge, all of them together so many times a second."""
    each = per_second / (threads * len(ports))
    found = [
        threading.Thread(
            target=Reader(reads, edge, port, seed=f"reader {seed} {edge} {number}", per_second=each).run,
            name=f"reader {number} of {edge}",
        )
        for edge, port in ports.items()
        for number in range(threads)
    ]
    for thread in found:
        thread.start()
    return found


def wait_until(ended: object, within: float) -> None:
    """Return once something holds."""
    assert callable(ended)
    deadline = time.monotonic() + within
    while not ended():
        assert time.monotonic() < deadline, "it did not come to an end"
        time.sleep(0.02)
