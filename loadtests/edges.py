"""Which edge stands in front? One of `recipes`, started for a run and gone afterwards.

It is started before the server, which can then tell it of its writes from the first moment on.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from loadtests.client import Client, UnreachableError
from loadtests.recipes import RECIPES, program
from loadtests.scenarios import PURGED
from loadtests.services import MissingError, running

REQUESTS: Final = "MAIN.client_req"
_COUNTS_WITHIN: Final = 5.0  # Seconds.
_FINDS_WITHIN: Final = 30.0  # Seconds.
_LOOK: Final = 0.05


class Edge:
    """An edge of some kind, in front of the server at a host."""

    def __init__(self, name: str, origin: str, log: Path) -> None:
        self.name = name
        program({"varnish": "varnishd"}.get(name, name))  # Said before anything else is started.
        self._origin = urlsplit(origin).port
        self._log = log
        self._port = _free_port()
        self.host = f"http://127.0.0.1:{self._port}"
        self._home: Path | None = None

    def environment(self, expiry: int | None, rebound: float | None = None) -> Mapping[str, str]:
        """Return what the server is told: whom to tell of writes, or how long answers are kept."""
        if self.name not in PURGED or expiry == 0:
            return {}
        if expiry is not None:
            return {"READPATH_EDGE_TTL": str(expiry)}
        repeated = "" if rebound is None else f"?rebound={rebound:g}"
        return {"READPATH_EDGES": f"edge={self.name}://127.0.0.1:{self._port}{repeated}"}

    @contextmanager
    def started(self) -> Iterator[None]:
        """Stand in front while the block runs, with nothing in memory at first."""
        with tempfile.TemporaryDirectory(prefix="readpath-load-", ignore_cleanup_errors=True) as directory:
            self._home = Path(directory)
            self._home.chmod(0o755)  # Its own user has to get at what is in there.
            recipe = RECIPES[self.name](self._home, port=self._port, origin=self._origin)
            environment = {**os.environ, **recipe.environment}
            with running(recipe.command, self._log, self._listens, cwd=directory, env=environment):
                yield
        self._home = None

    def counters(self, *, requests: int) -> Mapping[str, int]:
        """Return what the edge has counted, if it can be asked, once it has counted so many requests."""
        if self.name != "varnish":
            return {}
        deadline = time.monotonic() + _COUNTS_WITHIN
        # Its threads add what they have counted to the whole from time to time.
        while (found := self._varnishstat())[REQUESTS] < requests and time.monotonic() < deadline:
            time.sleep(_LOOK)
        return found

    def _varnishstat(self) -> Mapping[str, int]:
        done = subprocess.run(  # noqa: S603
            [program("varnishstat"), "-1", "-j", "-n", f"{self._home}/work"],
            capture_output=True,
            text=True,
            check=True,
        )
        return {name: counter["value"] for name, counter in json.loads(done.stdout)["counters"].items()}

    def wait_for_origin(self) -> None:
        """Return when what is asked here is answered by the server."""
        deadline = time.monotonic() + _FINDS_WITHIN
        while not self._passes_on():
            if time.monotonic() > deadline:
                raise MissingError(f"{self.name} does not find the server: {self._log.read_text()[-2000:]}")
            time.sleep(_LOOK)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _passes_on(self) -> bool:
        client = Client(self.host, patience=2.0)
        try:
            return client.status("/healthz/live") == 200
        except UnreachableError:
            return False
        finally:
            client.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
