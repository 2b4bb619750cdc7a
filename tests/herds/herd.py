"""Five hundred clients, each on a connection of its own, who all want the same at once."""

from __future__ import annotations

import select
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Self

from tests.fleet import Fleet
from tests.oracle.wire import Answer, Lost, Wire
from tests.workers import workers_by_port

CLIENTS = 500
ANSWERED_WITHIN = 25.0  # Seconds.

_LIVE = "/healthz/live"
_FEWEST = 12  # Clients that each worker has, at least.


class Herd:
    """Clients of one fleet; whose worker is whose is known."""

    def __init__(self, fleet: Fleet, clients: int = CLIENTS) -> None:
        self._fleet = fleet
        self._clients = clients
        self.of: Mapping[int, list[Wire]] = {}

    @property
    def all(self) -> list[Wire]:
        """All clients."""
        return [wire for wires in self.of.values() for wire in wires]

    def ask(self, path: str, wires: Iterable[Wire] | None = None) -> None:
        """Send everybody's request, or that of some."""
        for wire in self.all if wires is None else wires:
            wire.send(_request(path))

    def arrive(self, *, but: Collection[int] = ()) -> None:
        """Return once all that was sent has been taken in: each worker answers what came after it."""
        witnesses = {worker: wire for worker, wire in self._witnesses.items() if worker not in but}
        for wire in witnesses.values():
            wire.send(_request(_LIVE))
        assert all(answer and answer.status == 200 for answer in answers(witnesses.values()))

    def answers(self, wires: Iterable[Wire] | None = None) -> list[Answer | None]:
        """Return what everybody was answered, or some; None is a connection that was closed."""
        return answers(self.all if wires is None else wires)

    def read(self, path: str, worker: int) -> Answer:
        """Let one worker be asked by one client."""
        wire = self._witnesses[worker]
        wire.send(_request(path))
        (answer,) = answers([wire])
        assert answer is not None
        return answer

    def warm(self, path: str, outcome: str = "hit") -> None:
        """Let every worker read until it answers from its memory, and says so in these words."""
        deadline = time.monotonic() + ANSWERED_WITHIN
        for worker in self.of:
            while (answer := self.read(path, worker)).outcome != outcome:
                assert time.monotonic() < deadline, answer

    def __enter__(self) -> Self:
        deadline = time.monotonic() + ANSWERED_WITHIN
        wires: list[Wire] = []
        # Who accepts is chance, and sometimes a worker comes too short.
        while len(wires) < self._clients or min(map(len, self.of.values())) < _FEWEST:
            assert time.monotonic() < deadline, f"{ {pid: len(of) for pid, of in self.of.items()} }"
            more = [Wire(self._fleet.port) for _ in range(self._clients // 10)]
            wires += more
            for wire in more:
                wire.send(_request(_LIVE))
            assert all(answers(more))
            self.of = self._sorted(wires)
        self._witnesses = {worker: wires.pop() for worker, wires in self.of.items()}
        return self

    def _sorted(self, wires: Iterable[Wire]) -> dict[int, list[Wire]]:
        workers = self._fleet.workers
        by_port = workers_by_port(self._fleet.port, workers)
        found: dict[int, list[Wire]] = {worker: [] for worker in workers}
        for wire in wires:
            found[by_port[wire.port]].append(wire)
        return found

    def __exit__(self, *_: object) -> None:
        for wire in [*self.all, *self._witnesses.values()]:
            wire.close()


def answers(wires: Iterable[Wire]) -> list[Answer | None]:
    """Return one answer of each wire, None where it was closed instead."""
    ordered = list(wires)
    found: dict[int, Answer | None] = {}
    poll = select.epoll()
    waiting = {wire.fileno(): wire for wire in ordered}
    for descriptor in waiting:
        poll.register(descriptor, select.EPOLLIN)
    deadline = time.monotonic() + ANSWERED_WITHIN
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} of {len(ordered)} are not answered"
        for descriptor, _ in poll.poll(0.1):
            try:
                answer = waiting[descriptor].receive()
            except Lost:
                answer = None
            else:
                if answer is None:
                    continue
            found[waiting.pop(descriptor).port] = answer
            poll.unregister(descriptor)
    poll.close()
    return [found[wire.port] for wire in ordered]


def keep_asking(wires: Iterable[Wire], path: str, *, seconds: float) -> Counter[str]:
    """Let each client ask again as soon as it is answered; return how often it was answered how."""
    outcomes: Counter[str] = Counter()
    clients = {wire.fileno(): wire for wire in wires}
    request, until = _request(path), time.monotonic() + seconds
    with select.epoll() as poll:
        for descriptor, wire in clients.items():
            poll.register(descriptor, select.EPOLLIN)
            wire.send(request)
        waiting = len(clients)
        while waiting:
            assert time.monotonic() < until + ANSWERED_WITHIN, f"{waiting} are not answered"
            for descriptor, _ in poll.poll(0.1):
                answer = clients[descriptor].receive()
                if answer is None:
                    continue
                outcomes[answer.outcome] += 1
                if time.monotonic() < until:
                    clients[descriptor].send(request)
                else:
                    waiting -= 1
    return outcomes


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
