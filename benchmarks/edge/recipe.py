"""Which Varnish is measured? The one of `deploy/varnish`, as it stands, on a port of its own.

Its origin is told by an `origin.vcl` that comes first in `vcl_path`: the example that stands beside the
recipe, with another port in it. All else is options of varnishd that have nothing to do with answers.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from benchmarks.machine import ROOT
from benchmarks.processes import only_child
from benchmarks.servers import Gunicorn, _Process
from tests.redis import free_port

RECIPE: Final = ROOT / "deploy" / "varnish"
HIT: Final = re.compile(r"\bVarnish; hit\b")
_PORT: Final = '.port = "8000";'


class Varnish(_Process):
    """A varnishd with the recipe, in front of whoever listens on a port; its child does the work."""

    core: int | None

    def __init__(
        self, directory: Path, upstream: int, *, port: int | None = None, core: int | None = None
    ) -> None:
        if shutil.which("varnishd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin") is None:
            raise RuntimeError("need varnishd, which is not installed here")
        self.port = port or free_port()
        self.work = directory / "work"
        origin = (RECIPE / "origin.vcl").read_text()
        if origin.count(_PORT) != 1:
            raise RuntimeError(f"need {_PORT} once in {RECIPE / 'origin.vcl'}")
        directory.mkdir(parents=True)
        (directory / "origin.vcl").write_text(origin.replace(_PORT, f'.port = "{upstream}";'))
        environment = {**os.environ, "ORIGIN": str(directory), "WORK": str(self.work), "MEMORY": "128m"}
        super().__init__(self._options(), environment, directory / "log", core)

    def _options(self) -> list[str]:
        return [
            *("sh", str(RECIPE / "varnishd.sh"), f"127.0.0.1:{self.port}"),
            *("-j", "none", "-T", "none", "-p", "thread_pools=1", "-p", "listen_depth=512"),
            # Its log fits where there is little shared memory, as in containers.
            *("-p", "vsl_space=20M"),
        ]

    @property
    def worker(self) -> int:
        """The process that answers."""
        return only_child(self.process.pid)

    # What gunicorn has here needs a port, and nothing of gunicorn.
    url = Gunicorn.url
    ask = Gunicorn.ask
    is_ready = Gunicorn.is_ready
