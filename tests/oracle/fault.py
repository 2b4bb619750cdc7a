"""What is a fault? Something that is done to a fleet under load, and undone again.

`during` breaks something, lets the load feel it, and mends it; it runs in the harness's own
process and takes as long as it takes. Then the load goes on for a while, and the report says
how long it took until everything was as before, what the longest request was, and which errors
there were. What a fault `allows` may happen while it is at work and until everything has
recovered; nothing allows a stale read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from importlib import import_module
from pkgutil import iter_modules

from tests.fleet import Fleet


class Fault:
    """One fault; a subclass per fault, with its name as the report and the command line say it."""

    name = ""
    # The errors that clients may see: "read 503", "write 500", "read lost", "write lost".
    allows: frozenset[str] = frozenset()
    # Whether Redis and PostgreSQL have to be behind wires that can be cut.
    is_wired = False
    # Whether the fleet has to be another than that of all other faults.
    has_own_fleet = False

    def environment(self, stack: ExitStack) -> dict[str, str]:
        """Return how the fleet's environment has to differ; what that needs goes on the stack."""
        del stack
        return {}

    def during(self, fleet: Fleet) -> None:
        """Break something, wait, mend it."""
        raise NotImplementedError


_known: dict[str, type[Fault]] = {}


def known(fault: type[Fault]) -> type[Fault]:
    """Let a fault be asked for by its name."""
    assert fault.name not in _known, fault.name
    _known[fault.name] = fault
    return fault


def catalogue() -> dict[str, type[Fault]]:
    """Return all faults there are: those that the modules of `tests.oracle.faults` declare."""
    package = import_module("tests.oracle.faults")
    for module in iter_modules(package.__path__):
        import_module(f"tests.oracle.faults.{module.name}")
    return _known


def named(names: Iterable[str]) -> list[Fault]:
    """Return the faults of these names, `all` being all of them."""
    faults = catalogue()
    chosen = list(names)
    if chosen == ["all"]:
        chosen = sorted(faults)
    if unknown := [name for name in chosen if name not in faults]:
        raise SystemExit(f"no fault is called {unknown[0]}; there are {', '.join(sorted(faults))}")
    return [faults[name]() for name in chosen]


def fleets(faults: Sequence[Fault]) -> list[list[Fault]]:
    """Sort faults by the fleet that they need: plain, behind wires, one of their own."""
    shared = [fault for fault in faults if not fault.has_own_fleet]
    plain = [fault for fault in shared if not fault.is_wired]
    wired = [fault for fault in shared if fault.is_wired]
    return [some for some in (plain, wired, *([one] for one in faults if one.has_own_fleet)) if some]
