"""What is one process of a run to do, and where does it find what it needs?"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.oracle.board import Board
from tests.oracle.library import Library


@dataclass(frozen=True)
class Plan:
    """What one process is to do."""

    port: int
    arbiter: int
    process: int  # Which of the processes this is; -1 is the one that writes with SQL.
    processes: int
    seed: int
    readers: int
    slow: int  # Readers that ask only now and then.
    writers: int
    reads_per_second: float  # Of this process; 0 is as many as it can.
    writes_per_second: float
    board: str
    library: str
    results: str
    database: dict[str, str]

    def open_board(self, library: Library) -> Board:
        """Return the run's board."""
        return Board(Path(self.board), registers=len(library.registers()), raw=library.raw)

    def write(self, path: Path) -> None:
        """Write it down for the process."""
        path.write_text(json.dumps(asdict(self)))


def read(path: Path) -> Plan:
    """Return the plan that was written down."""
    return Plan(**json.loads(path.read_text()))
