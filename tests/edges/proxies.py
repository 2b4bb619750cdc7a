"""Which caches stand in front of us? Varnish, nginx and Squid, each with the recipe of deploy/ as it stands.

What an operator would write himself is written here: where the origin is, where to listen, where
to keep answers. Everything else is the recipe. Each has a port of its own for as long as it
lives, however often it is started, and keeps nothing over a restart.

    with running(Varnish, origin=server.port) as varnish:
        httpx.get(f"{varnish.url}/api/v1/posts/")
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import pytest

from tests.processes import ROOT
from tests.redis import free_port

DEPLOY = ROOT / "deploy"
STARTS_WITHIN = 30.0  # Seconds.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


class Proxy:
    """A cache between clients and the origin, on a port that was free."""

    program: ClassVar[str]
    needs: ClassVar[str]

    def __init__(self, directory: Path, *, origin: int, host: str = "localhost") -> None:
        """Be in front of what listens on port `origin` of this machine, asked for as `host`."""
        self.directory = directory
        self.origin = origin
        self.host = host
        self.port = free_port()
        self.log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        # Workers may run as somebody else, who has to find, and to write, what is here.
        directory.chmod(0o777)
        self.configure()

    @classmethod
    def is_installed(cls) -> bool:
        """Tell whether this machine has the program to start."""
        return shutil.which(cls.program, path=_PATH) is not None

    @property
    def url(self) -> str:
        """Where clients ask."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None, f"{self.program} is not running"
        return self._process

    def configure(self) -> None:
        """Write what is an operator's to write."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """Return how the program is started in the foreground."""
        raise NotImplementedError

    def start(self) -> None:
        """Start with nothing kept, and wait until requests are answered."""
        self.forget()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                env={**os.environ, "PATH": _PATH, **self.environment()},
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop it themselves.
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.program} did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)

    def environment(self) -> dict[str, str]:
        """Return what the program is told in its environment."""
        return {}

    def forget(self) -> None:
        """Remove what was kept on disk; the program does not run."""

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            # A path that is refused or not kept, whatever the origin: nothing is in the cache after it.
            connection.request("GET", "/healthz/live")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def stop(self) -> None:
        """Stop in order; what was kept is lost."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self.kill()

    def kill(self) -> None:
        """Kill it and its workers at once; what was kept is lost."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None

    def restart(self) -> None:
        """Stop and start again at the same address, with nothing kept."""
        self.stop()
        self.start()

    clear = restart

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Varnish(Proxy):
    """Varnish with its storage in memory; `edges` may see what is meant for edges."""

    program = "varnishd"
    needs = "Varnish with varnish-modules (Debian: varnish, varnish-modules)"
    trusted: tuple[str, ...] = ()

    @classmethod
    def is_installed(cls) -> bool:
        """Tell whether varnishd is here, and the modules that the recipe imports."""
        return super().is_installed() and any(Path("/usr").glob("lib*/**/varnish/vmods/libvmod_xkey.so"))

    def configure(self) -> None:
        """Write another origin.vcl, which comes before the recipe's in `vcl_path`."""
        text = (DEPLOY / "varnish" / "origin.vcl").read_text()
        for what, instead in (
            ('"8000"', f'"{self.origin}"'),
            ('"localhost"', f'"{self.host}"'),
            ("acl edges {", "\n".join(["acl edges {", *(f'    "{address}";' for address in self.trusted)])),
        ):
            assert what in text
            text = text.replace(what, instead)
        (self.directory / "origin.vcl").write_text(text)

    def environment(self) -> dict[str, str]:
        """Say where the origin is, and where Varnish may write."""
        return {"ORIGIN": str(self.directory), "WORK": str(self.directory / "work"), "MEMORY": "64m"}

    def command(self) -> Sequence[str]:
        """Return the recipe's own script, and what makes Varnish small and quick to start."""
        return [
            *("sh", str(DEPLOY / "varnish" / "varnishd.sh"), f"127.0.0.1:{self.port}"),
            # Without a user or a jail of its own; its log fits where there is little shared memory.
            *("-j", "none", "-p", "vsl_space=20M"),
        ]

    def _answers(self) -> bool:
        return super()._answers() and self.counters().get("MAIN.n_object", 0) >= 0

    def counters(self) -> dict[str, int]:
        """Return what varnishstat counts, by name, such as `MAIN.cache_hit`; nothing if it is too early."""
        told = subprocess.run(
            ["varnishstat", "-1", "-j", "-n", str(self.directory / "work")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": _PATH},
        )
        if told.returncode:
            return {}
        return {name: int(counter["value"]) for name, counter in json.loads(told.stdout)["counters"].items()}

    def adm(self, *command: str) -> str:
        """Give a command to Varnish's own administration; return what it says."""
        done = subprocess.run(
            ["varnishadm", "-n", str(self.directory / "work"), *command],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PATH": _PATH},
        )
        return done.stdout

    def clear(self) -> None:
        """Forget all answers, without a restart."""
        self.adm("ban", "req.url ~ .")

    def purge(self, *keys: str, is_hard: bool = False) -> int:
        """Purge by key as the purger does; return how many objects it reached."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        field = "xkey-purge" if is_hard else "xkey-softpurge"
        connection.request("PURGE", "/", headers={field: " ".join(keys)})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200, answer.status
        return int(answer.headers["xkey-purged"])


class Nginx(Proxy):
    """nginx with its cache in a directory."""

    program = "nginx"
    needs = "nginx (Debian: nginx-light)"

    def configure(self) -> None:
        """Write an nginx.conf that includes the recipe, and the two files that the recipe includes."""
        here = self.directory
        origin = (DEPLOY / "nginx" / "readpath-origin.conf").read_text()
        for what, instead in (
            ("127.0.0.1:8000", f"127.0.0.1:{self.origin}"),
            ("default localhost", f"default {self.host}"),
            ("/var/cache/nginx/readpath", f"{here}/cache"),
        ):
            assert what in origin
            origin = origin.replace(what, instead)
        (here / "readpath-origin.conf").write_text(origin)
        (here / "readpath-server.conf").write_text(f"listen 127.0.0.1:{self.port} backlog=512;\n")
        of_root = "user root;" if os.geteuid() == 0 else ""
        (here / "nginx.conf").write_text(f"""
            {of_root}
            daemon off;
            pid {here}/nginx.pid;
            worker_processes 1;
            events {{ worker_connections 1024; }}
            http {{
                access_log off;
                client_body_temp_path {here}/body;
                proxy_temp_path {here}/temporary;
                fastcgi_temp_path {here}/fastcgi;
                uwsgi_temp_path {here}/uwsgi;
                scgi_temp_path {here}/scgi;
                include {DEPLOY}/nginx/readpath.conf;
            }}
        """)

    def command(self) -> Sequence[str]:
        """Return how nginx is started in the foreground."""
        return [
            "nginx",
            "-p",
            str(self.directory),
            "-c",
            str(self.directory / "nginx.conf"),
            "-e",
            "stderr",
        ]

    def forget(self) -> None:
        """Empty the cache's directory."""
        shutil.rmtree(self.directory / "cache", ignore_errors=True)


class Squid(Proxy):
    """Squid with its storage in memory."""

    program = "squid"
    needs = "Squid (Debian: squid)"

    def configure(self) -> None:
        """Write a squid.conf that says where everything is, and includes the recipe."""
        text = (DEPLOY / "squid" / "squid.conf").read_text()
        here = self.directory
        for what, instead in (
            ("http_port 8080", f"http_port 127.0.0.1:{self.port}"),
            ("defaultsite=localhost", f"defaultsite={self.host}"),
            ("parent 8000", f"parent {self.origin}"),
            ("cache_mem 256 MB", "cache_mem 64 MB"),
            ("/run/squid-readpath.pid", f"{here}/squid.pid"),
            ("/var/log/squid/readpath.log", f"{here}/squid.log"),
            ("coredump_dir /var/spool/squid", f"coredump_dir {here}"),
            ("include /etc/squid/readpath.conf", f"include {DEPLOY}/squid/readpath.conf"),
        ):
            assert what in text, what
            text = text.replace(what, instead)
        # It need not be able to resolve names, nor wait for anybody when it is stopped.
        text += "shutdown_lifetime 0 seconds\npinger_enable off\nnetdb_filename none\n"
        (here / "squid.conf").write_text(text)

    def command(self) -> Sequence[str]:
        """Return how Squid is started in the foreground, as one process."""
        return ["squid", "-N", "-f", str(self.directory / "squid.conf")]


P = TypeVar("P", bound=Proxy)


@contextmanager
def running(kind: type[P], *, origin: int, host: str = "localhost") -> Iterator[P]:
    """Yield a cache in front of what listens on port `origin`; skip the test if it is not installed."""
    if not kind.is_installed():
        pytest.skip(f"{kind.needs} is not installed here")
    directory = Path(tempfile.mkdtemp(prefix="readpath-edge-"))
    try:
        with kind(directory, origin=origin, host=host) as proxy:
            yield proxy
    finally:
        shutil.rmtree(directory, ignore_errors=True)
