"""How does gunicorn serve us? `gunicorn -c settings/gunicorn.py`, no argument more.

The `asgi` worker with the `fast` parser is what makes a hit cost little more than
the kernel's own work (`make bench`). One worker unless Redis keeps several coherent.
"""

import gc
import os
import sys
from typing import Any

wsgi_app = "settings.asgi:application"
worker_class = "settings.worker.Worker"  # gunicorn's `asgi`, and what it leaves to be said.
http_parser = "fast"
asgi_lifespan = "on"

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
backlog = 2048


def _whole(name: str, said: str | None, *, default: int, least: int = 0) -> int:
    """Return the number that a variable says; end with one line if it says none."""
    if said and not (said.isdecimal() and int(said) >= least):
        sys.exit(f"readpath: {name} needs a whole number of at least {least}, got {said!r}")
    return int(said) if said else default


workers = _whole("WORKERS", os.environ.get("WORKERS"), default=1, least=1)
if workers > 1 and not os.environ.get("REDIS_URL"):
    print(  # noqa: T201 - the logger is not set up yet, and a person is looking.
        f"readpath: WORKERS={workers} needs REDIS_URL, which keeps several workers coherent;"
        " serving with one worker.",
        file=sys.stderr,
    )
    workers = 1

# Seconds; longer than the edges in front of us keep an idle connection.
keepalive = _whole("KEEPALIVE", os.environ.get("KEEPALIVE"), default=75, least=1)
timeout = 60
graceful_timeout = 30  # For answers under way; idle connections are closed at once (settings/worker.py).
# A worker is replaced now and then, so that no leak of a dependency grows for ever.
max_requests = _whole("MAX_REQUESTS", os.environ.get("MAX_REQUESTS"), default=0)
max_requests_jitter = max_requests // 10
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
accesslog = os.environ.get("ACCESS_LOG") or None
errorlog = "-"
control_socket_disable = True
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")


def post_worker_init(worker: Any) -> None:
    """Take what was loaded out of the garbage collector's sight.

    Django's modules are some hundred thousand objects that live as long as the process. Each
    full collection would look at all of them again, in the middle of somebody's request.
    """
    del worker
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
