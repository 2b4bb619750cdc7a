"""Measure one thing about edges: `python -m benchmarks.edge PART` (all: `python -m benchmarks edge`)."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from benchmarks import machine, plots
from benchmarks.edge import PARTS, ROUNDS, SECONDS, SEED, WRITES, measured
from benchmarks.report import keep


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m benchmarks.edge: {message}\n")


def main() -> int:
    """Measure one part and show what was found."""
    parser = _Parser(prog="python -m benchmarks.edge", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--rounds", type=_number, default=ROUNDS, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--seconds", type=_number, default=int(SECONDS), metavar="N", help="of hits, each (%(default)s)"
    )
    parser.add_argument("--writes", type=_number, default=WRITES, metavar="N", help="of chaos (%(default)s)")
    parser.add_argument("--seed", type=_number, default=SEED, metavar="N", help="of chaos (%(default)s)")
    arguments = vars(parser.parse_args())
    part = arguments.pop("part")
    described = machine.description()
    plots.put(plots.DIRECTORY, command=f"python -m benchmarks.edge {part}")
    try:
        found = measured([part], **arguments)
    except (RuntimeError, OSError, AssertionError) as error:
        print(f"{part}: {error}", file=sys.stderr)
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
