"""How do the same proxies fare as their documentation begins? Without the recipes of deploy/.

What protects us behind these is the service alone.

* Varnish: https://varnish-cache.org/docs/7.1/tutorial/backends.html, all else built in
* nginx: https://docs.nginx.com/nginx/admin-guide/content-cache/content-caching/, with the client's Host
* Squid: https://wiki.squid-cache.org/ConfigExamples/Reverse/BasicAccelerator
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from tests.edges.proxies import Nginx, Proxy, Squid, Varnish

_VARNISH: Final = """vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{origin}"; }}
"""
_NGINX: Final = """{user}
daemon off;
pid {here}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {here}/body;
    proxy_temp_path {here}/temporary;
    fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi;
    scgi_temp_path {here}/scgi;
    proxy_cache_path {here}/cache keys_zone=pages:10m;
    server {{
        listen 127.0.0.1:{port} backlog=512;
        proxy_cache pages;
        location / {{
            proxy_pass http://127.0.0.1:{origin};
            proxy_set_header Host $host;
        }}
    }}
}}
"""
_SQUID: Final = """
http_port 127.0.0.1:{port} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent {origin} 0 no-query originserver name=origin
http_access allow all
cache_peer_access origin allow all
access_log none
cache_log {here}/squid.log
pid_filename {here}/squid.pid
coredump_dir {here}
shutdown_lifetime 0 seconds
pinger_enable off
netdb_filename none
"""


class UsualVarnish(Varnish):
    """Varnish that was told where the origin is. It keeps gzip, and unpacks it for others."""

    recodes = True

    def configure(self) -> None:
        """Write the shortest VCL."""
        (self.directory / "usual.vcl").write_text(_VARNISH.format(origin=self.origin))

    def command(self) -> Sequence[str]:
        """Return how varnishd is started in the foreground."""
        return [
            *("varnishd", "-F", "-j", "none", "-n", str(self.directory / "work"), "-T", "none"),
            *("-a", f"127.0.0.1:{self.port}", "-f", str(self.directory / "usual.vcl")),
            *("-s", "malloc,64m", "-p", "vsl_space=20M"),
            # As short as ours: how long it waits for an origin that says nothing is not the question.
            *("-p", "first_byte_timeout=15", "-p", "between_bytes_timeout=5"),
        ]


class UsualNginx(Nginx):
    """nginx with a cache, and nothing else."""

    def configure(self) -> None:
        """Write the shortest nginx.conf."""
        text = _NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",
            here=self.directory,
            port=self.port,
            origin=self.origin,
        )
        (self.directory / "nginx.conf").write_text(text)


class UsualSquid(Squid):
    """Squid as an accelerator, and nothing else."""

    def configure(self) -> None:
        """Write the shortest squid.conf."""
        text = _SQUID.format(here=self.directory, port=self.port, origin=self.origin)
        (self.directory / "squid.conf").write_text(text)


USUAL: Final[tuple[type[Proxy], ...]] = (UsualVarnish, UsualNginx, UsualSquid)
