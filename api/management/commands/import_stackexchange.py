"""`manage.py import_stackexchange PATH`: take over a Stack Exchange site from its dump."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from api.importers.stackexchange.dump import Dump, NotADump, open_dump
from api.importers.stackexchange.site import PASSES, import_dump


class Command(BaseCommand):
    help = "Import a Stack Exchange dump. All of it or nothing; doing it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        # Not required as far as the parser knows: its complaint would take several lines.
        parser.add_argument("path", nargs="?", help="the dump of one site: a folder, a .zip or a .7z")
        parser.add_argument(
            "--site", help="the site's host name, where neither folder nor file is called like it"
        )

    def handle(self, *, path: str | None, site: str | None, **_options: Any) -> None:
        if not path:
            raise CommandError("need the path of a dump: import_stackexchange PATH", returncode=2)
        try:
            with open_dump(Path(path), site) as dump, _progress(dump) as bar:
                report = import_dump(dump, bar.update)
        except NotADump as reason:
            raise CommandError(str(reason), returncode=2) from reason
        for line in report.lines():
            self.stdout.write(line)


def _progress(dump: Dump) -> tqdm[Any]:
    """Return a progress bar over the bytes to read, silent where nobody is watching."""
    total = sum(dump.size(table) for table in PASSES)
    return tqdm(total=total, desc=dump.site, unit="B", unit_scale=True, leave=False, disable=None)
