"""Give a fresh database something to serve."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from api.models import Post


class Command(BaseCommand):
    help = "Import a dump if one is named; else generate content, unless there is some already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", metavar="DUMP", help="a Stack Exchange dump: folder, .zip or .7z")
        parser.add_argument(
            "--posts", type=int, default=2000, help="how many posts to generate (default 2000)"
        )
        parser.add_argument("--seed", type=int, default=1, help="of the generated content (default 1)")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        if options["data"]:
            call_command("import_stackexchange", options["data"], stdout=self.stdout, stderr=self.stderr)
        elif not Post.objects.exists():
            call_command(
                "generate_content",
                posts=options["posts"],
                seed=options["seed"],
                stdout=self.stdout,
                stderr=self.stderr,
            )
