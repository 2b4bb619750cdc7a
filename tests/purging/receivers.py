"""An edge as the purger sees it: a real HTTP server that writes down what it is told, and may misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from caching.edges.backends.http import Address
from caching.edges.backends.plain import Plain
from caching.edges.edge import Edge
from tests.redis import free_port

PATIENCE = 20.0  # Seconds until a test that hangs has failed.
TOKEN = "not-for-anyones-eyes-4711"


class Call(NamedTuple):
    """One call that an edge has taken."""

    keys: frozenset[str]
    is_hard: bool
    at: float  # Of `time.monotonic`.


class Receiver:
    """An edge at one address, up or down; `status` is what it answers, 0 that it never does."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"purge://127.0.0.1:{self.port}?soft=on"
        self.status = 200
        self.fields: dict[str, str] = {}
        self.calls: list[Call] = []  # Those that it has agreed to.
        self.refused: list[Call] = []
        self.tokens: set[str] = set()
        self.on_call: Callable[[], None] = lambda: None
        self._change = threading.Condition()
        self._let_go = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    def edge(self, name: str, *, rebound: float = 0.0, through: str | None = None, **options: Any) -> Edge:
        """Return it as it is configured."""
        timeout = options.pop("timeout", 5.0)
        address = Address("127.0.0.1", self.port, is_tls=False)
        backend = Plain(address, token=TOKEN, timeout=timeout, is_soft=True)
        rate, burst = options.pop("rate", float("inf")), options.pop("burst", 1)
        assert not options
        return Edge(name, backend, rate=rate, burst=burst, rebound=rebound, through=through)

    def start(self) -> None:
        """Listen."""
        self._let_go.clear()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more: whoever calls is refused."""
        if self._server is not None:
            self._let_go.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, call: Call) -> int:
        """Take a call; return the status to answer, 0 for none."""
        status = self.status  # It may change meanwhile.
        if status == 200:
            self.on_call()
        self._note(self.calls if status == 200 else self.refused, call)
        if not status:
            self._let_go.wait(PATIENCE)
        return status

    def told(self) -> set[str]:
        """Return all keys that it was told of."""
        return set().union(*(call.keys for call in self.calls))

    def times(self, key: str) -> list[float]:
        """Return when it was told of a key."""
        return [call.at for call in self.calls if key in call.keys]

    def until(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Return once something holds that depends on the calls that came."""
        with self._change:
            assert self._change.wait_for(holds, PATIENCE), f"{otherwise}: {self.calls} {self.refused}"

    def within(self, seconds: float, holds: Callable[[], bool]) -> bool:
        """Return whether something comes to hold, at the latest after so many seconds."""
        with self._change:
            return self._change.wait_for(holds, seconds)

    def until_told(self, *keys: str, times: int = 1) -> None:
        """Return once it was told of each of these keys so often."""
        self.until(lambda: all(len(self.times(key)) >= times for key in keys), f"not told of {keys}")

    def until_refused(self, times: int = 1) -> None:
        """Return once it has refused so many calls, or left them without an answer."""
        self.until(lambda: len(self.refused) >= times, f"not called {times} times")

    def _note(self, calls: list[Call], call: Call) -> None:
        with self._change:
            calls.append(call)
            self._change.notify_all()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Yield an edge that listens."""
    receiver = Receiver()
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_PURGE(self) -> None:
        receiver = self.receiver
        receiver.tokens.add(self.headers.get("Authorization", ""))
        keys = frozenset(self.headers["Surrogate-Key"].split())
        call = Call(keys, "Fastly-Soft-Purge" not in self.headers, time.monotonic())
        status = receiver.take(call)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in receiver.fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
