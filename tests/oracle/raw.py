"""Who writes past the HTTP API? One process with SQL: bulk updates, renames, pairs, transactions given up.

Nobody tells these writers that all workers know. So a read that began after such a commit may
still show what was before, for as long as the relay takes; how long is measured, and bounded.
What was rolled back must never be seen.
"""

from __future__ import annotations

import random
import time

from tests.oracle.board import Board, Stage
from tests.oracle.database import Database, Trouble, held
from tests.oracle.library import Library
from tests.oracle.registers import Kind, Register
from tests.oracle.tally import Tally

NEVER = 1_000_000  # A version that is written and rolled back.


class RawWriter:
    """Writes one raw register after the other."""

    def __init__(self, board: Board, library: Library, database: Database, *, seed: int) -> None:
        self.tally = Tally()
        self._board = board
        self._library = library
        self._database = database
        self._random = random.Random(f"raw {seed}")
        self._registers = [one for one in library.registers() if one.kind.is_raw]

    def run(self, pause: float) -> None:
        """Write until the run is over, with a pause between two writes."""
        while self._board.stage < Stage.WRITING:
            time.sleep(0.01)
        while self._board.stage is Stage.WRITING:
            self._step()
            time.sleep(self._random.random() * 2 * pause)
        self._database.close()

    def _step(self) -> None:
        # A third of the writes are to the scores of all posts: every page shows them.
        kind = self._random.choice((Kind.SCORES, Kind.NAME, Kind.PAIR))
        register = self._random.choice([one for one in self._registers if one.kind is kind])
        version = self._board.acknowledged[register.index] + 1
        begun = time.monotonic_ns()
        try:
            if self._random.random() < 0.2:
                self._write(register, NEVER, "ROLLBACK")
                return
            self._board.begun[register.index] = version
            self._write(register, version, "COMMIT")
        except Trouble as error:
            self._database.close()
            self._settle(register, version)
            how = type(error).__name__
        else:
            self._board.committed(register.index, version)
            how = "committed"
        self.tally.writes.append((register.index, version, begun, time.monotonic_ns(), 0, how))

    def _write(self, register: Register, version: int, end: str) -> None:
        database, library = self._database, self._library
        database.begin()
        if register.kind is Kind.SCORES:
            database.execute("UPDATE api_post SET score = %s", [version])
        elif register.kind is Kind.PAIR:
            for post in (register.subject, register.subject + 1):
                values = [f"Pair {register.subject}.{version}", library.posts[post]]
                database.execute("UPDATE api_post SET licence = %s WHERE id = %s", values)
        else:
            name, pk = f"Author {register.subject}.{version}", library.authors[register.subject]
            database.execute("UPDATE api_author SET name = %s WHERE id = %s", [name, pk])
        if self._random.random() < 0.3 and not database.is_sqlite:
            # Committed later than what others write meanwhile: outbox rows become visible out of order.
            time.sleep(self._random.random() * 0.05)
        database.end(end)

    def _settle(self, register: Register, version: int) -> None:
        """Find out whether a write that failed has happened all the same."""
        while self._board.stage is not Stage.OVER:
            try:
                if held(self._database, self._library, register) == version:
                    self._board.committed(register.index, version)
            except Trouble:
                self._database.close()
                time.sleep(0.05)
            else:
                return
