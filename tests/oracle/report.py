"""How is a run told? One table, a line per phase; then the evidence of each violation."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.oracle.run import Incident, Run
from tests.oracle.tally import SLOT, Phase, Tally, percentile

_HEAD = (
    "phase", "reads", "writes", "p50 ms", "p99 ms", "longest ms", "write p50", "write p99",
    "longest", "errors", "stale", "impossible", "recovered in s",
)  # fmt: skip
_SETTLED = 10  # Slots that must be as before for a fault to be over.
_AS_BEFORE = 0.7  # Share of the undisturbed rate of reads.


def verdict(run: Run) -> list[str]:
    """Return what is wrong; an empty list is what we want."""
    wrong = [f"{n} {kind} reads" for kind, n in run.tally.total().violations.items() if n]
    allowed = {incident.phase: incident.fault.allows for incident in run.incidents}
    for number, phase in sorted(run.tally.phases.items()):
        for error, count in phase.errors.items():
            if error.partition(":")[0] not in allowed.get(number, ()):
                wrong.append(f"{count} times {error} in phase {name(run, number)}")
    if run.convergence is None:
        wrong.append("stopped before it converged")
    else:
        wrong += [f"not converged: {difference}" for difference in run.convergence.differences[:5]]
    for needed, counted in (("reads", run.tally.total().reads), ("writes", run.tally.total().writes)):
        if not counted:
            wrong.append(f"no {needed} at all")
    return wrong


def name(run: Run, phase: int) -> str:
    """Return what was at work in a phase."""
    return next((one.fault.name for one in run.incidents if one.phase == phase), "quiet")


def table(run: Run) -> str:
    """Return the run in numbers."""
    rows = [_row(name(run, number), phase, run, number) for number, phase in sorted(run.tally.phases.items())]
    rows.append(_row("all", run.tally.total(), run, -1))
    lines = [_HEAD, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([*text, "", *_notes(run)])


def _row(title: str, phase: Phase, run: Run, number: int) -> tuple[str, ...]:
    incident = next((one for one in run.incidents if one.phase == number), None)
    return (
        title,
        str(phase.reads),
        str(phase.writes),
        f"{percentile(phase.reading, 0.5):.1f}",
        f"{percentile(phase.reading, 0.99):.1f}",
        f"{phase.longest_read / 1e6:.0f}",
        f"{percentile(phase.writing, 0.5):.1f}",
        f"{percentile(phase.writing, 0.99):.1f}",
        f"{phase.longest_write / 1e6:.0f}",
        str(sum(phase.errors.values())),
        str(phase.violations["stale"]),
        str(phase.violations["impossible"]),
        f"{recovery(run.tally, run, incident):.1f}" if incident else "",
    )


def _notes(run: Run) -> Iterator[str]:
    total, seconds = run.tally.total(), (run.ended - run.began) / 1e9
    counted = (slot for slot in run.tally.slots if run.began <= slot * SLOT < run.ended)
    reads = sum(run.tally.slots[slot][0] for slot in counted)
    rates = f"{reads / seconds:.0f} reads/s, {total.writes / seconds:.0f} writes/s"
    yield f"{rates} for {seconds:.0f} s, seed {run.options.seed}"
    raw = sum(line[5] == "committed" for line in run.tally.writes)
    behind = f"{total.behind} reads were behind one, by {total.longest_behind / 1e6:.1f} ms at most"
    yield f"{raw} raw commits; {behind}"
    yield "outcomes: " + ", ".join(f"{outcome} {n}" for outcome, n in total.outcomes.most_common())
    for number, phase in sorted(run.tally.phases.items()):
        if phase.errors:
            yield f"errors ({name(run, number)}): " + ", ".join(
                f"{error} {n}" for error, n in phase.errors.most_common()
            )
    if run.convergence is not None:
        state = (
            f"{len(run.convergence.differences)} differences" if run.convergence.differences else "converged"
        )
        yield f"{state} after {run.convergence.took:.1f} s and {run.convergence.reads} reads"
    yield from (
        f"  {difference}" for difference in (run.convergence.differences[:10] if run.convergence else ())
    )


def recovery(tally: Tally, run: Run, incident: Incident) -> float:
    """Return how many seconds after the mending reads went as before: no errors, and as many hits."""
    undisturbed = [
        counts[1]
        for slot, counts in tally.slots.items()
        if run.began <= slot * SLOT < run.ended
        and not any(one.began <= (slot + 1) * SLOT and slot * SLOT <= one.ended for one in run.incidents)
    ]
    usual = median(undisturbed) if undisturbed else 0
    first, last = incident.mended // SLOT + 1, incident.ended // SLOT
    good = 0
    for slot in range(first, last):
        _, hits, errors, _ = tally.slots.get(slot, [0, 0, 1, 0])
        good = good + 1 if not errors and hits >= _AS_BEFORE * usual else 0
        if good == _SETTLED:
            return (slot - first - _SETTLED + 1) * SLOT / 1e9
    return float("inf")


def evidence(run: Run, most: int = 10) -> str:
    """Return who read what when, and who had written what when."""
    return "\n".join(
        _told(run, one) for one in sorted(run.tally.evidence, key=lambda one: one["begun"])[:most]
    )


def _told(run: Run, one: dict[str, Any]) -> str:
    read = f"    read {one['url']} of worker {one['worker']} at {_times(run, one['begun'], one['ended'])}"
    came = f"{one['status']}, {one['outcome']}, {one['etag']}, in phase {name(run, one['phase'])}"
    lines = [f"{one['kind']}: {one['what']}", f"{read}: {came}"]
    about = [line for line in run.tally.writes if line[0] == one["register"] and line[2] < one["ended"]]
    for _, version, begun, ended, worker, how in sorted(about, key=lambda line: line[2])[-4:]:
        # Of HTTP we know the status; who answered is looked up now and then.
        by = f"by worker {worker or '?'}" if how.isdigit() or worker else "with SQL"
        lines.append(f"    version {version} written {by} at {_times(run, begun, ended)}: {how}")
    return "\n".join(lines)


def _times(run: Run, begun: int, ended: int) -> str:
    """Return two moments in seconds since the load began."""
    return f"{(begun - run.began) / 1e9:.4f} to {(ended - run.began) / 1e9:.4f}"
