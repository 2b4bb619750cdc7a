"""`manage.py generate_content --posts N --seed S`: fill the database with plausible content."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from tqdm import tqdm

from api.importers.generated.generator import Progress, generate

_MOST_POSTS = 100_000_000
_MOST_LEAD = 99  # Percent: the others want some posts, too.


class Command(BaseCommand):
    help = "Add generated posts with authors, tags, comments and likes: the same for the same seed."

    def add_arguments(self, parser: CommandParser) -> None:
        # Read as text and judged below: the parser's complaint would take several lines.
        parser.add_argument("--posts", default="2000", metavar="N", help="how many posts (default 2000)")
        parser.add_argument("--seed", default="1", metavar="S", help="a whole number (default 1)")
        parser.add_argument(
            "--lead",
            metavar="PERCENT",
            help="of the posts, for the first author, category and tag each (default: as Zipf's law gives)",
        )
        parser.add_argument(
            "--bulk",
            action="store_true",
            help="several times faster, on PostgreSQL: in one transaction for which everybody has to wait",
        )
        parser.add_argument(
            "--until", metavar="MOMENT", help="when the last of them was made (ISO 8601; default now)"
        )

    def handle(self, *, posts: Any, seed: Any, until: str | None, **options: Any) -> None:
        number, start = _whole("--posts", posts), perf_counter()
        if not 1 <= number <= _MOST_POSTS:
            raise CommandError(f"need 1 <= --posts <= {_MOST_POSTS}, got {number}", returncode=2)
        if options["bulk"] and connection.vendor != "postgresql":
            raise CommandError(f"--bulk needs PostgreSQL, got {connection.vendor}", returncode=2)
        seed_number, last_moment, lead = _whole("--seed", seed), _moment(until), _lead(options["lead"])
        with tqdm(total=number, desc="posts", unit="", leave=False, disable=None) as bar:
            made = generate(
                number,
                seed=seed_number,
                until=last_moment,
                lead=lead,
                in_bulk=options["bulk"],
                progress=Progress(bar.update, bar.set_postfix_str),
            )
        for kind, rows in made.items():
            self.stdout.write(f"{kind:<14}{rows:>12,}")
        seconds = perf_counter() - start
        self.stdout.write(f"in {seconds:.1f} s, {number / seconds:,.0f} posts/s")


def _whole(option: str, given: Any) -> int:
    try:
        return int(str(given))
    except ValueError:
        raise CommandError(f"{option} needs a whole number, got {given!r}", returncode=2) from None


def _lead(given: Any) -> float | None:
    if given is None:
        return None
    percent = _whole("--lead", given)
    if not 1 <= percent <= _MOST_LEAD:
        raise CommandError(f"need 1 <= --lead <= {_MOST_LEAD}, got {percent}", returncode=2)
    return percent / 100


def _moment(given: str | None) -> datetime:
    if given is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise CommandError(
            f"--until needs a moment such as 2024-01-31T12:00, got {given!r}", returncode=2
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
