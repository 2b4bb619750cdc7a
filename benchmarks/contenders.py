"""Which servers are compared, and do they answer the same? Ours, its limit, and the alternatives.

All on one core, each idle while another is asked. Nothing is measured unless all of them
answer the same bytes, and ours as it should: hits as hits, 304s and HEADs without a body.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Final

from benchmarks import content
from benchmarks.load import Load, Rate, measure
from benchmarks.machine import cores
from benchmarks.report import progress
from benchmarks.servers import LIST, Gunicorn, Redis

BODY_SIZE: Final = 11_000  # Bytes, about; the number of posts on the page is chosen for it.
_CONFIGURATION: Final = ("-c", "settings/gunicorn.py")
_GTHREAD: Final = (
    *("--worker-class", "gthread", "--http-parser", "fast", "--keep-alive", "75", "--log-level", "warning"),
    # No number of threads answered more.
    *("--threads", "16"),
    "django.core.wsgi:get_wsgi_application()",
)
HEAD_KEPT: Final = "constant, head kept"
_BROWSER: Final = (("accept", "application/json"), ("accept-encoding", "gzip, deflate, br, zstd"))
_GIVEN_BY_GUNICORN: Final = frozenset({"date", "server", "connection"})


@dataclass(slots=True)
class Contender:
    """A server and what it is asked, with what it answered in each round."""

    name: str
    server: Gunicorn
    load: Load
    is_ours: bool = False
    rates: list[Rate] = field(default_factory=list)

    def measure(self, *, seconds: float) -> Rate:
        """Put load on the server, from another core where there are two."""
        if self.is_ours:
            # Else each go would begin with a stale page and its renewal, however short it is.
            self.server.wait_for_hits(self.load.path)
        _, load_core = cores()
        return measure(self.server, self.load, seconds=seconds, core=load_core)


class _Stage:
    """The servers that run while the measurement does, and what has to be said about them."""

    def __init__(self, stack: ExitStack, database_url: str) -> None:
        self._stack = stack
        self._database_url = database_url
        self._server_core, self._load_core = cores()
        self._directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="readpath-bench-")))
        self.notes: list[str] = []
        if self._server_core is None:
            self.notes.append("one core only: server and load share it")
        if shutil.which("wrk") is None:
            self.notes.append("no wrk here: our own client sends the load, and may be slower than the server")

    def gunicorn(self, name: str, *arguments: str, **variables: str) -> Gunicorn:
        """Start a gunicorn."""
        progress(f"hits: starting {name}")
        environment = content.environment(self._database_url, **variables)
        log = self._directory / f"{name}.log"
        return self._stack.enter_context(Gunicorn(arguments, environment, log=log, core=self._server_core))

    def constant(self, name: str, answer: dict[str, Any], **variables: str) -> Gunicorn:
        """Start a server of one answer."""
        file = self._directory / "constant.json"
        file.write_text(json.dumps(answer))
        application = "benchmarks.constant:application"
        variables["BENCHMARK_CONSTANT"] = str(file)
        return self.gunicorn(name, *_CONFIGURATION, application, **variables)

    def alternative(self, name: str, **variables: str) -> Gunicorn:
        """Start the same view on Django alone."""
        settings = "benchmarks.alternative_settings"
        return self.gunicorn(name, *_GTHREAD, DJANGO_SETTINGS_MODULE=settings, **variables)

    def redis(self) -> dict[str, str]:
        """Start Redis if there is one; return what tells the alternative about it."""
        if not Redis.is_installed():
            self.notes.append("no redis-server here: cache_page keeps its answers in the process's memory")
            return {}
        # On the load's core, which has time to spare: to the alternative's advantage.
        redis = self._stack.enter_context(Redis(self._directory, core=self._load_core))
        return {"BENCHMARK_REDIS": str(redis.socket)}


@contextmanager
def contenders(database_url: str) -> Iterator[tuple[list[Contender], list[str]]]:
    """Start all servers; yield who is asked what, and notes about it."""
    with ExitStack() as stack:
        stage = _Stage(stack, database_url)
        ours = stage.gunicorn("readpath", *_CONFIGURATION)
        ours.wait_for_hits(LIST)
        path = _path_of_size(ours, BODY_SIZE)
        etag, answer = _representation(ours, path)
        stage.notes.append(f"bodies of {len(answer['body'])} bytes: {path}")
        constant = stage.constant("constant", answer)
        head_kept = stage.constant(HEAD_KEPT, answer, BENCHMARK_HEAD_KEPT="1")
        redis = stage.redis()
        cached = stage.alternative("cache_page", **redis)
        lean = stage.alternative("cache_page, lean", BENCHMARK_LEAN="1", **redis)
        uncached = stage.alternative("uncached", BENCHMARK_CACHED="0")
        for server in (constant, head_kept, cached, lean, uncached):
            _require_same(server, path, answer["body"])
        get, head = Load(path), Load(path, method="HEAD")
        yield (
            [
                Contender("hits", ours, get, is_ours=True),
                Contender("constant", constant, get),
                Contender(HEAD_KEPT, head_kept, get),
                Contender("304s", ours, Load(path, fields=(("if-none-match", etag),)), is_ours=True),
                Contender("hits in br", ours, Load(path, fields=_BROWSER), is_ours=True),
                Contender("hits, HEAD", ours, head, is_ours=True),
                Contender("constant, HEAD", constant, head),
                Contender("cache_page", cached, get),
                Contender("cache_page, lean", lean, get),
                Contender("uncached", uncached, get),
            ],
            stage.notes,
        )


def _path_of_size(server: Gunicorn, size: int) -> str:
    """Return a list whose body has about so many bytes."""
    _, body = server.ask(LIST)
    posts = len(json.loads(body)["results"])
    return f"{LIST}?limit={max(1, min(100, round(posts * size / len(body))))}"


def _representation(server: Gunicorn, path: str) -> tuple[str, dict[str, Any]]:
    """Check what hits, 304s and HEAD answer; return the ETag, and the whole answer of a hit."""
    _, body = server.ask(path)
    hit, again = server.ask(path)
    etag = hit.headers["etag"]
    _require(hit.status == 200 and again == body, "a hit has the bytes of the build")
    _require(hit.headers["cache-status"] == "readpath; hit", "the second answer is a hit")
    unchanged, nothing = server.ask(path, if_none_match=etag)
    _require(unchanged.status == 304 and nothing == b"", "a known ETag is answered by an empty 304")
    head, nothing = server.ask(path, method="HEAD")
    _require(head.status == 200 and nothing == b"", "HEAD is answered without a body")
    _require(_names(head) == _names(hit), "HEAD has the fields of GET")
    return etag, {"fields": _own_fields(hit), "body": body.decode()}


def _own_fields(response: HTTPResponse) -> list[tuple[str, str]]:
    return [pair for pair in response.getheaders() if pair[0].lower() not in _GIVEN_BY_GUNICORN]


def _names(response: HTTPResponse) -> set[str]:
    # A second may have passed: Last-Modified appears then, and lifetimes may be another second shorter.
    return {name for name, _ in _own_fields(response)} - {"last-modified"}


def _require_same(server: Gunicorn, path: str, body: str) -> None:
    for _ in range(2):
        response, sent = server.ask(path)
        _require(
            response.status == 200 and sent.decode() == body, f"{server.log.stem} answers the same bytes"
        )


def _require(is_so: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence.
    if not is_so:
        raise RuntimeError(f"nothing measured, for it is not so that {what}")
