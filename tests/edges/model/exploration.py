"""Does purging ever leave an edge with an answer that a write has changed?

The rules of the other modules together, explored exhaustively. By hand:

    python -m tests.edges.model.exploration                        the scenarios of the test suite
    python -m tests.edges.model.exploration --deep                 larger ones, for minutes
    python -m tests.edges.model.exploration --without VERSIONS     what goes wrong without a guard

Follows the protocol, not the code: what it says of the code is only as good as their likeness.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial

from tests.coherence.exploring import Exploration, explore
from tests.edges.model import fetching, inside, purging
from tests.edges.model.guards import Guard, Protocol
from tests.edges.model.scenarios import DEEP_SCENARIOS, REVEALED_BY, SCENARIOS, Scenario, start_of
from tests.edges.model.state import NOTHING, State

RULES = (
    inside.commit,
    inside.take_rows,
    inside.invalidate,
    inside.finish_pass,
    inside.queue_for_edges,
    inside.crash_relay,
    inside.lose_redis,
    inside.cut_off,
    inside.deliver,
    inside.renew,
    inside.tick,
    fetching.begin,
    fetching.fetch_at_once,
    fetching.answer,
    fetching.answer_from_edge,
    fetching.land,
    purging.ask_for_last,
    purging.take,
    purging.tell,
    purging.settle,
    purging.give_up,
    purging.flush,
)


def outdated(state: State) -> str | None:
    """Tell which edge holds what a write has changed, although nothing waits to be told to it.

    What waits in the outbox will be queued. Where no fetch is slow, telling once must do.
    """
    if state.unqueued or (state.relay and state.relay.is_deleted):
        return None
    for index, (edge, rows) in enumerate(zip(state.edges, state.queue, strict=True)):
        waits = any(row is not None and not (state.is_instant and row.stage) for row in rows)
        if not waits and NOTHING < edge.held < state.value:
            return f"edge {index} keeps value {edge.held} of {state.value}, and nothing waits for it"
    return None


def unsettled(state: State) -> str | None:
    """Tell what still waits although nothing happens any more."""
    if state.waiting:
        return f"{state.waiting} rows stay in the outbox"
    for index, rows in enumerate(state.queue):
        if any(rows):
            return f"edge {index} is never told of {rows}"
    return None


def examine(scenario: Scenario, without: Guard | None = None) -> Exploration:
    """Explore a scenario, with a guard taken away."""
    protocol = Protocol(without)
    return explore(
        start_of(scenario),
        [partial(rule, protocol=protocol) for rule in RULES],
        wrong=outdated,
        wrong_at_rest=unsettled,
    )


def main() -> int:
    """Explore scenarios by hand, print what was found, return how many have a counterexample."""
    parser = argparse.ArgumentParser(description="Explore the protocol of purging exhaustively.")
    parser.add_argument("--only", default="", metavar="TEXT", help="scenarios whose name has this in it")
    parser.add_argument("--deep", action="store_true", help="larger scenarios")
    parser.add_argument("--without", choices=[guard.name for guard in Guard], help="take a guard away")
    options = parser.parse_args()
    without = Guard[options.without] if options.without else None
    scenarios = DEEP_SCENARIOS if options.deep else SCENARIOS
    if without and not options.deep:
        scenarios = {REVEALED_BY[without]: SCENARIOS[REVEALED_BY[without]]}
    chosen = {name: scenario for name, scenario in scenarios.items() if options.only in name}
    return sum(_report(name, scenario, without) for name, scenario in chosen.items())


def _report(name: str, scenario: Scenario, without: Guard | None) -> bool:
    began = time.perf_counter()
    found = examine(scenario, without)
    seconds = time.perf_counter() - began
    sys.stdout.write(f"{name}: {found.states:,} states, {found.depth} steps deep, {seconds:.1f} s\n")
    if found.counterexample is not None:
        sys.stdout.write(f"{found.counterexample}\n")
    sys.stdout.flush()
    return found.counterexample is not None


if __name__ == "__main__":
    sys.exit(main())
