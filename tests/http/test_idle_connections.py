"""Who says nothing, or says it too slowly, is not waited for; nor is the idle when the server stops."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.http.assertions import assert_problem
from tests.http.wire import Connection, request
from tests.server import STOPS_WITHIN, Server, running_server

KEEPALIVE = 2  # Seconds.


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that does not wait long for the next request."""
    with running_server(KEEPALIVE=str(KEEPALIVE)) as running:
        yield running


def test_a_connection_is_closed_when_no_further_request_comes(server: Server) -> None:
    with Connection(server) as connection:
        asked_at = time.monotonic()  # The server's time runs from its answer, which may be late to come.
        connection.send(request("/healthz/live", keep=True))
        assert connection.answer().status == 200
        assert connection.is_closed()
        assert time.monotonic() - asked_at >= KEEPALIVE * 0.9


def test_a_connection_is_closed_when_no_request_comes_at_all(server: Server) -> None:
    with Connection(server) as connection:
        assert connection.is_closed()


@pytest.mark.parametrize("asked", [0, 1], ids=["first request", "second request"])
def test_a_head_that_is_never_finished_is_not_waited_for(asked: int, server: Server) -> None:
    """A line now and then does not buy more time."""
    with Connection(server) as connection:
        for _ in range(asked):
            connection.send(request("/healthz/live", keep=True))
            assert connection.answer().status == 200
        connection.send(b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n")
        assert connection.is_closed()


def test_requests_that_come_in_time_keep_a_connection_open(server: Server) -> None:
    """For longer than `keepalive` in all."""
    with Connection(server) as connection:
        began_at = time.monotonic()
        while time.monotonic() - began_at < 1.5 * KEEPALIVE:
            connection.send(request("/healthz/live", keep=True))
            assert connection.answer().status == 200
        connection.send(request("/api/v1/nothing/"))
        assert_problem(connection.answer(), 404)


def test_a_server_that_stops_does_not_wait_for_idle_connections() -> None:
    with running_server() as stopping, Connection(stopping) as used, Connection(stopping) as unused:
        used.send(request("/healthz/live", keep=True))
        assert used.answer().status == 200
        began_at = time.monotonic()
        stopping.stop(signal.SIGTERM)
        # In order: it was not killed, and it would have waited as long for answers under way.
        assert time.monotonic() - began_at < STOPS_WITHIN / 2
        assert used.is_closed()
        assert unused.is_closed()
