"""Does Varnish answer as fast in front of us as in front of a static backend?

The same recipe, on the same core, asked in turns: in front of the service, whose answers come with
their labels; in front of a server of one answer, with the same bytes and the same fields for clients
but no labels; and, to see what those fields cost, in front of one that says no more than a file
server does. All answers are Varnish's own.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import content, plots
from benchmarks.edge.recipe import HIT, Varnish
from benchmarks.ladder.asking import Asked, Go, ask
from benchmarks.machine import cores
from benchmarks.report import Aim, Section, middle, progress
from benchmarks.servers import CONFIGURATION, LIST, Gunicorn

POSTS: Final = 2000
LEAST: Final = 0.95
_BODY_SIZE: Final = 11_000  # Bytes, about.
_WARM_UP: Final = 1.0  # Seconds each.
_LOOKS: Final = 5
_DAY: Final = 86_400
# For edges alone, or of the connection: a static backend says nothing of it.
_NOT_STATIC: Final = frozenset({
    *("xkey", "surrogate-key", "cache-tag", "cache-groups", "surrogate-control", "cdn-cache-control"),
    *("date", "server", "connection", "content-length"),
})  # fmt: skip
# What a file is sent with.
_OF_A_FILE: Final = frozenset({"content-type", "content-encoding", "etag", "vary", "cache-control"})
_IN_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
_OURS, _STATIC, _BARE = "the service", "the same bytes, static", "a file, static"


@dataclass(slots=True)
class _Behind:
    """A Varnish, what it is asked, and what came of it."""

    name: str
    behind: str
    varnish: Varnish
    asked: Asked
    goes: list[Go] = field(default_factory=list)


def run(*, rounds: int, seconds: float) -> list[Section]:
    """Measure."""
    with _varnishes() as (found, directory, notes):
        _, load_core = cores()
        progress("edge hits: warming up")
        for one in found:
            ask(one.varnish, one.asked, seconds=_WARM_UP, core=load_core, directory=directory)
        for number in range(1, rounds + 1):
            progress(f"edge hits: round {number} of {rounds}")
            # Who comes first takes turns, too.
            for one in found[:: 1 if number % 2 else -1]:
                _require_hits(one)
                go = ask(one.varnish, one.asked, seconds=seconds, core=load_core, directory=directory)
                one.goes.append(go)
                _require_hits(one)
    return [_reported(found, notes)]


@contextmanager
def _varnishes() -> Iterator[tuple[list[_Behind], Path, list[str]]]:
    with ExitStack() as stack:
        core, _ = cores()
        directory = Path(tempfile.mkdtemp(prefix="readpath-edge-", dir=_IN_MEMORY))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        # Labelled for Varnish, and kept for a day; nobody writes here, so nobody purges.
        environment = content.environment(
            content.database_url(POSTS), READPATH_EDGE_LABELS="xkey", READPATH_EDGE_TTL=str(_DAY)
        )
        service = stack.enter_context(
            Gunicorn(CONFIGURATION, environment, log=directory / "service.log", core=core)
        )
        path = _path_of_size(service)
        ours = stack.enter_context(Varnish(directory / "ours", service.port, core=core))
        found, notes = [], []
        for coding in ("identity", "br"):
            answer = _answer(service, path, coding)
            varnishes = {_OURS: ours, _STATIC: _static(stack, directory / coding, *answer)}
            if coding == "identity":
                bare = [(name, value) for name, value in answer[0] if name in _OF_A_FILE]
                varnishes[_BARE] = _static(stack, directory / "bare", bare, answer[1])
            etag, told = _require_same(varnishes, path, coding)
            notes.append(told)
            accepted = (("accept-encoding", coding),) if coding != "identity" else ()
            asked = {f"200, {coding}": Asked([path], accepted)}
            if coding == "identity":
                asked["304"] = Asked([path], (("if-none-match", etag),))
            for what, load in asked.items():
                found += [_Behind(what, behind, varnish, load) for behind, varnish in varnishes.items()]
        yield found, directory, notes


def _answer(service: Gunicorn, path: str, coding: str) -> tuple[list[tuple[str, str]], bytes]:
    """Return what the service tells clients: fields, in small letters, and bytes."""
    service.wait_for_hits(path)
    response, body = service.ask(path, accept_encoding=coding)
    fields = [(name.lower(), value) for name, value in response.getheaders()]
    return [pair for pair in fields if pair[0] not in _NOT_STATIC], body


def _static(stack: ExitStack, directory: Path, fields: list[tuple[str, str]], body: bytes) -> Varnish:
    """Start a server of one answer, which may be kept for a day, and a Varnish in front of it."""
    core, _ = cores()
    kept = ("surrogate-control", f"max-age={_DAY}, stale-while-revalidate={_DAY}")
    fields = [*fields, ("content-length", str(len(body))), kept]
    directory.mkdir()
    file = directory / "constant.json"
    file.write_text(json.dumps({"fields": fields, "body": body.decode("latin-1")}))
    application = (*CONFIGURATION, "benchmarks.edge.static:application")
    environment = content.environment(content.database_url(POSTS), BENCHMARK_CONSTANT=str(file))
    log = directory / "static.log"
    backend = stack.enter_context(Gunicorn(application, environment, log=log, core=core))
    return stack.enter_context(Varnish(directory / "varnish", backend.port, core=core))


def _path_of_size(service: Gunicorn) -> str:
    """Return a page of a list that does not age, with a body of about the size that is measured elsewhere."""
    _, body = service.ask(LIST)
    posts = len(json.loads(body)["results"])
    limit = max(1, min(100, round(posts * _BODY_SIZE / len(body))))
    _, first = service.ask(f"{LIST}?limit={limit}")
    path: str = json.loads(first)["next"]
    return path


def _require_same(varnishes: Mapping[str, Varnish], path: str, coding: str) -> tuple[str, str]:
    """Check that all answer the same; return the ETag, and how long the heads are."""
    heads, bodies, etags = [], set(), set()
    for name, varnish in varnishes.items():
        for _ in range(3):
            response, body = varnish.ask(path, accept_encoding=coding)
            if response.status != 200 or response.headers.get("content-encoding", "identity") != coding:
                raise RuntimeError(f"nothing measured, for {varnish.log} answered {response.status}")
            bodies.add(body)
            etags.add(response.headers["etag"])
        size = sum(len(field) + len(value) + 4 for field, value in response.getheaders())
        heads.append(f"{name}: {size}")
    if len(bodies) != 1 or len(etags) != 1:
        raise RuntimeError(f"nothing measured, for not all answer the same to {path}")
    (body,), (etag,) = bodies, etags
    return etag, f"{coding}: bodies of {len(body):,} bytes; bytes of the head: {', '.join(heads)}"


def _require_hits(one: _Behind) -> None:
    """Check that Varnish answers from what it keeps: what nothing can purge it renews every minute."""
    fields = {name.replace("-", "_"): value for name, value in one.asked.fields}
    (path,) = one.asked.paths
    for _ in range(_LOOKS):
        response, _ = one.varnish.ask(path, **fields)
        status = response.headers["cache-status"] or ""
        if HIT.search(status):
            return
    raise RuntimeError(f"need a hit of {one.behind} for {path}, got {status!r}")


def _reported(found: list[_Behind], notes: list[str]) -> Section:
    section = Section(
        "Varnish in front of us, beside the same Varnish in front of a static backend",
        (
            "answer",
            "behind it",
            "answers/s",
            "least to greatest",
            "p50 ms",
            "p99 ms",
            "CPU µs each",
            "ours / it",
        ),
        notes=notes,
    )
    for what in dict.fromkeys(one.name for one in found):
        ours, *others = (one for one in found if one.name == what)
        for one in (ours, *others):
            ratio = median(_ratios(ours, one))
            section.rows.append((*_row(one), "" if one is ours else f"{ratio:.3f}"))
            section.raw[f"{one.name}, {one.behind}"] = [asdict(go) for go in one.goes]
        static = others[0]
        ratios, by_cpu = _ratios(ours, static), _cpu(static) / _cpu(ours)
        section.aims.append(Aim(f"{what}: {_OURS} / {_STATIC}", median(ratios), LEAST))
        section.notes.append(
            f"{what}: per round {min(ratios):.3f} to {max(ratios):.3f}; by CPU time: {by_cpu:.3f}"
        )
    rates = {f"{one.name}: {one.behind}": [go.per_second for go in one.goes] for one in found}
    ours_named = [name for name in rates if name.endswith(_OURS)]
    section.plots.append(plots.medians("edge-hits", section.title, rates, unit="answers/s", ours=ours_named))
    return section


def _ratios(these: _Behind, those: _Behind) -> list[float]:
    """Return the ratio of the rates in each round: neighbours in time, so the machine was the same."""
    return [this.per_second / that.per_second for this, that in zip(these.goes, those.goes, strict=True)]


def _row(one: _Behind) -> tuple[Any, ...]:
    per_second, least, greatest = middle([go.per_second for go in one.goes])
    return (
        one.name,
        one.behind,
        f"{per_second:,.0f}",
        f"{least:,.0f} to {greatest:,.0f}",
        f"{median(go.p50 for go in one.goes) * 1000:.2f}",
        f"{median(go.p99 for go in one.goes) * 1000:.2f}",
        f"{_cpu(one):.1f}",
    )


def _cpu(one: _Behind) -> float:
    return median(go.cpu_microseconds for go in one.goes)
