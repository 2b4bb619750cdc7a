"""Run the oracle by hand: `python -m tests.oracle --seconds 60 --seed 7 --faults all`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.oracle import report
from tests.oracle.alternatives import TARGETS
from tests.oracle.breaking import faults_without, options_without
from tests.oracle.fault import catalogue, fleets, named
from tests.oracle.guards import GUARDS
from tests.oracle.run import Options, Run, run


def main() -> int:
    """Read the arguments, run, tell; the exit status says whether all is well."""
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=defaults.seconds)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--workers", type=int, default=defaults.workers, help="0: SQLite and no Redis")
    parser.add_argument("--processes", type=int, default=defaults.processes, help="of clients")
    parser.add_argument("--readers", type=int, default=defaults.readers, help="connections")
    parser.add_argument("--slow", type=int, default=defaults.slow, help="connections that ask now and then")
    parser.add_argument("--writers", type=int, default=defaults.writers, help="connections")
    parser.add_argument("--reads-per-second", type=float, default=0.0, help="0: as many as possible")
    parser.add_argument("--writes-per-second", type=float, default=defaults.writes_per_second)
    parser.add_argument("--raw-per-second", type=float, default=defaults.raw_per_second)
    parser.add_argument("--posts", type=int, default=defaults.posts)
    parser.add_argument("--target", default="", choices=["", *TARGETS], help="instead of the service")
    parser.add_argument("--stops-at-violation", action="store_true")
    parser.add_argument("--log", default="", help="a file for what the servers had to say")
    parser.add_argument("--faults", default="", help=f"all, or some of {', '.join(sorted(catalogue()))}")
    parser.add_argument(
        "--without",
        default="",
        choices=["", *GUARDS],
        metavar="GUARD",
        help="end when it is missed; one of: " + "; ".join(GUARDS),
    )
    chosen = vars(parser.parse_args())
    faults = named(name for name in chosen.pop("faults").split(",") if name)
    log = chosen.pop("log")
    if without := chosen.pop("without"):
        broken = options_without(without, seconds=chosen["seconds"], seed=chosen["seed"])
        return int(bool(_tell(run(broken, faults_without(without)), log)))
    wrong = [_tell(run(Options(**chosen), some), log) for some in fleets(faults) or [[]]]
    return int(any(wrong))


def _tell(result: Run, log: str) -> list[str]:
    """Tell what came of a run; return what is wrong."""
    wrong = report.verdict(result)
    if log:
        with Path(log).open("a") as file:
            file.write(result.log)
    told = [report.table(result), report.evidence(result), "\n".join(wrong) or "nothing is wrong"]
    sys.stdout.write("\n".join(told) + "\n\n")
    sys.stdout.flush()
    return wrong


if __name__ == "__main__":
    sys.exit(main())
