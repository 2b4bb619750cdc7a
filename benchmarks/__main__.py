"""Measure, and print what was found beside what was aimed at: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from benchmarks import depth, hits, machine, memory, steps
from benchmarks.report import Section, keep, progress

_SECTIONS = ("hits", "steps", "depth", "memory")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m benchmarks: {message}\n")


def main() -> int:
    """Run the sections that were asked for; return 0 if all of them could be measured."""
    arguments = _arguments()
    found: list[Section] = []
    described = machine.description()
    began = time.monotonic()
    progress(f"{described['processor']}, {described['cores']} cores, load {described['load_average_before']}")
    for name in _SECTIONS:
        if arguments.section in {name, "all"}:
            for section in _run(name, arguments):
                print(section, flush=True)
                found.append(section)
    missed = [str(aim) for section in found for aim in section.aims if not aim.is_reached]
    aims = sum(len(section.aims) for section in found)
    print(
        f"\n{aims - len(missed)} of {aims} aims reached; it took {time.monotonic() - began:.0f} s", flush=True
    )
    for aim in missed:
        print(f"  {aim}")
    print(f"everything that was measured: {keep(found, described)}")
    return 0


def _run(name: str, arguments: argparse.Namespace) -> list[Section]:
    if name == "hits":
        return [hits.run(rounds=arguments.rounds, seconds=arguments.seconds)]
    if name == "steps":
        return [steps.run(rounds=arguments.rounds)]
    if name == "depth":
        return depth.run(posts=arguments.posts, rounds=arguments.rounds, database_url=arguments.database_url)
    return [memory.run(posts=arguments.posts, urls=arguments.urls)]


def _arguments() -> argparse.Namespace:
    parser = _Parser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="?", default="all", choices=(*_SECTIONS, "all"), help="(all)")

    def option(name: str, least: int, default: int, what: str) -> None:
        parser.add_argument(
            name, type=_at_least(least), default=default, metavar="N", help=f"{what} (%(default)s)"
        )

    option("--posts", 1000, depth.POSTS, "generated posts for depth and memory")
    option("--seconds", 1, 3, "for each contender in each round of hits")
    option("--rounds", 1, 5, "of hits, steps and depth")
    option("--urls", 1000, memory.URLS, "to walk over in memory")
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="another database for depth, such as a PostgreSQL; filled if empty",
    )
    return parser.parse_args()


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"need a whole number of at least {least}, got {text!r}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
