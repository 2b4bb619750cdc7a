"""What does it cost to have lost Redis? `python -m tests.faults` measures and prints a table.

Four workers on PostgreSQL, Redis behind a wire that is cut or hangs, everything as configured for
production: an answer of Redis may take 50 ms, a lease is 2 s. Run it on a machine that does
nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from itertools import count, islice

from tests.faults.outages import Outage, without_redis
from tests.fleet import running_fleet
from tests.herds.builds import LOGGED, Builds, Looks, Questions
from tests.herds.herd import Herd, keep_asking
from tests.herds.scene import Scene
from tests.writer import Writer

_CLIENTS = 64
_READS = 60
_SECONDS = 5.0
_numbers = count()


def main() -> None:
    """Measure with Redis, as it goes, and when it has been away for a while."""
    with running_fleet(workers=4, wired=True, postgres_options=LOGGED) as fleet, Writer(fleet) as writer:
        for outage in Outage:
            scene = Scene(fleet, writer)
            cold = _cold_pages(scene)
            scene.wait_until_coherent()
            _say(f"Redis {outage.name.lower()}", "p50 ms", "longest ms")
            with Herd(fleet, _CLIENTS) as herd:
                herd.warm(scene.path)
                _measure(scene, herd, cold, "with Redis")
                with without_redis(scene, outage):
                    _measure(scene, herd, cold, "Redis just lost")
                    scene.wait_until_all_are("confirming")
                    _settle(scene)
                    _measure(scene, herd, cold, "Redis lost for long")
                    _under_load(scene, herd)


def _measure(scene: Scene, herd: Herd, cold: Iterator[str], when: str) -> None:
    worker, *_ = herd.of
    for how, pages in (("cold", list(islice(cold, _READS))), ("warm", [scene.path] * _READS)):
        _tell(
            f"{when}: {how} reads", [_seconds(lambda page=page: _read(herd, page, worker)) for page in pages]
        )
    writes = 1 if "just" in when else 10
    _tell(f"{when}: writes", [scene.write(f"Title {next(_numbers)}") for _ in range(writes)])
    for one in herd.of:
        herd.read(scene.path, one)


def _cold_pages(scene: Scene) -> Iterator[str]:
    """Return pages that nobody has read, enough for all that is measured."""
    posts = scene.writer.run(f"result = [factories.make_post().pk for _ in range({3 * _READS})]")
    scene.writer.settle()
    return (f"/api/v1/posts/{post}/" for post in posts)


def _read(herd: Herd, page: str, worker: int) -> None:
    answer = herd.read(page, worker)
    assert answer.status == HTTPStatus.OK, answer


def _settle(scene: Scene) -> None:
    """Return once writers do not wait for a lease any more."""
    while scene.write(f"Title {next(_numbers)}") > 1.0:
        pass


def _under_load(scene: Scene, herd: Herd) -> None:
    cluster = scene.fleet.cluster
    builds, looks, questions = Builds(cluster), Looks(cluster), Questions(cluster)
    reads = keep_asking(herd.all, scene.path, seconds=_SECONDS)
    told = {
        "reads": reads.total(),
        "looks": looks.count(),
        "builds": builds.count(),
        "queries": questions.count(),
    }
    rates = ", ".join(f"{number / _SECONDS:,.0f} {what}/s" for what, number in told.items())
    _say(f"under load: {rates}; {looks.sessions()} sessions look")


def _seconds(doing: Callable[[], object]) -> float:
    began = time.perf_counter()
    doing()
    return time.perf_counter() - began


def _tell(what: str, took: Iterable[float]) -> None:
    ordered = sorted(took)
    _say(what, f"{ordered[len(ordered) // 2] * 1000:.1f}", f"{ordered[-1] * 1000:.1f}")


def _say(what: str, *columns: str) -> None:
    sys.stdout.write(f"{what:34}" + "".join(f"{column:>12}" for column in columns) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
