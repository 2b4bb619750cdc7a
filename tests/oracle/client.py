"""One process of clients: some connections read as fast as they are answered, a few write.

One thread, one `epoll`: a request goes out, the answer is checked when it comes, the next one
goes out. The connections are kept about evenly spread over the workers; a port has no say in
who accepts, so those of a worker that has too many are given up, one at a time.

    python -m tests.oracle.client <file with the plan>
"""

from __future__ import annotations

import heapq
import random
import select
import sys
import time
from pathlib import Path

from tests.oracle import library as libraries
from tests.oracle import plan as plans
from tests.oracle import reader as reading
from tests.oracle import writer as writing
from tests.oracle.board import Stage
from tests.oracle.database import Database
from tests.oracle.plan import Plan
from tests.oracle.raw import RawWriter
from tests.oracle.reader import Question, Readers
from tests.oracle.tally import Tally
from tests.oracle.wire import Answer, Lost, Wire
from tests.oracle.writer import Writers, Writing
from tests.workers import children, workers_by_port

_LOOK = 250_000_000  # Nanoseconds between two looks at everything that is not an answer.
_PONDERS = 6_000_000_000  # Nanoseconds between two reads of a slow reader, at most.
_UNEVEN = 2  # Connections that a worker may have above its share.


class Player:
    """A connection and what is asked on it."""

    __slots__ = ("asked", "is_writer", "pause", "wire")

    def __init__(self, *, is_writer: bool, pause: int) -> None:
        self.is_writer = is_writer
        self.pause = pause  # Nanoseconds between an answer and the next request.
        self.wire: Wire | None = None
        self.asked: Question | Writing | None = None


class Client:
    """All players of one process."""

    def __init__(self, plan: Plan) -> None:
        library = libraries.read(Path(plan.library))
        self.tally = Tally()
        self._plan = plan
        self._board = plan.open_board(library)
        database = Database(plan.database)
        self._readers = Readers(self._board, library, self.tally, process=plan.process, seed=plan.seed)
        self._writers = Writers(
            self._board,
            library,
            self.tally,
            database,
            process=plan.process,
            processes=plan.processes,
            seed=plan.seed,
        )
        self._poll = select.epoll()
        self._players = _players(plan)
        self._playing: dict[int, Player] = {}
        self._idle: list[tuple[int, int, Player]] = []  # When each one's turn is.
        self._turns = 0
        self._is_spread = False
        self._workers: dict[int, int] = {}  # Our port -> the worker at the other end.

    def run(self) -> None:
        """Play until the run is over."""
        now = time.monotonic_ns()
        for number, player in enumerate(self._players):
            self._rest(player, now + number * player.pause // len(self._players))
        look_at = now
        while self._board.stage is not Stage.OVER:
            self._take_turns(time.monotonic_ns())
            for descriptor, _ in self._poll.poll(0.002):
                self._receive(self._playing[descriptor])
            if time.monotonic_ns() >= look_at:
                self._look()
                look_at = time.monotonic_ns() + _LOOK

    def _rest(self, player: Player, until: int) -> None:
        self._turns += 1
        heapq.heappush(self._idle, (until, self._turns, player))

    def _take_turns(self, now: int) -> None:
        while self._idle and self._idle[0][0] <= now:
            _, _, player = heapq.heappop(self._idle)
            self._ask(player, now)

    def _ask(self, player: Player, now: int) -> None:
        assert player.asked is None, "one question at a time: answers come without a name"
        if player.wire is None and not self._connect(player):
            self._rest(player, now + 20_000_000)
            return
        stage = self._board.stage
        if stage is Stage.WARMING or (player.is_writer and stage is not Stage.WRITING):
            self._rest(player, now + 20_000_000)
            return
        assert player.wire is not None
        chosen = self._writers.begin() if player.is_writer else self._readers.ask()
        if chosen is None:
            self._rest(player, now + 1_000_000)
            return
        player.asked, request = chosen
        try:
            player.wire.send(request)
        except Lost as lost:
            self._lose(player, str(lost))

    def _connect(self, player: Player) -> bool:
        try:
            player.wire = Wire(self._plan.port)
        except OSError:
            return False
        self._playing[player.wire.fileno()] = player
        self._poll.register(player.wire.fileno(), select.EPOLLIN)
        return True

    def _hang_up(self, player: Player) -> None:
        if player.wire is not None:
            self._poll.unregister(player.wire.fileno())
            del self._playing[player.wire.fileno()]
            player.wire.close()
            player.wire = None

    def _receive(self, player: Player) -> None:
        assert player.wire is not None
        try:
            answer = player.wire.receive()
        except Lost as lost:
            self._lose(player, str(lost))
            return
        if answer is not None and player.asked is not None:
            self._answer(player, answer)

    def _answer(self, player: Player, answer: Answer) -> None:
        assert player.wire is not None
        asked, player.asked = player.asked, None
        worker = self._workers.get(player.wire.port, 0)
        if isinstance(asked, Writing):
            self._writers.answered(asked, answer, worker)
        elif asked is not None:
            before = len(self.tally.evidence)
            self._readers.answered(asked, answer, worker)
            if len(self.tally.evidence) > before and not worker:
                self._locate()
                self.tally.evidence[-1]["worker"] = self._workers.get(player.wire.port, 0)
        if answer.is_last:
            self._hang_up(player)
        self._go_on(player, failed=answer.status >= 500)

    def _go_on(self, player: Player, *, failed: bool) -> None:
        now, pause = time.monotonic_ns(), player.pause
        if failed:
            pause = max(pause, 5_000_000)  # Who is refused does not come again at once.
        if pause == _PONDERS:
            pause = int(pause * random.random())
        if pause or player.is_writer:
            self._rest(player, now + pause)
        else:
            self._ask(player, now)

    def _lose(self, player: Player, why: str) -> None:
        worker = self._workers.get(player.wire.port, 0) if player.wire else 0
        self._hang_up(player)
        asked, player.asked = player.asked, None
        if isinstance(asked, Writing):
            self._writers.lost(asked, why, worker)
        elif asked is not None:
            self._readers.lost(asked, why)
        else:
            return  # It was at rest, and its turn will come.
        self._rest(player, time.monotonic_ns() + 5_000_000)

    def _look(self) -> None:
        """Do what is due now and then: overdue answers, writes of unknown end, an even spread."""
        now = time.monotonic_ns()
        for player in self._players:
            if player.asked is not None and now - player.asked.begun > _patience(player):
                self._lose(player, "no answer")
        self._writers.settle()
        self._locate()
        self._spread()
        if self._board.stage is Stage.WARMING and self._is_spread:
            self._board.report_ready(self._plan.process)
        is_done = all(player.asked is None for player in self._players if player.is_writer)
        if self._board.stage is Stage.READING and is_done and not self._writers.unsettled:
            self._board.report_ready(self._plan.process, done=True)

    def _locate(self) -> None:
        self._workers = workers_by_port(self._plan.port, children(self._plan.arbiter))

    def _spread(self) -> None:
        """Give up a connection of each worker that has more than its share."""
        held: dict[int, list[Player]] = {worker: [] for worker in children(self._plan.arbiter)}
        for player in self._players:
            if player.wire is not None and player.wire.port in self._workers:
                held.setdefault(self._workers[player.wire.port], []).append(player)
        self._is_spread = bool(held) and all(held.values())
        if len(held) < 2:
            return
        share = sum(len(players) for players in held.values()) / len(held)
        above = _UNEVEN if self._is_spread else 0
        for players in held.values():
            surplus = int(len(players) - share - above)
            resting = [player for player in players if player.asked is None]
            asking = [player for player in players if player.asked is not None and not player.is_writer]
            for player in (resting + asking)[: max(surplus, 0)]:
                # A read under way is forgotten, not counted: it is ours to give up.
                was_asking, player.asked = player.asked is not None, None
                self._hang_up(player)
                if was_asking:
                    self._rest(player, time.monotonic_ns())


def _players(plan: Plan) -> list[Player]:
    """Return the players: writers, readers, and a few of these that ask only now and then.

    Whoever asks as fast as he is answered asks nothing while his worker stands still. A slow
    reader does, and what he asks late must not be answered with what was true early.
    """
    writing = int(1e9 * plan.writers / plan.writes_per_second)
    reading = int(1e9 * plan.readers / plan.reads_per_second) if plan.reads_per_second else 0
    return [
        *(Player(is_writer=True, pause=writing) for _ in range(plan.writers)),
        *(Player(is_writer=False, pause=_PONDERS) for _ in range(plan.slow)),
        *(Player(is_writer=False, pause=reading) for _ in range(plan.readers)),
    ]


def _patience(player: Player) -> int:
    return writing.PATIENCE if player.is_writer else reading.PATIENCE


def main(path: str) -> None:
    """Do what the plan in a file says, and write down what was counted."""
    plan = plans.read(Path(path))
    if plan.process < 0:
        library = libraries.read(Path(plan.library))
        raw = RawWriter(plan.open_board(library), library, Database(plan.database), seed=plan.seed)
        raw.run(1 / plan.writes_per_second)
        raw.tally.write(Path(plan.results))
        return
    client = Client(plan)
    client.run()
    client.tally.write(Path(plan.results))


if __name__ == "__main__":
    main(sys.argv[1])
