"""Measure, and print what was found beside what was aimed at: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from benchmarks import machine, page, plots, sections
from benchmarks.report import Section, keep, new_path, progress

_ALL: Final = "all"
# What can be chosen -> the least, and what it is. Each section takes those that it has a use for.
_NUMBERS: Final = {
    "posts": (1000, "generated posts"),
    "rounds": (1, "in which all contenders are measured, one after the other"),
    "seconds": (1, "for each contender in each round"),
    "urls": (1000, "to walk over in memory"),
    "writes": (10, "random ones, while faults of all kinds happen (edge)"),
    "seed": (0, "of what is random (edge)"),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m benchmarks: {message}\n")


def main() -> int:
    """Run the sections that were asked for; return 0 if all of them could be measured."""
    parser = _parser()
    arguments = vars(parser.parse_args())
    section, plotted = arguments.pop("section"), arguments.pop("plots")
    given = {name: value for name, value in arguments.items() if value is not None}
    described = machine.description()
    progress(f"{described['processor']}, {described['cores']} cores, load {described['load_average_before']}")
    began, path = time.monotonic(), new_path()
    found: list[Section] = []
    failed = False
    for name in sections.OFFERED if section == _ALL else [section]:
        command = _command(name, given)
        try:
            new = sections.run(name, given, plotted=plotted, command=command, strict=section != _ALL)
        except sections.NotTaken as error:
            parser.error(f"{name}: {error}")
        except RuntimeError as error:
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        print(*new, sep="\n", flush=True)
        found += new
        # After each of them: who stops a run of an hour has what was measured until then.
        _keep(path, found, described)
    _conclude(found, seconds=time.monotonic() - began)
    if found:
        print(f"everything that was measured: {path}")
        print(f"all tables and plots together: {path.with_suffix('.html')}")
    return 1 if failed else 0


def _keep(path: Path, found: list[Section], described: dict[str, Any]) -> None:
    keep(found, described, path=path)
    page.write(path.with_suffix(".html"), found, described)


def _conclude(found: list[Section], *, seconds: float) -> None:
    aims = [aim for section in found for aim in section.aims]
    missed = [aim for aim in aims if not aim.is_reached]
    reached = f"{len(aims) - len(missed)} of {len(aims)} aims reached" if aims else "no aims here"
    print(f"\n{reached}; it took {seconds:.0f} s")
    for aim in missed:
        print(f"  {aim}")


def _command(name: str, given: dict[str, Any]) -> str:
    """Return what makes a section's plots anew; where data lie on this machine is left out."""
    options = [f"--{option}={given[option]}" for option in _NUMBERS if option in given]
    if "database_url" in given:
        options.append(f"--database-url={given['database_url'].partition(':')[0]}://…")
    return " ".join(["python -m benchmarks", name, *options])


def _parser() -> argparse.ArgumentParser:
    offered = [f"  {name:10} {offer.what}" for name, offer in sections.OFFERED.items()]
    parser = _Parser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="\n".join(["sections:", *offered]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = (*sections.OFFERED, _ALL)
    parser.add_argument("section", nargs="?", default=_ALL, choices=choices, metavar="SECTION", help="(all)")
    for name, (least, what) in _NUMBERS.items():
        parser.add_argument(f"--{name}", type=_at_least(least), metavar="N", help=what)
    parser.add_argument(
        "--database-url", metavar="URL", help="another database, such as a PostgreSQL; filled if empty"
    )
    parser.add_argument("--traffic", type=_directory, metavar="DIR", help="recorded traffic, for replay")
    parser.add_argument(
        "--plots", type=Path, default=plots.DIRECTORY, metavar="DIR", help="where to (var/bench/plots)"
    )
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"need a whole number of at least {least}, got {text!r}")
        return int(text)

    return number


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"need a directory, got {text!r}")
    return path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # As a shell says it; what was measured until then is kept.
