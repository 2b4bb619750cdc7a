"""Tell the edges by hand, see how they stand, or purge apart from the workers that serve."""

from __future__ import annotations

import json
import signal
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from caching import purge_queue
from caching.coherence import Coherence
from caching.edges import configuration
from caching.l1 import L1
from caching.purging import named
from caching.purging.purger import Purger
from caching.purging.role import Role
from caching.purging.standing import Standing, standings
from caching.relaying.invalidates import Invalidates
from caching.shared.onlooker import Onlooker
from caching.surrogate_keys import EVERYTHING

_MODES: Final = ("all", "status", "once", "follow", "forget")


class Command(BaseCommand):
    help = "Purge surrogate keys, such as post:42 or posts:tag=9, or everything: inside, then at every edge."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("keys", nargs="*", metavar="KEY", help="a surrogate key; post:* means every post")
        parser.add_argument("--all", action="store_true", help="everything that is kept")
        parser.add_argument(
            "--hard", action="store_true", help="drop it, instead of asking whether it changed"
        )
        parser.add_argument(
            "--status", action="store_true", help="show what waits for each edge, and what fails"
        )
        parser.add_argument("--json", action="store_true", help="show it as JSON")
        parser.add_argument("--once", action="store_true", help="tell the edges what is due, and end")
        parser.add_argument("--follow", action="store_true", help="tell the edges, until SIGTERM or SIGINT")
        parser.add_argument("--forget", metavar="EDGE", help="tell an edge nothing any more")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        _check(options)
        try:
            self._do(options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=2) from None
        except DatabaseError as error:
            raise CommandError(f"the database cannot be used: {error}".splitlines()[0]) from None

    def _do(self, options: dict[str, Any]) -> None:
        if options["status"]:
            self._show(standings(), as_json=options["json"])
        elif options["once"]:
            self._purge_once()
        elif options["follow"]:
            self._follow()
        elif options["forget"]:
            self._forget(options["forget"])
        else:
            self._record([EVERYTHING] if options["all"] else options["keys"], is_hard=options["hard"])

    def _record(self, labels: list[str], *, is_hard: bool) -> None:
        try:
            keys = {named.purgeable_key(label) for label in labels}
        except named.NotAKey as error:
            raise CommandError(str(error), returncode=2) from None
        named.purge(keys, is_hard=is_hard)
        edges = ", ".join(sorted(purge_queue.registered())) or "none, for none has ever been told of changes"
        self.stdout.write(f"to be invalidated by whoever serves this database: {_keys(len(keys))}")
        self.stdout.write(f"to be {'dropped' if is_hard else 'purged'} then at these edges: {edges}")

    def _purge_once(self) -> None:
        purger = _purger()
        is_ours = purger.drain()
        left = [standing for standing in standings() if standing.waiting]
        if left:
            waiting = "; ".join(f"{_keys(one.waiting)} for {one.name}{_because(one)}" for one in left)
            raise CommandError(f"{'' if is_ours else 'another process purges, '}still waiting: {waiting}")
        self.stdout.write(f"nothing waits that is due; calls made: {purger.calls:,}")

    def _follow(self) -> None:
        purger = _purger()
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: purger.end())
        purger.run()
        self.stdout.write(f"calls made: {purger.calls:,}")

    def _forget(self, name: str) -> None:
        if name in {edge.name for edge in configuration.configured(settings.READPATH)}:
            raise CommandError(
                f"{name} would be told again: take it out of READPATH_EDGES first", returncode=2
            )
        if not purge_queue.forget(name):
            known = ", ".join(sorted(purge_queue.registered())) or "none"
            raise CommandError(f"no edge is told of changes by this name; there are: {known}", returncode=2)
        self.stdout.write(f"{name} is told nothing any more")

    def _show(self, found: list[Standing], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({standing.name: standing.shown() for standing in found}, indent=2))
            return
        if not found:
            self.stdout.write("no edge has ever been told of changes")
            return
        rows = [_HEADINGS, *(_row(standing) for standing in found)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def _check(options: dict[str, Any]) -> None:
    """Refuse what says two things, or none."""
    modes = [mode for mode in _MODES if options[mode]]
    if len(modes) + bool(options["keys"]) != 1:
        raise CommandError(
            "name the keys to purge, or one of --all, --status, --once, --follow, --forget EDGE", returncode=2
        )
    if options["hard"] and not (options["keys"] or options["all"]):
        raise CommandError("--hard says how to purge KEY… or --all", returncode=2)
    if options["json"] and not options["status"]:
        raise CommandError("--json says how to show --status", returncode=2)


def _purger() -> Purger:
    edges = configuration.configured(settings.READPATH)
    if not edges:
        raise CommandError("READPATH_EDGES names no edge to be told", returncode=2)
    return Purger(
        edges,
        _coherence(),
        Role.of(connection),
        interval=settings.READPATH["RELAY_INTERVAL"],
        lease=settings.READPATH["LEASE"] if settings.REDIS_URL else 0.0,
    )


def _coherence() -> Invalidates:
    """Return who knows when the workers have heard of a change."""
    # Without Redis, what is queued has been applied by the one process that serves: nobody to wait for.
    return Onlooker() if settings.REDIS_URL else Coherence(L1(1))


_HEADINGS: Final = ("edge", "waiting", "oldest", "again", "failing for", "purged", "calls", "keys", "reason")


def _row(standing: Standing) -> tuple[str, ...]:
    return (
        standing.name,
        f"{standing.waiting:,}",
        _duration(standing.oldest if standing.waiting else None),
        f"{standing.again:,}",
        _duration(standing.failing_for),
        "never" if standing.purged_ago is None else f"{_duration(standing.purged_ago)} ago",
        f"{standing.calls:,}",
        f"{standing.keys:,}",
        standing.reason or "-",
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def _keys(count: int) -> str:
    return f"{count:,} key{'' if count == 1 else 's'}"


def _because(standing: Standing) -> str:
    return f" ({standing.reason})" if standing.reason else ""
