"""Which shapes of load are there? Each is a name and a row of phases.

A phase lasts so many seconds, at so many times the mean rate. What happens in a warm-up is
shown and not judged. A deploy begins with its phase. A scenario may be run in two variants, one
after the other, whose hit ratios are then compared. In front of the server an edge may stand,
which is told of every write, or of none: then what it keeps expires.

`--stretch` makes all phases longer or shorter; `--rate` is the mean rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from loadtests.budgets import Budgets

EDGES: Final = ("varnish", "nginx", "squid")
PURGED: Final = frozenset({"varnish"})  # Those that can be told which answers a write has changed.


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time with one rate."""

    name: str
    seconds: float
    factor: float = 1.0
    is_judged: bool = True
    deploys: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """What sets one run of a scenario apart from the other."""

    name: str
    writes: str = "all"  # Or "edits", or "none".
    # Of the keys of a trace: "recorded", or "shuffled". Where it is empty, posts are drawn by popularity.
    order: str = ""
    # Seconds that an edge keeps answers and is told of no write, 0 for what they say to any cache.
    # None: it is told of every write.
    expiry: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A shape of load, and what must come of it."""

    name: str
    about: str
    phases: Sequence[Phase]
    budgets: Budgets
    variants: Sequence[Variant] = (Variant(""),)
    rate: float = 100.0  # Requests per second.
    # Else the process has shown a few pages that nobody will ask for before it begins.
    starts_cold: bool = False
    # What stands in front of the server: the name of a recipe, or nothing.
    edge: str = ""

    @property
    def seconds(self) -> float:
        """How long one variant lasts."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def deploys(self) -> bool:
        """Whether workers are replaced meanwhile: only a server that we started can be told to."""
        return any(phase.deploys for phase in self.phases)

    def stretched(self, factor: float) -> Scenario:
        """Return the scenario with longer or shorter phases."""
        return replace(self, phases=[replace(phase, seconds=phase.seconds * factor) for phase in self.phases])

    def behind(self, edge: str | None, expiry: int | None) -> Scenario:
        """Return the scenario with another edge in front, or another lifetime of what expires in it."""
        edge = edge or self.edge
        if not edge:
            return self
        told = [one for one in self.variants if one.expiry is None]
        expiring = [one for one in self.variants if one.expiry is not None]
        if edge not in PURGED and expiring:
            told, expiring = [], [replace(told[0], name="not purged", expiry=0)]
        elif edge not in PURGED:
            told, expiring = [], [_expiring(one, 0) for one in told]
        elif expiry is not None and expiring:
            expiring = [replace(expiring[0], name=f"{expiry} s expiry", expiry=expiry)]
        elif expiry is not None:
            told, expiring = [], [_expiring(one, expiry) for one in told]
        budgets = replace(self.budgets, stale_at_rest=0) if told else self.budgets
        return replace(self, edge=edge, variants=(*told, *expiring), budgets=budgets)


def _expiring(variant: Variant, expiry: int) -> Variant:
    what = f"{expiry} s expiry" if expiry else "not purged"
    return replace(variant, name=f"{variant.name}, {what}" if variant.name else what, expiry=expiry)


def _warm_up(seconds: float) -> Phase:
    return Phase("warm-up", seconds, is_judged=False)


_ALL: Final = (
    Scenario(
        "short",
        "a minute of everything: warm-up, steady, ten times as much, and a deploy",
        (
            _warm_up(10),
            Phase("steady", 15),
            Phase("spike", 10, factor=10),
            Phase("after the spike", 5),
            Phase("deploy", 15, deploys=True),
            Phase("after the deploy", 5),
        ),
        Budgets(p99_seconds=1.0, hit_ratio=0.70),
    ),
    Scenario(
        "steady",
        "three minutes at the mean rate",
        (_warm_up(60), Phase("steady", 180)),
        Budgets(p99_seconds=0.25, hit_ratio=0.85),
    ),
    Scenario(
        "spike",
        "ten times the mean rate for a minute",
        (_warm_up(60), Phase("before", 30), Phase("spike", 60, factor=10), Phase("after", 30)),
        Budgets(p99_seconds=1.0, hit_ratio=0.85),
    ),
    Scenario(
        "cold",
        "the mean rate from the first second on, and nothing in memory",
        (Phase("cold start", 60),),
        Budgets(p99_seconds=1.0, hit_ratio=0.50),
        starts_cold=True,
    ),
    Scenario(
        "deploy",
        "the workers are replaced while the load goes on, twice",
        (
            _warm_up(60),
            Phase("before", 20),
            Phase("deploy", 30, deploys=True),
            Phase("deploy again", 30, deploys=True),
            Phase("after", 20),
        ),
        Budgets(p99_seconds=2.0, hit_ratio=0.60),
    ),
    Scenario(
        "edits",
        "what one edit per 500 reads costs in hits: the same run with and without",
        (_warm_up(30), Phase("steady", 90)),
        Budgets(p99_seconds=2.0, kept_hit_ratio=0.97),
        (Variant("without edits", writes="none"), Variant("with edits", writes="edits")),
        rate=200.0,
    ),
    Scenario(
        "replay",
        "a recorded order of keys, beside the same keys shuffled: draws hide that people come back",
        (Phase("steady", 120),),
        Budgets(p99_seconds=2.0),
        (Variant("shuffled", order="shuffled"), Variant("recorded order", order="recorded")),
        rate=200.0,
        starts_cold=True,
    ),
    Scenario(
        "edge",
        "an edge in front that is told of every write, beside the same edge where answers expire",
        # As long as the longer of the lifetimes: before, what expires is as it has just been fetched.
        (_warm_up(60), Phase("steady", 90)),
        Budgets(p99_seconds=1.0, origin_share=0.01),
        (
            Variant("purged", writes="edits"),
            Variant("60 s expiry", writes="edits", expiry=60),
            Variant("5 s expiry", writes="edits", expiry=5),
        ),
        rate=200.0,
        edge="varnish",
    ),
)
SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in _ALL}
