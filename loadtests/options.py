"""What can be said about the load? The same words for our command and for Locust's.

`python -m loadtests` hands on to Locust what it was told, and a long or distributed run tells
Locust itself, so the options are declared once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Final

from loadtests.mix import Mix
from loadtests.replay import TRACES
from loadtests.scenarios import EDGES, SCENARIOS

TOKEN_VARIABLE: Final = "LOAD_TOKEN"  # noqa: S105 - the name of one.


def add_load_options(parser: argparse.ArgumentParser) -> None:
    """Declare what is asked, and when."""
    mix = Mix()

    def option(name: str, kind: Callable[[str], Any], default: Any, what: str, metavar: str = "N") -> None:
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=what)

    option("--rate", number(above=0), None, "mean requests per second (the scenario's own: 100 or 200)")
    option("--stretch", number(above=0), 1.0, "times as long: 0.5 halves every phase (1)")
    option("--seed", whole(0), 1, "of all that is drawn (1)")
    option("--zipf", number(), 1.0, "exponent of the popularity; 0.75 and 1.3 are worth a look (1.0)")
    option("--variation", number(), 1.4, "coefficient of variation of the gaps between arrivals (1.4)")
    option("--conditional", share, mix.conditional, "share of reads with a validator (0.15)", "SHARE")
    option("--not-found", share, mix.not_found, "share of reads of what is not there (0.02)", "SHARE")
    option("--head", share, mix.head, "share of reads that are HEAD (0.004)", "SHARE")
    option("--crawled", share, mix.crawled, "requests of crawlers, by reads (0.02)", "SHARE")
    option("--reads-per-edit", whole(1), 500, "reads for each edit (500)")
    option("--reads-per-write", whole(1), 150, "reads for each write of any kind (150)")
    option("--grace", number(), 1.0, "seconds that a purge of the edge may take after the write (1)")
    option(
        "--expiry",
        whole(1),
        None,
        "seconds that the edge keeps answers, told of no write",
        "SECONDS",
    )
    parser.add_argument("--edge", choices=EDGES, default=None, help="a cache in front of the server (none)")
    # A text, not a Path: Locust sends the options to other processes, and can send plain values only.
    option("--traffic", str, None, "folder of the recorded traces, for replay", "DIR")
    parser.add_argument("--trace", choices=TRACES, default=TRACES[0], help=f"which of them ({TRACES[0]})")


def load_arguments(options: argparse.Namespace) -> list[str]:
    """Return the options that `add_load_options` declares, spelled for another command line."""
    parser = argparse.ArgumentParser(add_help=False)
    add_load_options(parser)
    spelled = []
    for action in parser._actions:
        value = getattr(options, action.dest)
        if value is not None:
            spelled += [action.option_strings[0], str(value)]
    return spelled


def mix_of(options: argparse.Namespace) -> Mix:
    """Return the shares that were asked for."""
    return Mix(
        conditional=options.conditional,
        not_found=options.not_found,
        head=options.head,
        edits=1 / options.reads_per_edit,
        writes=1 / options.reads_per_write,
        crawled=options.crawled,
    )


def number(*, above: float | None = None) -> Callable[[str], float]:
    """Return a reader of numbers of at least 0, or above something."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf") or (above is not None and value <= above):
            least = "of at least 0" if above is None else f"above {above:g}"
            raise argparse.ArgumentTypeError(f"need a number {least}, got {text!r}")
        return value

    return read


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    value = number()(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"need a share from 0 to 1, got {text!r}")
    return value


def whole(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"need a whole number of at least {least}, got {text!r}")
        return int(text)

    return read


def scenario_name(text: str) -> str:
    """Read the name of a scenario, or `all`."""
    if text not in {*SCENARIOS, "all"}:
        raise argparse.ArgumentTypeError(f"need one of {', '.join(SCENARIOS)} and all, got {text!r}")
    return text
