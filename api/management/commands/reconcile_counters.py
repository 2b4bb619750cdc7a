"""`manage.py reconcile_counters`: put right what the denormalised counters say."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from api.counters import reconcile


class Command(BaseCommand):
    help = "Compare the counters with what they count, and correct those that are wrong."

    def handle(self, **_options: Any) -> None:
        for counter, corrected in reconcile().items():
            self.stdout.write(f"{counter:<22} {corrected:>9,} corrected")
