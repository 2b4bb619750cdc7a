"""What has to stand while a variant runs? A server, perhaps an edge in front of it, both cold.

An edge has been there for a day when the load begins: it is warmed (`warming`). When the load is
over it is compared with the origin (`resting`), whose log tells what came through (`origin_log`).
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace

from loadtests import origin_log, tally
from loadtests.catalogue import Catalogue, walk
from loadtests.client import Client, UnreachableError
from loadtests.edges import REQUESTS, Edge
from loadtests.findings import figures
from loadtests.resting import AtRest, compare, wait_until_purged
from loadtests.run import Run, Target, run_variant
from loadtests.scenarios import Scenario, Variant
from loadtests.server import Server
from loadtests.warming import warm


def look_around(target: Target) -> None:
    """Find out what there is to ask for, and that nothing slows the server down on purpose."""
    client = Client(target.host)
    try:
        if client.status("/silk/") != 404:
            raise UnreachableError(f"{target.host} has Silk on: what it records would be timed as well")
        walk(client.json).save(target.catalogue)
    finally:
        client.close()


def stage(scenario: Scenario, place: int, target: Target) -> Run:
    """Run one variant, with all that has to stand."""
    variant = scenario.variants[place]
    named = f", {variant.name}" if variant.name else ""
    print(f"... {scenario.name}{named}: {scenario.seconds:.0f} s", flush=True)
    if target.server is None:
        return run_variant(scenario, place, target)
    if scenario.edge:
        return _behind_edge(scenario, place, target, target.server)
    if scenario.starts_cold:
        with target.server.started():
            look_around(target)
    # Each run finds an empty memory.
    with target.server.started():
        if not scenario.starts_cold:
            look_around(target)
        return run_variant(scenario, place, target)


def _behind_edge(scenario: Scenario, place: int, target: Target, server: Server) -> Run:
    variant = scenario.variants[place]
    edge = Edge(scenario.edge, server.host, target.out / f"{scenario.edge}.log")
    log = target.out / "origin.log"
    log.unlink(missing_ok=True)
    with ExitStack() as held:
        # First the edge: a server that finds none tries again later, and later still.
        held.enter_context(edge.started())
        held.enter_context(server.started(edge.environment(variant.expiry, target.rebound), seen=log))
        look_around(target)
        edge.wait_for_origin()
        catalogue = Catalogue.load(target.catalogue)
        # What a server has to tell when it starts must not come into the run.
        _until_purged(variant, server)
        warmed = 0 if scenario.starts_cold else _warmed(edge, catalogue)
        before = edge.counters(requests=warmed)
        run = run_variant(scenario, place, replace(target, host=edge.host))
        after = edge.counters(requests=before.get(REQUESTS, 0) + figures(run.tally, 1.0).number())
        counted = {name: value - before.get(name, 0) for name, value in after.items()}
        waited = _until_purged(variant, server)
        with closing(Client(server.host)) as origin, closing(Client(edge.host)) as outside:
            rest = compare(origin, outside, catalogue, waited=waited)
    with log.open() as lines:
        origin_log.count(run.tally, origin_log.reads(lines), scenario.phases, began=run.began)
    if variant.expiry is None and rest.example:
        run.tally.example(rest.example)
    _conclude(run, rest, counted)
    return run


def _warmed(edge: Edge, catalogue: Catalogue) -> int:
    with closing(Client(edge.host)) as client:
        asked = warm(client, catalogue)
    print(f"    {edge.name} has been asked for all {asked:,} addresses", flush=True)
    return asked


def _until_purged(variant: Variant, server: Server) -> float:
    if variant.expiry is not None:
        return 0.0
    with closing(Client(server.host, token=server.token)) as client:
        return wait_until_purged(client)


def _conclude(run: Run, rest: AtRest, counted: dict[str, int]) -> None:
    last = len(run.scenario.phases) - 1, int(run.scenario.seconds)
    run.tally.count(last, tally.COMPARED_AT_REST, rest.compared)
    run.tally.count(last, tally.STALE_AT_REST, rest.stale)
    run.notes.append(rest.told)
    if counted:
        run.notes.append(
            f"the edge's own counters, warm-up included: {counted[REQUESTS]:,} requests of clients,"
            f" {counted['MAIN.backend_req']:,} to the origin,"
            f" {_sent(counted) / 1e6:,.1f} MB to clients, {_fetched(counted) / 1e6:,.1f} MB from the origin"
            " (with header blocks)"
        )


def _sent(counted: dict[str, int]) -> int:
    return counted["MAIN.s_resp_hdrbytes"] + counted["MAIN.s_resp_bodybytes"]


def _fetched(counted: dict[str, int]) -> int:
    return sum(
        value
        for name, value in counted.items()
        if name.startswith("VBE.") and name.endswith((".beresp_hdrbytes", ".beresp_bodybytes"))
    )
