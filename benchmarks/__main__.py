"""Measure, and print what was found beside what was aimed at: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from benchmarks import coherence, depth, hits, machine, memory, steps, tiers
from benchmarks.report import Section, keep, progress

_SECONDS_OF_HITS = 3
_SECTIONS = ("hits", "steps", "depth", "memory", "coherence", "tiers")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m benchmarks: {message}\n")


def main() -> int:
    """Run the sections that were asked for; return 0 if all of them could be measured."""
    arguments = _arguments()
    described = machine.description()
    progress(f"{described['processor']}, {described['cores']} cores, load {described['load_average_before']}")
    began = time.monotonic()
    found: list[Section] = []
    failed = False
    for name in _SECTIONS:
        if arguments.section in {name, "all"}:
            try:
                sections = _run(name, arguments)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                failed = True
                continue
            print(*sections, sep="\n", flush=True)
            found += sections
    _conclude(found, described, seconds=time.monotonic() - began)
    return 1 if failed else 0


def _conclude(found: list[Section], described: dict[str, Any], *, seconds: float) -> None:
    aims = [aim for section in found for aim in section.aims]
    missed = [aim for aim in aims if not aim.is_reached]
    reached = f"{len(aims) - len(missed)} of {len(aims)} aims reached" if aims else "no aims here"
    print(f"\n{reached}; it took {seconds:.0f} s")
    for aim in missed:
        print(f"  {aim}")
    print(f"everything that was measured: {keep(found, described)}")


def _run(name: str, arguments: argparse.Namespace) -> list[Section]:
    if name == "hits":
        return [hits.run(rounds=arguments.rounds, seconds=arguments.seconds or _SECONDS_OF_HITS)]
    if name == "steps":
        return [steps.run(rounds=arguments.rounds)]
    if name == "depth":
        return depth.run(posts=arguments.posts, rounds=arguments.rounds, database_url=arguments.database_url)
    if name == "coherence":
        return coherence.run(rounds=arguments.rounds)
    if name == "tiers":
        return tiers.run(rounds=arguments.rounds, seconds=arguments.seconds or tiers.SECONDS)
    return [memory.run(posts=arguments.posts, urls=arguments.urls)]


def _arguments() -> argparse.Namespace:
    parser = _Parser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="?", default="all", choices=(*_SECTIONS, "all"), help="(all)")

    def option(name: str, least: int, default: int | None, what: str) -> None:
        told = what if default is None else f"{what} (%(default)s)"
        parser.add_argument(name, type=_at_least(least), default=default, metavar="N", help=told)

    option("--posts", 1000, depth.POSTS, "generated posts for depth and memory")
    option(
        "--seconds",
        1,
        None,
        f"for each contender in each round of hits ({_SECONDS_OF_HITS}), tiers ({tiers.SECONDS})",
    )
    option("--rounds", 1, 5, "of hits, steps, depth, coherence and tiers")
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
