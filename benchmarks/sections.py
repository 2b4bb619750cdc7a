"""Which measurements are there, and how is one of them run?

A section is a module with a function `run`, whose keywords say what can be chosen for it. It
is imported when its turn has come, and it runs in a process of its own: Django can be set up
only once in a process, and what one section leaves in memory must not be the next one's.
What a section finds comes back as `report.Section`s; showing them is left to the caller.
"""

from __future__ import annotations

import inspect
import subprocess
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from benchmarks import plots
from benchmarks.report import Section


class Offer(NamedTuple):
    """Where a section is, and what it answers."""

    module: str
    what: str


# In the order in which all of them run.
OFFERED: Final[Mapping[str, Offer]] = {
    "steps": Offer("benchmarks.steps", "each step of the read path alone, in process"),
    "hits": Offer("benchmarks.hits", "answers from L1, beside a constant and cache_page"),
    "ladder": Offer("benchmarks.ladder", "from the naive view to the L1 hit, beside the alternatives"),
    "cold": Offer("benchmarks.cold", "where a build's time goes"),
    "depth": Offer("benchmarks.depth", "pages deep in a list, beside its first"),
    "growth": Offer("benchmarks.growth", "time and memory against posts, depth, URLs, keys, workers"),
    "memory": Offer("benchmarks.memory", "L1 and the process, while a client walks over many URLs"),
    "replay": Offer("benchmarks.replay", "hit ratio and cost of ways to evict, on recorded traffic"),
    "writes": Offer("benchmarks.stream", "the hit ratio under a stream of writes"),
    "coherence": Offer("benchmarks.coherence", "from a commit to the last worker's drop; what a write costs"),
    "tiers": Offer("benchmarks.tiers", "L1 with Redis and without, L2, and Redis gone"),
    "edge": Offer("benchmarks.edge", "behind Varnish: hits, and how soon and how surely a write is seen"),
    "poison": Offer("benchmarks.poison", "every known way to poison a cache, beside a plain view"),
}

# For sections that have no default of their own.
_DEFAULTS: Final[Mapping[str, Any]] = {
    "rounds": 5,
    "seconds": 3,
    "posts": 212_000,
    "urls": 200_000,
    "database_url": None,
    "traffic": None,
}


class NotMeasured(RuntimeError):
    """A section could not be measured; the text says why."""


class NotTaken(ValueError):
    """An option was given to a section that has no use for it."""


def run(name: str, options: Mapping[str, Any], *, plotted: Path, command: str, strict: bool) -> list[Section]:
    """Measure a section in a process of its own.

    `options` are those that were given; with `strict` the section has to take each of them.
    Plots go into the directory `plotted` and say that `command` made them.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
        return own.submit(_run, OFFERED[name].module, dict(options), plotted, command, strict=strict).result()


def arguments_for(module: ModuleType, given: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """Return the keywords for a module's `run`: what was given, else its defaults, else everybody's."""
    taken = inspect.signature(module.run).parameters
    if strict and (useless := [name for name in given if name not in taken]):
        raise NotTaken(f"no use for --{useless[0].replace('_', '-')} here")
    arguments = {}
    for name, parameter in taken.items():
        if name in given:
            arguments[name] = given[name]
        elif parameter.default is inspect.Parameter.empty:
            arguments[name] = getattr(module, name.upper(), _DEFAULTS[name])
    return arguments


def _run(name: str, options: dict[str, Any], plotted: Path, command: str, *, strict: bool) -> list[Section]:
    try:
        module = import_module(name)
        arguments = arguments_for(module, options, strict=strict)
        plots.put(plotted, command=command)
        found = module.run(**arguments)
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        # As text: not every error can be sent to another process.
        raise NotMeasured(f"{error}") from None
    return [found] if isinstance(found, Section) else found
