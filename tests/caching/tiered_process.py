"""Processes that share a Redis by way of Django's cache: this one, and real others.

`following()` gives this process a tail, as a worker has one, in the event loop of a thread.
`Other` is a second process, told line by line what to run; it may follow too.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Self

from django.conf import settings
from django.test import override_settings

from caching.coherence import Coherence
from caching.l1 import L1
from caching.shared import connections
from caching.shared.fleet import Fleet
from caching.shared.tail import longest_command
from caching.tiered import fleet as tiered_fleet
from caching.tiered import l1 as tiered_l1
from settings.redis import shared_store
from tests.redis import PATIENCE
from tests.server import ROOT

_LOOP = """
import json, sys, traceback
import django
django.setup()
from django.core.cache import cache
from tests.caching import tiered_process
print(json.dumps({"value": None}), flush=True)
for line in sys.stdin:
    try:
        exec(json.loads(line), globals())
        print(json.dumps({"value": globals().pop("result", None)}), flush=True)
    except BaseException:
        print(json.dumps({"error": traceback.format_exc()}), flush=True)
"""


LEASE = 2.0
LONG_LEASE = 4.0  # Where nothing is about its end, so that a busy machine cannot end it either.


@contextmanager
def using(redis_url: str, *, lease: float = LEASE) -> Iterator[None]:
    """Let Django's cache be the one over this Redis, which may take its time to answer."""
    readpath = {**settings.READPATH, "LEASE": lease, "REDIS_TIMEOUT": lease / 4}
    caches = {
        "default": {"BACKEND": "caching.tiered.backend.TieredCache", "LOCATION": connections.ALIAS},
        connections.ALIAS: shared_store(redis_url, timeout=readpath["REDIS_TIMEOUT"]),
    }
    with override_settings(CACHES=caches, READPATH=readpath):
        # What a test before this one has found out about the same Redis.
        tiered_fleet._without_tail.cache_clear()
        try:
            yield
        finally:
            connections.client().connection_pool.disconnect()


@contextmanager
def following(*, slowly: float = 0.0) -> Iterator[Fleet]:
    """Let this process follow the log, and hold values in its L1, for as long as the block takes.

    `slowly`: seconds that it takes to apply a record. A writer who did not wait would be caught.
    """
    lease = settings.READPATH["LEASE"]

    def heard(keys: Collection[str]) -> None:
        time.sleep(slowly)
        tiered_l1.dropped(keys)

    coherence = Coherence(L1(1_000_000), leased=True)
    # There is no database here whose changes could be unreported.
    fleet = Fleet(connections.client(), coherence, lease=lease, heard=heard, unsettled=coherence.trust)
    joined, ended = threading.Event(), threading.Event()

    async def relay() -> None:
        # Leases count from when an outbox was looked at; this one is empty.
        while True:
            with fleet.looking():
                await asyncio.sleep(lease / 50)

    async def follow() -> None:
        timeout = longest_command(lease, settings.READPATH["REDIS_TIMEOUT"])
        reading, tailing = connections.async_client(), connections.async_client(timeout=timeout)
        relaying = asyncio.create_task(relay())
        await fleet.start(reading, tailing, within=PATIENCE)
        joined.set()
        await asyncio.to_thread(ended.wait)
        relaying.cancel()
        await fleet.stop()
        await connections.close_async_clients()

    thread = threading.Thread(target=asyncio.run, args=[follow()], daemon=True)
    thread.start()
    try:
        assert joined.wait(2 * PATIENCE)
        assert fleet.is_coherent()
        tiered_fleet.connect(connections.ALIAS, fleet)
        yield fleet
    finally:
        tiered_fleet.disconnect(connections.ALIAS)
        tiered_l1.dropped({tiered_l1.ALL_VALUES})
        ended.set()
        thread.join(PATIENCE)


class Other:
    """A second process on the same Redis, with Django set up."""

    def __init__(self, redis_url: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LOOP],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "settings.testing",
                "REDIS_URL": redis_url,
                "READPATH_REDIS_TIMEOUT": str(settings.READPATH["REDIS_TIMEOUT"]),
                "READPATH_LEASE": str(settings.READPATH["LEASE"]),
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> Any:
        """Run the code; return what it assigned to `result`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def __enter__(self) -> Self:
        self._answer()  # It is up.
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.process.stdout.close()
