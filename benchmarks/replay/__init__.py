"""Which entries should stay in memory? Ways to evict, on recorded traffic and on drawn.

Hit ratios first, which are the same on every machine (but for libraries that tidy up by a
thread of their own): with room for a number of entries, with room for a number of bytes, with
a crawler, with draws. Then what a hit, a new entry and a place in memory cost. Nothing is shown
unless the LRU comes to what is known of it on these recordings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks import plots
from benchmarks.replay import contenders, costs, traces
from benchmarks.replay.contenders import CLOCK, LRU, OURS
from benchmarks.replay.policies import best_possible
from benchmarks.replay.ratios import Ratios, by_bytes, by_count
from benchmarks.replay.traces import Trace
from benchmarks.report import Aim, Section, progress

SHARES: Final = (0.01, 0.1)
# What an LRU hits on the recordings, in percent, by those who published them.
KNOWN: Final = {
    ("web07", 0.01): 39.1,
    ("web07", 0.1): 55.7,
    ("web12", 0.01): 39.7,
    ("web12", 0.1): 68.5,
}
_BEST: Final = "best possible"
_CRAWLED: Final = 5  # Each fifth request.
_SWEEP: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_CRAWLERS: Final = (20, 10, 5, 3, 2)
_DRAWN: Final = (LRU, CLOCK, "SIEVE", "W-TinyLFU", "theine", OURS)
_LEAST_GAIN: Final = 1.5  # Points over LRU, on each recording, at each size.


def run(*, traffic: Path | None = None) -> list[Section]:
    """Measure."""
    place = traces.directory(traffic)
    recorded = [traces.recorded(place, name) for name in traces.RECORDED]
    real = [*recorded, *(traces.crawled(trace, _CRAWLED) for trace in recorded)]
    progress("replay: recorded traffic, room for a number of entries")
    counted = _with_best(by_count(contenders.BY_COUNT, real, SHARES), real)
    _require_known(counted)
    progress("replay: drawn traffic")
    drawn = [traces.drawn(exponent) for exponent in traces.EXPONENTS]
    drawings = _with_best(by_count(contenders.BY_COUNT, drawn, SHARES), drawn)
    progress("replay: recorded traffic, room for a number of bytes")
    sizes = traces.Sizes(place)
    weighed = by_bytes(contenders.BY_BYTES, real, SHARES, sizes.of)
    by_entries = _table("Hit ratio (%) with room for 1 and 10 % of the keys, as recorded", counted)
    by_entries.aims.append(_gain(counted))
    by_entries.notes.append(f"with a crawler, every {_CRAWLED}th request is his; only readers' hits count")
    progress("replay: sizes and crawlers to plot")
    by_entries.plots += [*(_plot_sizes(trace) for trace in recorded), _plot_crawlers(recorded[-1])]
    by_weight = _table("Hit ratio (%) with room for 1 and 10 % of the bytes, as recorded", weighed)
    middle, largest = sizes.of_pages[len(sizes.of_pages) // 2], sizes.of_pages[-1]
    by_weight.notes.append(f"sizes of the pages of a blog: median {middle:,} bytes, largest {largest:,}")
    by_weight.notes.append("ours pays for its places and its memory from the budget, the others do not")
    by_draws = _table("Hit ratio (%) with room for 1 and 10 % of the keys, independent draws", drawings)
    return [by_entries, by_weight, by_draws, _costs()]


def _with_best(ratios: Ratios, over: list[Trace]) -> Ratios:
    best = {
        (trace.name, share): trace.ratio(best_possible(trace.keys, trace.capacity(share)))
        for trace in over
        for share in SHARES
    }
    return {**ratios, _BEST: best}


def _require_known(ratios: Ratios) -> None:
    for setting, known in KNOWN.items():
        if round(ratios[LRU][setting], 1) != known:
            raise RuntimeError(
                f"nothing compared: an LRU hits {known} % on {setting}, here {ratios[LRU][setting]:.1f}"
            )


def _gain(ratios: Ratios) -> Aim:
    least = min(ratios[OURS][setting] - ratios[LRU][setting] for setting in KNOWN)
    return Aim("ours over LRU, least of the recordings and sizes, points", least, _LEAST_GAIN)


def _table(title: str, ratios: Ratios) -> Section:
    settings = list(ratios[LRU])
    columns = ["", *(f"{name}, {share:.0%}" for name, share in settings)]
    section = Section(title, columns)
    section.rows = [
        [store, *(f"{found[setting]:.1f}" for setting in settings)] for store, found in ratios.items()
    ]
    section.raw = {
        store: {f"{name}, {share:.0%}": ratio for (name, share), ratio in found.items()}
        for store, found in ratios.items()
    }
    return section


def _plot_sizes(trace: Trace) -> Path:
    stores = {name: contenders.BY_COUNT[name] for name in _DRAWN}
    found = by_count(stores, [trace], _SWEEP)
    series = {
        name: [(100 * share, ratio - found[LRU][on, share]) for (on, share), ratio in by_setting.items()]
        for name, by_setting in found.items()
    }
    return plots.lines(
        f"replay-{trace.name}",
        f"Hits more than an LRU has, on {trace.name}, by the room there is",
        series,
        "room, in % of the keys",
        "hits more, in % of the requests",
        log_x=True,
    )


def _plot_crawlers(trace: Trace) -> Path:
    stores = {name: contenders.BY_COUNT[name] for name in _DRAWN}
    series: dict[str, list[tuple[float, float]]] = {name: [] for name in stores}
    for every in (None, *_CRAWLERS):
        walked = trace if every is None else traces.crawled(trace, every)
        for name, found in by_count(stores, [walked], [0.1]).items():
            crawler = 0.0 if every is None else 100 / every
            series[name].append((crawler, *found.values()))  # type: ignore[arg-type]
    return plots.lines(
        "replay-crawler",
        f"Hit ratio of readers on {trace.name} with room for 10 % of the keys, while a crawler walks",
        series,
        "requests of the crawler, in % of all",
        "hits, in % of the readers' requests",
    )


def _costs() -> Section:
    section = Section(
        "What it costs, in one thread", ("", "ns per hit", "ns per new entry", "bytes per entry")
    )
    raw: dict[str, Any] = {}
    for name in costs.NAMES:
        progress(f"replay: cost of {name}")
        cost = costs.measure(name)
        raw[name] = cost._asdict()
        section.rows.append((name, f"{cost.hit:.0f}", f"{cost.put:,.0f}", f"{cost.overhead:.0f}"))
    section.raw = raw
    section.notes.append("a new entry where all places are taken; bytes beside the entry and its key")
    section.notes.append("ours, whole, drops by surrogate key too; LRU and CLOCK are plain Python")
    section.plots.append(
        plots.bars(
            "replay-hit-cost",
            "Nanoseconds to find an entry and to note that it was read",
            [(name, found["hit"]) for name, found in raw.items()],
            unit="ns",
            log=True,
            ours={name for name in raw if name.startswith("ours")},
        )
    )
    return section
