"""What can be said to `python -m loadtests`? Whom to ask, for how long, and what must come of it."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from loadtests import options
from loadtests.allotment import FEWEST_USERS
from loadtests.budgets import Budgets
from loadtests.scenarios import PURGED, SCENARIOS, Scenario
from loadtests.server import ROOT

_OUT: Final = ROOT / "var" / "load"
_USERS: Final = 100


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m loadtests: {message}\n")


def arguments_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = _Parser(
        prog="python -m loadtests",
        description="Load a server over HTTP, and write a report of what became of it.",
        epilog="scenarios: "
        + "; ".join(f"{one.name}: {one.about} ({_seconds(one):.0f} s)" for one in SCENARIOS.values()),
    )
    parser.add_argument(
        "scenario", nargs="?", default="short", type=options.scenario_name, help="one, or all (short)"
    )
    _about_the_server(parser.add_argument_group("the server"))
    _about_budgets(parser.add_argument_group("budgets, instead of the scenario's own"))
    options.add_load_options(parser)
    parser.add_argument("--out", type=Path, default=_OUT, metavar="DIR", help="for the report (var/load)")
    return parser


def arguments() -> argparse.Namespace:
    """Read the command line; leave with one line and status 2 if it is wrong."""
    parser = arguments_parser()
    told = parser.parse_args()
    if told.workers > 1 and told.stack != "full":
        parser.error(f"--workers {told.workers} needs --stack full: without Redis there is one worker")
    if told.reads_per_edit < told.reads_per_write:
        parser.error("need no more edits than writes: --reads-per-edit is less than --reads-per-write")
    if told.expiry is not None and not any(one.edge in PURGED for one in scenarios(told)):
        parser.error(f"--expiry {told.expiry} needs --edge varnish: others keep what they keep")
    if told.edge and told.host:
        parser.error("--edge is put in front of a server that is started here, not of --host")
    # Processes that are started here have a working directory of their own.
    told.out = told.out.resolve()
    told.traffic = told.traffic and str(Path(told.traffic).resolve())
    return told


def scenarios(told: argparse.Namespace) -> list[Scenario]:
    """Return what is to be run, with the bounds and lengths that were asked for."""
    named = list(SCENARIOS.values()) if told.scenario == "all" else [SCENARIOS[told.scenario]]
    bounds = {name: value for name in Budgets.__slots__ if (value := getattr(told, name, None)) is not None}
    return [
        replace(one, budgets=replace(one.budgets, **bounds), rate=told.rate or one.rate)
        for one in (each.stretched(told.stretch).behind(told.edge, told.expiry) for each in named)
    ]


def _about_the_server(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", metavar="URL", help="a server that runs already, instead of one of our own")
    group.add_argument(
        "--token",
        default=os.environ.get(options.TOKEN_VARIABLE, ""),
        help=f"of somebody who may write there (${options.TOKEN_VARIABLE}); none: only reads."
        " Titles of posts are changed, and stay changed",
    )
    group.add_argument("--posts", type=options.whole(1), default=2000, metavar="N", help="generated (2000)")
    group.add_argument("--data", metavar="DUMP", help="a Stack Exchange dump instead, with its real views")
    group.add_argument("--workers", type=options.whole(1), default=1, metavar="N", help="of gunicorn (1)")
    group.add_argument(
        "--stack",
        choices=("sqlite", "full"),
        default="sqlite",
        help="what is behind them; full: a PostgreSQL and a Redis, started for the run (sqlite)",
    )
    group.add_argument(
        "--users",
        type=options.whole(FEWEST_USERS),
        default=_USERS,
        metavar="N",
        help=f"connections, and so the most requests under way at once ({_USERS})",
    )
    group.add_argument(
        "--rebound",
        type=options.number(),
        default=None,
        metavar="SECONDS",
        help="after which a purge of the edge is repeated (the service's own)",
    )
    group.add_argument(
        "--processes",
        type=options.whole(1),
        default=1,
        metavar="N",
        help="of Locust; each can use one core (1)",
    )


def _about_budgets(group: argparse._ArgumentGroup) -> None:
    def bound(name: str, field: str, kind: object, what: str) -> None:
        group.add_argument(name, dest=field, type=kind, default=None, metavar="N", help=what)

    bound("--max-p99", "p99_seconds", options.number(above=0), "seconds that 99 of 100 requests may take")
    bound("--max-error-share", "error_share", options.share, "requests that fail, by all")
    bound("--max-5xx", "server_errors", options.whole(0), "answers with a status of 500 or more")
    bound("--max-stale-reads", "stale_reads", options.whole(0), "answers older than an acknowledged write")
    bound("--min-hit-ratio", "hit_ratio", options.share, "reads that are answered from memory")
    bound("--max-origin-share", "origin_share", options.share, "reads that an edge passes on, by all")
    bound("--min-kept-hit-ratio", "kept_hit_ratio", options.share, "of the second variant, by the first's")


def _seconds(scenario: Scenario) -> float:
    return scenario.seconds * len(scenario.variants)
