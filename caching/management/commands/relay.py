"""Pass on what the database has written down, apart from the workers that serve."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from caching.coherence import OutOfReach
from caching.purging import due
from caching.relaying.relay import Relay
from caching.shared.onlooker import Onlooker


class Command(BaseCommand):
    help = "Relay changes from the outbox to all workers, until SIGTERM or SIGINT. Needs REDIS_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="relay what waits now, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        if not settings.REDIS_URL:
            raise CommandError("REDIS_URL is not set: without Redis only who serves can relay", returncode=2)

        relay = Relay(Onlooker(), None, interval=settings.READPATH["RELAY_INTERVAL"], tidy=due.bound)
        if options["once"]:
            try:
                relayed = relay.relay()
            except (DatabaseError, OutOfReach) as error:
                raise CommandError(f"what waits was not relayed, and waits on: {error}") from error
        else:
            for ending in (signal.SIGTERM, signal.SIGINT):
                signal.signal(ending, lambda *_: relay.end())
            relay.run()
            relayed = relay.relayed
        self.stdout.write(f"relayed {relayed:,} rows of the outbox")
