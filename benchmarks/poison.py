"""Who can make a cache in front of us keep something wrong? The poisoning suite, us beside a plain view.

Every case of `tests/poison/` is sent through Varnish, nginx and Squid, and to the origin alone; then
others ask for what was attacked, and each of their answers is compared with what the origin says
that nobody attacks. Once with the recipes of `deploy/`, and once with the proxies as their own
documentation begins, where nothing but the origin protects itself. The plain view is Django and
DRF with `cache_control` and `cache_page` (`tests/poison/plain/`). Counts cases, not time.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.report import Aim, Section, progress
from tests.edges.proxies import Nginx, Proxy, Squid, Varnish
from tests.poison import content, origins
from tests.poison.cases import KINDS
from tests.poison.origins import Origin
from tests.poison.suite import Poisoned, Reference, things
from tests.poison.target import attacked
from tests.poison.usual import UsualNginx, UsualSquid, UsualVarnish

OURS: Final = "readpath"
PLAIN: Final = "plain"
_ORIGINS: Final[Mapping[str, Origin]] = {OURS: origins.ours, PLAIN: origins.plain}
_RECIPES: Final[Mapping[str, type[Proxy] | None]] = {
    "alone": None,
    "Varnish": Varnish,
    "nginx": Nginx,
    "Squid": Squid,
}
_USUAL: Final[Mapping[str, type[Proxy] | None]] = {
    "Varnish": UsualVarnish,
    "nginx": UsualNginx,
    "Squid": UsualSquid,
}
_LINE: Final = 100  # Characters of a note.


@dataclass(slots=True)
class Found:
    """Which cases poisoned whom."""

    # Origin and proxy -> kind -> names of the cases.
    names: dict[tuple[str, str], dict[str, set[str]]] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    # What exactly was wrong, where it should not be.
    details: list[str] = field(default_factory=list)

    def put(self, origin: str, proxy: str, poisoned: Sequence[Poisoned]) -> None:
        """Note what one run has found."""
        by_kind: dict[str, set[str]] = defaultdict(set)
        for one in poisoned:
            by_kind[one.kind].add(one.case.name)
        self.names[origin, proxy] = dict(by_kind)
        if origin == OURS:
            self.details += [f"{proxy}, {one}" for one in poisoned]

    def count(self, origin: str, proxy: str, kind: str | None = None) -> int:
        """Return how many cases, of one kind or of all, poisoned an origin through a proxy."""
        by_kind = self.names[origin, proxy]
        return sum(map(len, by_kind.values())) if kind is None else len(by_kind.get(kind, ()))

    def total(self, origin: str) -> int:
        """Return how many cases poisoned an origin, each counted once per proxy."""
        return sum(self.count(*key) for key in self.names if key[0] == origin)


def run() -> list[Section]:
    """Run the suite against everybody."""
    with tempfile.TemporaryDirectory(prefix="readpath-poison-") as directory:
        progress(f"poison: making {things(KINDS)} things of each kind to be attacked")
        database = content.filled(Path(directory), things(KINDS))
        recipes, usual = Found(), Found()
        for name, origin in _ORIGINS.items():
            with origin(database) as twin:
                reference = Reference(twin.port)
                for proxies, found, how in ((_RECIPES, recipes, "recipe"), (_USUAL, usual, "usual")):
                    _attack(name, origin, proxies, found, database=database, reference=reference, how=how)
    return [
        _section("Poisoned through the recipes of deploy/, in cases", recipes, is_aimed=True),
        _section("Poisoned through the same proxies as their documentation begins, in cases", usual),
    ]


def _attack(  # noqa: PLR0913 - who is attacked, through what, and what is right.
    name: str,
    origin: Origin,
    proxies: Mapping[str, type[Proxy] | None],
    found: Found,
    *,
    database: Path,
    reference: Reference,
    how: str,
) -> None:
    for called, proxy in proxies.items():
        if proxy is not None and not proxy.is_installed():
            found.absent.append(f"{called} is not installed here")
            continue
        progress(f"poison: {name}, {called} ({how})")
        with attacked(origin, database, reference, proxy) as suite:
            found.put(name, called, suite.run(KINDS))


def _section(title: str, found: Found, *, is_aimed: bool = False) -> Section:
    section = Section(title, ["kind of attack", "cases", *_columns(found)], notes=sorted(set(found.absent)))
    for kind, cases in KINDS.items():
        counts = [str(found.count(*key, kind)) for key in found.names]
        section.rows.append([kind, str(len(cases)), *counts])
    totals = [str(found.count(*key)) for key in found.names]
    section.rows.append(["all", str(sum(map(len, KINDS.values()))), *totals])
    if is_aimed:
        poisoned = found.total(OURS)
        section.aims.append(Aim("cases that poison readpath, over all proxies", poisoned, 0, at_least=False))
    for (origin, proxy), by_kind in found.names.items():
        for kind, names in by_kind.items():
            section.notes += _lines(f"{origin}, {proxy}, {kind}: ", sorted(names))
    section.raw = {
        "details": found.details,
        **{
            f"{origin}, {proxy}": {kind: sorted(names) for kind, names in by_kind.items()}
            for (origin, proxy), by_kind in found.names.items()
        },
    }
    return section


def _columns(found: Found) -> list[str]:
    """Return the proxies' names, the first of each origin's behind the origin's."""
    origins_seen: set[str] = set()
    columns = []
    for origin, proxy in found.names:
        columns.append(proxy if origin in origins_seen else f"{origin}: {proxy}")
        origins_seen.add(origin)
    return columns


def _lines(first: str, names: Sequence[str]) -> list[str]:
    """Return names as lines of a bearable length."""
    lines = [first]
    for place, name in enumerate(names):
        text = name if place == len(names) - 1 else f"{name}; "
        if len(lines[-1]) + len(text) > _LINE:
            lines.append("    ")
        lines[-1] += text
    return [line.rstrip() for line in lines]
