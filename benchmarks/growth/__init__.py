"""What grows with the posts, the depth, the URLs, the keys, the changes, the workers; and what does not?

    posts          building a page and a post, in 1,000 to 1,000,000 posts; disk and memory
    depth          page 1 to page 50,000, for every filter and order, beside OFFSET
    crawl          a client that follows `next` that far: its waiting, and the server's memory
    urls           L1 with 1,000 to 1,000,000 URLs: memory and look-ups
    keys           entries with 1 to 200 surrogate keys: storing, reading, invalidating
    invalidations  changes per second, in one process and over Redis
    workers        1 to 4: hits per second, and until a write is acknowledged

Each axis is a module with a function `run` that returns `Section`s, each with a table and a
plot. `python -m benchmarks growth` measures all of them, `python -m benchmarks.growth AXIS` one.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Final

from benchmarks.growth.databases import databases
from benchmarks.report import Section

POSTS: Final = 1_000_000
ROUNDS: Final = 5
# The axes, and whether they need the databases of many posts.
AXES: Final = {
    "posts": True,
    "depth": True,
    "crawl": True,
    "urls": False,
    "keys": False,
    "invalidations": False,
    "workers": False,
}


def run(*, posts: int = POSTS, rounds: int = ROUNDS) -> list[Section]:
    """Measure along every axis, with so many posts at most."""
    return measured(AXES, posts=posts, rounds=rounds)


def measured(axes: Iterable[str], *, posts: int, rounds: int) -> list[Section]:
    """Measure along some axes."""
    found: list[Section] = []
    for axis in axes:
        module = import_module(f"benchmarks.growth.{axis}")
        if AXES[axis]:
            with databases() as kept:
                found += module.run(kept, posts=posts, rounds=rounds)
        else:
            found += module.run(rounds=rounds)
    return found
