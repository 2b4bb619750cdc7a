"""How do the parts come together? Routes, L1, builds and relay, from the settings."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from api.routes import PUBLIC_ROUTES
from api.surrogate_keys import collecting_rows
from caching import relay
from caching.asgi import Lifespan, ReadPath
from caching.build_rate import BuildRate
from caching.coherence import Coherence
from caching.django_builds import DjangoBuilds
from caching.flights import Flights
from caching.l1 import L1
from caching.passing_on import PassingOn
from caching.relay import Ownership, Relay
from caching.routes import RouteTable


def read_path(django: WSGIHandler) -> ReadPath:
    """Put the read path in front of a Django application."""
    options = settings.READPATH
    coherence = Coherence(L1(options["L1_BYTES"]))
    builds = DjangoBuilds(django, coherence, observing=collecting_rows)
    flights = Flights(builds, coherence, threads=options["BUILD_THREADS"], queue=options["BUILD_QUEUE"])
    relaying = Relay(coherence, Ownership(_lock_path()), interval=options["RELAY_INTERVAL"])

    def startup() -> None:
        relay.activate(relaying)
        relaying.start()

    def shutdown() -> None:
        relaying.stop()
        flights.close()

    return ReadPath(
        routes=RouteTable(PUBLIC_ROUTES),
        coherence=coherence,
        flights=flights,
        build_rate=BuildRate(options["BUILD_RATE"], options["BUILD_BURST"]),
        django=PassingOn(
            django,
            threads=options["DJANGO_THREADS"],
            longest_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        ),
        lifespan=Lifespan(startup, shutdown),
        trusted_proxies=options["TRUSTED_PROXIES"],
    )


def _lock_path() -> Path:
    """Return the file whose lock stands for the outbox of our database, on this machine."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return Path(f"{database['NAME']}.relay")
    address = "/".join(str(database[part]) for part in ("HOST", "PORT", "NAME"))
    digest = hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
    directory: Path = settings.VAR_DIR
    directory.mkdir(exist_ok=True)
    return directory / f"outbox-{digest}.relay"
