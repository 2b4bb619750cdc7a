"""Which caches does one put in front of us? nginx and Varnish, each alone on the server's core.

They answer from what they have kept: their origin is idle meanwhile. Each has one process that
does the work, and says in `Cache-Status` when it did it alone. nginx with a plain file is here too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.processes import only_child
from benchmarks.servers import Gunicorn, _Process
from tests.redis import free_port

_HERE: Final = Path(__file__).parent
NGINX_HIT: Final = "nginx; HIT"
VARNISH_HIT: Final = "varnish; hit"


class Proxy(_Process):
    """A server on a port of its own that is no gunicorn."""

    program: str
    core: int | None

    def __init__(self, directory: Path, *, core: int | None, configuration: str, upstream: int = 0) -> None:
        if shutil.which(self.program) is None:
            raise RuntimeError(f"need {self.program}, which is not installed here")
        self.port = free_port()
        self.directory = directory
        directory.mkdir()
        file = directory / configuration
        text = (_HERE / configuration).read_text()
        told = {"@PORT@": self.port, "@UPSTREAM@": upstream, "@DIRECTORY@": directory}
        for name, value in told.items():
            text = text.replace(name, str(value))
        if os.geteuid() != 0:
            # Only root can, and has to, say who works.
            text = text.replace("user root;\n", "")
        file.write_text(text)
        super().__init__(self.command(file), os.environ, directory / "log", core)

    def command(self, configuration: Path) -> Sequence[str]:
        """Return how the program is started."""
        raise NotImplementedError

    @property
    def worker(self) -> int:
        """The process that answers."""
        return self.process.pid

    # What gunicorn has here needs a port, and nothing of gunicorn.
    url = Gunicorn.url
    ask = Gunicorn.ask
    wait_for_hits = Gunicorn.wait_for_hits
    is_ready = Gunicorn.is_ready


class Nginx(Proxy):
    """An nginx of one process."""

    program = "nginx"

    def command(self, configuration: Path) -> Sequence[str]:
        """Return how nginx is started in the foreground."""
        return ["nginx", "-p", str(self.directory), "-c", str(configuration), "-e", "stderr"]


class Varnish(Proxy):
    """A varnishd with its storage in memory; its child does the work."""

    program = "varnishd"

    def command(self, configuration: Path) -> Sequence[str]:
        """Return how varnishd is started in the foreground, without a user or a jail of its own."""
        return [
            *("varnishd", "-F", "-j", "none", "-n", str(self.directory / "work")),
            *("-a", f"127.0.0.1:{self.port}", "-T", "none", "-f", str(configuration)),
            *("-s", "malloc,64m", "-p", "thread_pools=1", "-p", "listen_depth=512"),
            # wrk accepts no coding: what is kept in gzip would be unpacked for each answer.
            *("-p", "http_gzip_support=off"),
            # Its log fits where there is little shared memory, as in containers.
            *("-p", "vsl_space=20M"),
        ]

    @property
    def worker(self) -> int:
        """The process that answers."""
        return only_child(self.process.pid)
