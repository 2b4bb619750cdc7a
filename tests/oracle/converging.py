"""After the last write: does every worker show what the database holds?

Each worker is asked for each URL on a connection of its own, and again until all is as it
should be. Writes through HTTP must show at once; raw ones may take as long as the relay does.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPResponse

from tests.oracle.database import Database, held
from tests.oracle.library import Library, Url
from tests.oracle.pages import Impossible, Pages
from tests.server import Server

PATIENCE = 30.0  # Seconds; reading everything takes some of them on a busy machine.


@dataclass(frozen=True)
class Convergence:
    """How it ended."""

    took: float  # Seconds until all workers agreed with the database.
    reads: int
    differences: Sequence[str]  # What was still different at the end.


def converge(server: Server, library: Library, database: Database) -> Convergence:
    """Read everything from every worker until all show what the database holds."""
    registers = library.registers()
    truth = {register.index: held(database, library, register) for register in registers}
    pages = Pages(library, registers)
    began, reads, found = time.monotonic(), 0, [""]
    connections = {
        worker: ends[0] for worker, ends in server.spread(dict.fromkeys(server.workers, 1)).items()
    }
    try:
        while found and time.monotonic() - began < PATIENCE:
            found = []
            for worker, connection in connections.items():
                for url in library.urls():
                    reads += 1
                    if wrong := _difference(connection, url, pages, truth):
                        found.append(f"worker {worker}: {url.path}: {wrong}")
    finally:
        for connection in connections.values():
            connection.close()
    return Convergence(time.monotonic() - began, reads, found)


def _difference(connection: socket.socket, url: Url, pages: Pages, truth: dict[int, int]) -> str:
    try:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % url.path.encode())
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
    except OSError as error:
        return f"did not answer: {error}"
    if response.status not in (200, 404):
        return f"answered {response.status}"
    try:
        seen = pages.seen(url, response.status, body)
    except Impossible as impossible:
        return str(impossible)
    # A page that leaves out what it should show is as wrong as one that shows too little of it.
    return ", ".join(
        f"register {one} is {value}, need {truth[one]}" for one, value in seen.items() if value != truth[one]
    )
