"""Profile every public read: `python -m benchmarks.profile --help`."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError

from benchmarks import content, machine
from benchmarks.report import progress

_SETTINGS: Final = "benchmarks.profile.settings"
_PACKAGE: Final = "benchmarks.profile"
_POSTS: Final = 20_000
_ROUNDS: Final = 11
KEPT_IN: Final = machine.ROOT / "var" / "profile"


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(2, f"python -m {_PACKAGE}: {message}\n")


def main(given: Sequence[str]) -> int:
    """Profile; return 1 if one of our own levels asks the database for too much, else 0."""
    parser = _parser()
    arguments = parser.parse_args(given)
    command = shlex.join(["python", "-m", _PACKAGE, *given])
    try:
        _set_up(arguments)
    except (ImproperlyConfigured, DatabaseError) as error:
        parser.error(f"--database-url: {str(error).partition(chr(10))[0]}")
    except OSError as error:
        parser.error(f"--into: {error}")
    except RuntimeError as error:
        return _not_measured(error)
    return profile(arguments, command)


def profile(arguments: argparse.Namespace, command: str) -> int:
    """Profile the database that Django is set up for; print, draw and keep what is found."""
    # These need Django.
    from benchmarks.profile import report  # noqa: PLC0415
    from benchmarks.profile.run import NoEndpoint, run  # noqa: PLC0415

    described = {**machine.description(), "command": command}
    progress(f"{described['processor']}, {described['cores']} cores, load {described['load_average_before']}")
    began = time.monotonic()
    try:
        outcome = run(rounds=arguments.rounds, only=arguments.only)
    except NoEndpoint as error:
        _parser().error(f"--only: {error}")
    except RuntimeError as error:
        return _not_measured(error)
    print(*report.sections(outcome), sep="\n")
    kept = report.keep(outcome, described, arguments.into)
    print(f"\nit took {time.monotonic() - began:.0f} s; everything that was recorded: {kept}", flush=True)
    return report.verdict(outcome)


def _not_measured(error: RuntimeError) -> int:
    print(f"profile: {error}", file=sys.stderr, flush=True)
    return 1


def _set_up(arguments: argparse.Namespace) -> None:
    """Make the database, and set Django up for it; Silk writes beside the results."""
    url = arguments.database_url or content.database_url(arguments.posts)
    arguments.into.mkdir(parents=True, exist_ok=True)
    variables = content.environment(
        url,
        DJANGO_SETTINGS_MODULE=_SETTINGS,
        ALLOWED_HOSTS="localhost",
        PROFILE_SILK=str(arguments.into / "silk.sqlite3"),
    )
    os.environ.clear()
    os.environ.update(variables)
    django.setup()
    # Silk's tables follow those of the service (`settings/silk.py`).
    call_command("migrate", verbosity=0, interactive=False)
    if arguments.database_url:
        call_command("fill", posts=arguments.posts)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=f"python -m {_PACKAGE}", description=__doc__)
    posts = "of the generated database, or to fill an empty one with (%(default)s)"
    parser.add_argument("--posts", type=_at_least(100), default=_POSTS, metavar="N", help=posts)
    rounds = "recordings of each endpoint at each level (%(default)s)"
    parser.add_argument("--rounds", type=_at_least(1), default=_ROUNDS, metavar="N", help=rounds)
    only = "only the endpoints whose names contain this"
    parser.add_argument("--only", default="", metavar="TEXT", help=only)
    url = "another database, such as a PostgreSQL; filled if empty, else only read"
    parser.add_argument("--database-url", metavar="URL", help=url)
    into = "where plots, results and Silk's recordings go (var/profile)"
    parser.add_argument("--into", type=Path, default=KEPT_IN, metavar="DIR", help=into)
    return parser


def _at_least(least: int) -> Any:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"need a whole number of at least {least}, got {text!r}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
