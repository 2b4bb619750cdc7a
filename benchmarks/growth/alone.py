"""How is something measured that must not find what others have left in memory?

In a process of its own, begun from nothing, with Django set up for one database; NO_DATABASE is
for what asks none. What is found comes back by pickle.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final, ParamSpec, TypeVar

from benchmarks import content

NO_DATABASE: Final = "sqlite://:memory:"

Taken = ParamSpec("Taken")
Found = TypeVar("Found")


def process(database_url: str, **variables: str) -> ProcessPoolExecutor:
    """Return a process, as long as the block, whose Django uses this database and these variables."""
    environment = content.environment(database_url, **variables)
    return ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_set_up, initargs=(environment,)
    )


def alone(
    database_url: str, function: Callable[Taken, Found], *given: Taken.args, **named: Taken.kwargs
) -> Found:
    """Call a module's function in such a process; return what it returns."""
    with process(database_url) as own:
        return own.submit(function, *given, **named).result()


def _set_up(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    import django  # noqa: PLC0415 - the environment comes first.

    django.setup()
