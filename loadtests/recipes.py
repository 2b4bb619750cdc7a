"""How is each edge started? By its recipe in `deploy/`, as it stands.

Only what a recipe leaves to its user is written here, into a folder of the run's own: where the
origin is, where to listen, where to keep answers.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.server import ROOT
from loadtests.services import MissingError

_FOLDER: Final = ROOT / "deploy"
_NGINX: Final = """
{user}
daemon off;
pid {home}/nginx.pid;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {folder}/nginx/readpath.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Started:
    """How to start a program in the foreground."""

    command: Sequence[str]
    environment: Mapping[str, str]


def varnish(home: Path, *, port: int, origin: int) -> Started:
    """Varnish, by the script of the recipe; what it keeps is in memory."""
    _written(home, "varnish/origin.vcl", {'"8000"': f'"{origin}"'})
    command = ["sh", str(_FOLDER / "varnish" / "varnishd.sh"), f"127.0.0.1:{port}", "-p", "vsl_space=20M"]
    return Started(command, {"ORIGIN": str(home), "WORK": str(home / "work"), "MEMORY": "256m"})


def nginx(home: Path, *, port: int, origin: int) -> Started:
    """Start nginx, whose cache is a folder."""
    of_origin = {"127.0.0.1:8000": f"127.0.0.1:{origin}", "/var/cache/nginx/readpath": f"{home}/cache"}
    _written(home, "nginx/readpath-origin.conf", of_origin)
    _written(home, "nginx/readpath-server.conf", {"listen 8080": f"listen 127.0.0.1:{port}"})
    # Else its workers are somebody who may not look into the checkout.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = home / "nginx.conf"
    configuration.write_text(_NGINX.format(user=user, home=home, folder=_FOLDER))
    return Started([program("nginx"), "-p", str(home), "-c", str(configuration), "-e", "stderr"], {})


def squid(home: Path, *, port: int, origin: int) -> Started:
    """Squid, as one process; what it keeps is in memory."""
    home.chmod(0o777)  # It writes its log there, as another user.
    told = {
        "http_port 8080": f"http_port 127.0.0.1:{port}",
        "parent 8000": f"parent {origin}",
        "/run/squid-readpath.pid": f"{home}/squid.pid",
        "/var/log/squid/readpath.log": f"{home}/squid.log",
        "coredump_dir /var/spool/squid": f"coredump_dir {home}",
        "include /etc/squid/readpath.conf": f"include {_FOLDER}/squid/readpath.conf",
    }
    written = _written(home, "squid/squid.conf", told)
    with written.open("a") as configuration:
        configuration.write("shutdown_lifetime 0 seconds\npinger_enable off\nnetdb_filename none\n")
    return Started([program("squid"), "-N", "-f", str(written)], {})


RECIPES: Final[Mapping[str, Callable[..., Started]]] = {"varnish": varnish, "nginx": nginx, "squid": squid}


def program(name: str) -> str:
    """Return where a program is; what edges are is often in no ordinary user's path."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MissingError(f"{name} is not installed")
    return found


def _written(home: Path, name: str, told: Mapping[str, str]) -> Path:
    """Write a file of a recipe with other values where it says what is its user's."""
    text = (_FOLDER / name).read_text()
    for what, instead in told.items():
        if what not in text:
            raise MissingError(f"deploy/{name} does not say {what!r}, which is to become {instead!r}")
        text = text.replace(what, instead)
    path = home / Path(name).name
    path.write_text(text)
    return path
