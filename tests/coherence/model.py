"""Does the protocol of `docs/coherence.md` ever answer a read with less than was acknowledged?

The rules of the other modules together, explored exhaustively. By hand:

    python -m tests.coherence.model                        the scenarios of the test suite
    python -m tests.coherence.model --deep                 larger ones, for hours
    python -m tests.coherence.model --without VOUCHING     what goes wrong without a guard

Follows the protocol, not the code: what it says of the code is only as good as their likeness.
Left out: more than one key or URL, entries that age out, a database that is away.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from tests.coherence import builds, faults, fragments, reads, tails, writes
from tests.coherence.exploring import Exploration, explore
from tests.coherence.guards import Guard, Protocol
from tests.coherence.scenarios import DEEP_SCENARIOS, REVEALED_BY, SCENARIOS, Scenario, start_of
from tests.coherence.state import NOTHING, State

RULES = (
    tails.deliver,
    tails.send_renewal,
    tails.arrive,
    tails.be_answered,
    tails.tick,
    builds.begin,
    builds.note_late,
    builds.vouch,
    builds.store,
    builds.land,
    builds.join,
    fragments.make,
    fragments.keep,
    fragments.take,
    fragments.build_anew,
    reads.fetch,
    reads.check_generation,
    reads.promote,
    reads.look,
    reads.apply_look,
    reads.answer_after_look,
    writes.commit,
    writes.take_rows,
    writes.invalidate,
    writes.invalidate_another,
    writes.finish_pass,
    writes.find_nothing,
    writes.crash,
    writes.await_workers,
    writes.watch,
    writes.bury,
    writes.go_alone,
    faults.evict,
    faults.flush,
    faults.fail_over,
)


def unsettled(state: State) -> str | None:
    """Tell what is older than the database although nothing happens any more."""
    if state.rows:
        return f"rows {state.rows} stay in the outbox"
    here = state.redis.history, state.redis.last
    for index, worker in enumerate(state.workers):
        # Who would hear only by his next renewal that Redis has lost its memory is not settled.
        if NOTHING < worker.l1 < state.value and (worker.history, worker.position) == here:
            return f"worker {index}'s L1 keeps value {worker.l1} of {state.value}"
        fragment = worker.fragment
        if fragment and fragment.value < state.value and (worker.history, worker.position) == here:
            return f"worker {index}'s L1 keeps a fragment of value {fragment.value} of {state.value}"
    entry = state.redis.entry
    if entry and entry.generation == state.redis.generation and entry.value < state.value:
        return f"L2 keeps value {entry.value} of {state.value}"
    return None


def examine(
    scenario: Scenario, without: Guard | None = None, progress: Callable[[int, int], None] | None = None
) -> Exploration:
    """Explore a scenario, with a guard taken away."""
    protocol = Protocol(without)
    return explore(
        start_of(scenario),
        [partial(rule, protocol=protocol) for rule in RULES],
        wrong=partial(reads.stale_hit, protocol=protocol),
        wrong_at_rest=unsettled,
        progress=progress,
    )


def main() -> int:
    """Explore scenarios by hand, print what was found, return how many have a counterexample."""
    parser = argparse.ArgumentParser(description="Explore the protocol of coherence exhaustively.")
    parser.add_argument("--only", default="", metavar="TEXT", help="scenarios whose name has this in it")
    parser.add_argument("--deep", action="store_true", help="larger scenarios")
    parser.add_argument("--without", choices=[guard.name for guard in Guard], help="take a guard away")
    options = parser.parse_args()
    without = Guard[options.without] if options.without else None
    scenarios = DEEP_SCENARIOS if options.deep else SCENARIOS
    if without and not options.deep and not options.only:
        scenarios = {REVEALED_BY[without]: SCENARIOS[REVEALED_BY[without]]}
    chosen = {name: scenario for name, scenario in scenarios.items() if options.only in name}
    return sum(_report(name, scenario, without) for name, scenario in chosen.items())


def _report(name: str, scenario: Scenario, without: Guard | None) -> bool:
    def progress(states: int, depth: int) -> None:
        sys.stderr.write(f"  {states:,} states, {depth} steps deep\n")

    began = time.perf_counter()
    found = examine(scenario, without, progress)
    seconds = time.perf_counter() - began
    sys.stdout.write(f"{name}: {found.states:,} states, {found.depth} steps deep, {seconds:.1f} s\n")
    if found.counterexample is not None:
        sys.stdout.write(f"{found.counterexample}\n")
    sys.stdout.flush()
    return found.counterexample is not None


if __name__ == "__main__":
    sys.exit(main())
