"""What does an edge in front of us come to, with Varnish and the recipe of `deploy/varnish`?

    purging  from the acknowledgement of a write to the first read through Varnish that shows it
    hits     Varnish in front of us, beside the same Varnish in front of a static backend
    bulk     one statement changes 10,000 rows: how many calls, for how long, and who waits for them?
    chaos    10,000 random writes with faults of all kinds meanwhile: is anything stale at the end?

Each part is a module with a function `run` that returns `Section`s. `python -m benchmarks edge` measures
all of them, `python -m benchmarks.edge PART` one.

    recipe   the Varnish that is measured;  static: what stands behind the other one
    heard    when Varnish was told what;  vendors: it, and servers that behave as Fastly and Cloudflare do
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from inspect import signature
from typing import Any, Final

from benchmarks.report import Section

PARTS: Final = ("purging", "hits", "bulk", "chaos")
ROUNDS: Final = 5
SECONDS: Final = 3.0
WRITES: Final = 10_000
SEED: Final = 7


def run(
    *, rounds: int = ROUNDS, seconds: float = SECONDS, writes: int = WRITES, seed: int = SEED
) -> list[Section]:
    """Measure all parts."""
    return measured(PARTS, rounds=rounds, seconds=seconds, writes=writes, seed=seed)


def measured(parts: Iterable[str], **options: Any) -> list[Section]:
    """Measure some parts, each with those of the options that it has a use for."""
    found: list[Section] = []
    for part in parts:
        module = import_module(f"benchmarks.edge.{part}")
        taken = signature(module.run).parameters
        found += module.run(**{name: value for name, value in options.items() if name in taken})
    return found
