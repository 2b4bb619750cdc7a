"""Say that something has changed which the triggers could not see: a restore, a table replaced."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from caching.models import Outbox
from caching.surrogate_keys import EVERYTHING, surrogate_key


class Command(BaseCommand):
    help = "Invalidate surrogate keys, such as post:42 or posts:tag=9, or everything."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("keys", nargs="*", metavar="KEY", help="a surrogate key; post:* means every post")
        parser.add_argument("--all", action="store_true", help="everything that is stored")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        keys = {surrogate_key(label) for label in options["keys"]}
        if options["all"] == bool(keys):
            raise CommandError("name the keys to invalidate, or --all, and not both", returncode=2)
        if options["all"]:
            keys = {EVERYTHING}
        # By the way of every other change: whoever serves relays it, within one look at the outbox.
        Outbox.objects.bulk_create([Outbox(key=key) for key in sorted(keys)])
        self.stdout.write(f"{len(keys)} keys will be invalidated by whoever serves this database")
