"""How is a run to be, to catch the service without one of its guards?"""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.fault import Fault, named
from tests.oracle.guards import GUARDS
from tests.oracle.run import Options

LONGEST = 120.0  # Seconds of load; most are caught within one.


def options_without(name: str, *, seconds: float = LONGEST, seed: int = Options.seed) -> Options:
    """Return the options of a run that ends when the guard is missed."""
    guard = GUARDS[name]
    return Options(
        seconds=seconds,
        seed=seed,
        workers=0 if guard.is_alone else 4,
        # A fault leaves writes of a stopped worker in the way of others: more posts then.
        posts=9 if guard.faults or guard.tears else 3,
        readers=8 if guard.faults else 24,
        slow=200 if guard.faults else 8,
        # As many writes as the machine has time for, but so few writers that it has time for
        # reads, too: who writes over something stale before it was read has hidden it.
        writers=16 if guard.faults else 4,
        writes_per_second=60 if guard.tears else 200,
        raw_per_second=40 if guard.tears else 0,
        stops_at_violation=True,
        application="tests.oracle.broken:application",
        # On a machine that is busy with tests, Redis must not seem to be away now and then.
        environment={"ORACLE_WITHOUT": name, "ORACLE_PROVOKED": name, "READPATH_REDIS_TIMEOUT": "0.5"},
    )


def faults_without(name: str) -> Sequence[Fault]:
    """Return the faults that it takes."""
    return named(GUARDS[name].faults * 6)


def kinds_without(name: str) -> Sequence[str]:
    """Return the violations of which one has to be seen."""
    return ("stale", "impossible") if GUARDS[name].tears else ("stale",)
