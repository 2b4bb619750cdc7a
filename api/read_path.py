"""How do the parts come together? Routes, L1, L2, builds and relay, from the settings."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection
from pathlib import Path

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from api import edges
from api.builds import PublicReads
from api.reference_rows import KINDS
from api.routes import PUBLIC_ROUTES
from api.surrogate_keys import collecting_rows
from api.urls import READS
from caching import standing
from caching.asgi import Lifespan, ReadPath
from caching.build_rate import BuildRate
from caching.coherence import Coherence, Start
from caching.confirming import Confirming
from caching.django_builds import DjangoBuilds, Stores
from caching.entry import Entry
from caching.flights import Flights, Others
from caching.l1 import L1
from caching.passing_on import PassingOn
from caching.purging import due
from caching.purging.purger import Purger
from caching.relaying import outbox, relay
from caching.relaying.invalidates import Invalidates
from caching.relaying.relay import Ownership, Relay
from caching.routes import RouteTable
from caching.rows import cache as rows
from caching.rows.cache import KeptRows
from caching.shared import connections
from caching.shared.fleet import Fleet
from caching.shared.tail import longest_command
from caching.standing import Standing
from caching.tiered import fleet as tiered_fleet
from caching.tiered import l1 as tiered_l1

_TRUSTED_WITHIN = 2.0  # Seconds after which a worker serves, trusted or not.


def read_path(django: WSGIHandler) -> ReadPath:
    """Put the read path in front of a Django application."""
    return _shared(django) if connections.is_configured() else _embedded(django)


def _embedded(django: WSGIHandler) -> ReadPath:
    """Serve a database alone: what this process relays is all there is to hear."""
    coherence = Coherence(L1(settings.READPATH["L1_BYTES"]))

    def store(entry: Entry, start: Start, *, is_composed: bool) -> bool:
        del is_composed  # What has been relayed was heard: nobody else relays.
        return coherence.store(entry, start=start.position)

    flights = _flights(coherence, store)
    purging = _purging(coherence)
    relaying = Relay(
        coherence,
        Ownership(_lock_path()),
        interval=settings.READPATH["RELAY_INTERVAL"],
        passed=purging.wake if purging else _nobody,
        tidy=due.bound,
    )

    async def startup() -> None:
        relay.activate(relaying)
        relaying.start()
        if purging is not None:
            purging.start()

    async def shutdown() -> None:
        if purging is not None:
            await asyncio.to_thread(purging.stop)
        relaying.stop()
        flights.close()

    standing.report_from(
        lambda: Standing.COHERENT if coherence.is_trusting() else Standing.STARTING,
    )
    return _front(django, coherence, flights, Lifespan(startup, shutdown))


def _shared(django: WSGIHandler) -> ReadPath:
    """Serve beside other workers: what any of them relays is heard through Redis."""
    lease = settings.READPATH["LEASE"]
    coherence = Coherence(L1(settings.READPATH["L1_BYTES"]), leased=True)
    kept = KeptRows(coherence, KINDS)

    def heard(keys: Collection[str]) -> None:
        tiered_l1.dropped(keys)
        kept.heard(keys)

    fleet = Fleet(
        connections.client(),
        coherence,
        lease=lease,
        heard=heard,
        unsettled=lambda: relaying.wake(),  # noqa: PLW0108 - it is made below.
        variant=edges.labelling().variant,
    )
    purging = _purging(fleet, lease=lease)
    relaying = Relay(
        fleet,
        None,
        interval=settings.READPATH["RELAY_INTERVAL"],
        lease=lease,
        passes=fleet,
        passed=purging.wake if purging else _nobody,
        tidy=due.bound,
    )
    confirming = Confirming(outbox.look, coherence, is_reported=relay.changes_are_reported, most=outbox.BATCH)
    flights = _flights(coherence, fleet.store, fleet)

    def close() -> None:
        confirming.close()
        flights.close()

    standing.report_from(fleet.standing)
    return _front(django, coherence, flights, _working(fleet, relaying, purging, kept, close), confirming)


def _nobody() -> None:
    """Tell nobody."""


def _purging(coherence: Invalidates, *, lease: float = 0.0) -> Purger | None:
    """Return who tells the edges, if there are any and it is for the workers to do."""
    return edges.purger(coherence, lease=lease) if edges.edges() and settings.READPATH["PURGER"] else None


def _working(
    fleet: Fleet, relaying: Relay, purging: Purger | None, kept: KeptRows, close: Callable[[], None]
) -> Lifespan:
    """Return the life of a worker among others."""
    patience = longest_command(settings.READPATH["LEASE"], settings.READPATH["REDIS_TIMEOUT"])
    tasks: list[asyncio.Task[None]] = []

    async def startup() -> None:
        relay.activate(relaying)
        relaying.start()
        tiered_fleet.connect(connections.ALIAS, fleet)
        rows.connect(kept)
        await fleet.start(
            connections.async_client(),
            connections.async_client(timeout=patience),
            within=_TRUSTED_WITHIN,
        )
        tasks.append(asyncio.create_task(standing.log_changes()))
        if purging is not None:
            purging.start()

    async def shutdown() -> None:
        for task in tasks:
            task.cancel()
        if purging is not None:
            await asyncio.to_thread(purging.stop)
        # Before the rest: so no writer waits for a worker that applies nothing any more.
        tiered_fleet.disconnect(connections.ALIAS)
        rows.disconnect()
        await fleet.stop()
        await connections.close_async_clients()
        relaying.stop()
        close()

    return Lifespan(startup, shutdown)


def _flights(
    coherence: Coherence,
    store: Stores,
    others: Others | None = None,
) -> Flights:
    options = settings.READPATH
    return Flights(
        DjangoBuilds(
            PublicReads(READS), coherence, store, observing=collecting_rows, labelling=edges.labelling()
        ),
        coherence,
        threads=options["BUILD_THREADS"],
        queue=options["BUILD_QUEUE"],
        others=others,
    )


def _front(
    django: WSGIHandler,
    coherence: Coherence,
    flights: Flights,
    lifespan: Lifespan,
    confirming: Confirming | None = None,
) -> ReadPath:
    options = settings.READPATH
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
        lifespan=lifespan,
        confirming=confirming,
        trusted_proxies=options["TRUSTED_PROXIES"],
        labelling=edges.labelling(),
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
