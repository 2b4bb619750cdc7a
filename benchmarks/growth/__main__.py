"""Measure how one thing grows: `python -m benchmarks.growth AXIS` (all: `python -m benchmarks growth`)."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from benchmarks import machine, plots
from benchmarks.growth import AXES, POSTS, ROUNDS, measured
from benchmarks.report import keep


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m benchmarks.growth: {message}\n")


def main() -> int:
    """Measure one axis and show what was found."""
    parser = _Parser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("axis", choices=tuple(AXES))
    parser.add_argument("--posts", type=_number, default=POSTS, metavar="N", help="at most (%(default)s)")
    parser.add_argument("--rounds", type=_number, default=ROUNDS, metavar="N", help="(%(default)s)")
    arguments = parser.parse_args()
    described = machine.description()
    plots.put(plots.DIRECTORY, command=f"python -m benchmarks.growth {arguments.axis}")
    try:
        found = measured([arguments.axis], posts=arguments.posts, rounds=arguments.rounds)
    except (RuntimeError, OSError) as error:
        print(f"{arguments.axis}: {error}", file=sys.stderr)
        return 1
    print(*found, sep="\n", flush=True)
    print(f"\neverything that was measured: {keep(found, described)}")
    return 0


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"need a whole number of at least 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
