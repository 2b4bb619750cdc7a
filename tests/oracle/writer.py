"""How does a client write? One version after the other, and never more than one of a thing at once.

A write that is answered with success is acknowledged: from then on nobody may see less. One
that is refused, or whose answer is lost, may have happened or not; the database is asked before
the next one begins, and it is not acknowledged either way.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass

from tests.oracle.board import Board
from tests.oracle.database import Database, settled
from tests.oracle.library import Library
from tests.oracle.registers import Kind, Register, liker_of
from tests.oracle.tally import Tally
from tests.oracle.wire import Answer

PATIENCE = 60_000_000_000  # Nanoseconds; longer than anything is stopped, so that no answer comes after.
_SHARES = {Kind.TEXT: 50, Kind.LIKES: 18, Kind.COMMENTS: 12, Kind.FIRST: 10, Kind.EXISTS: 10}


@dataclass(slots=True)
class Writing:
    """One write under way, or one of which nobody knows whether it happened."""

    register: Register
    version: int
    begun: int


class Writers:
    """What all writers of one process share: the registers that are theirs to write."""

    def __init__(
        self,
        board: Board,
        library: Library,
        tally: Tally,
        database: Database,
        *,
        process: int,
        processes: int,
        seed: int,
    ) -> None:
        self._board = board
        self._library = library
        self._tally = tally
        self._database = database
        self._random = random.Random(f"writer {seed} {process}")
        mine = [one for one in library.registers() if one.index % processes == process]
        self._free = {kind: [one for one in mine if one.kind is kind] for kind in _SHARES}
        self._last: dict[int, int] = {}  # What the database holds, acknowledged or not.
        self.unsettled: list[Writing] = []

    def begin(self) -> tuple[Writing, bytes] | None:
        """Choose what to write and say that it begins; return the request, too."""
        kinds = [kind for kind in _SHARES if self._free[kind]]
        if not kinds:
            return None
        (kind,) = self._random.choices(kinds, [_SHARES[kind] for kind in kinds])
        registers = self._free[kind]
        register = registers.pop(int(self._random.random() * len(registers)))
        version = self._last.get(register.index, 0) + 1
        self._board.begun[register.index] = version
        writing = Writing(register, version, time.monotonic_ns())
        return writing, self._request(register, version)

    def answered(self, writing: Writing, answer: Answer, worker: int) -> None:
        """Say that a write was acknowledged, or find out what became of it."""
        now = time.monotonic_ns()
        took = now - writing.begun
        phase, slot = self._tally.phase(self._board.phase), self._tally.slot(now)
        slot[3] = max(slot[3], took)
        self._log(writing, now, worker, str(answer.status))
        if 200 <= answer.status < 300:
            self._last[writing.register.index] = writing.version
            self._board.acknowledged[writing.register.index] = writing.version
            self._board.hot = writing.register.subject
            phase.count_write(took)
            self._free[writing.register.kind].append(writing.register)
            return
        phase.errors[f"write {answer.status}"] += 1
        phase.longest_write = max(phase.longest_write, took)
        slot[2] += 1
        self.unsettled.append(writing)

    def lost(self, writing: Writing, why: str, worker: int) -> None:
        """Find out what became of a write whose answer did not come."""
        now = time.monotonic_ns()
        self._log(writing, now, worker, why)
        phase = self._tally.phase(self._board.phase)
        phase.errors[f"write lost: {why}"] += 1
        phase.longest_write = max(phase.longest_write, now - writing.begun)
        self._tally.slot(now)[2] += 1
        self.unsettled.append(writing)

    def settle(self) -> None:
        """Ask the database about the writes of which nobody knows whether they happened."""
        for writing in tuple(self.unsettled):
            version = settled(self._database, self._library, writing.register, writing.version)
            if version is None:
                return
            self.unsettled.remove(writing)
            self._last[writing.register.index] = version
            self._free[writing.register.kind].append(writing.register)

    def _log(self, writing: Writing, now: int, worker: int, how: str) -> None:
        self._tally.writes.append((writing.register.index, writing.version, writing.begun, now, worker, how))

    def _request(self, register: Register, version: int) -> bytes:
        library, subject = self._library, register.subject
        post, author = library.posts[subject], library.author_of(subject)
        content: dict[str, str] | None = None
        match register.kind:
            case Kind.TEXT:
                method, path = "PATCH", f"posts/{post}/"
                content = {
                    "title": f"Title {subject}.{version}",
                    "excerpt": f"Excerpt {subject}.{version}",
                    "body": f"<p>Body {subject}.{version}</p>",
                }
            case Kind.COMMENTS:
                method, path = "POST", f"posts/{post}/comments/"
                content = {"body": f"<p>Comment {subject}.{version}</p>"}
            case Kind.FIRST:
                method, path = "PATCH", f"comments/{library.comments[subject]}/"
                content = {"body": f"<p>First {subject}.{version}</p>"}
            case Kind.LIKES:
                author, likes = liker_of(version, len(library.authors))
                method, path = "PUT" if likes else "DELETE", f"posts/{post}/like/"
            case _:
                method, path = "POST", f"posts/{post}/{'archive' if version % 2 else 'publish'}/"
        return _request(method, path, library.tokens[author], content)


def _request(method: str, path: str, token: str, content: dict[str, str] | None) -> bytes:
    body = json.dumps(content).encode() if content else b""
    lines = [f"{method} /api/v1/{path} HTTP/1.1", "Host: localhost", f"Authorization: Token {token}"]
    lines.append(f"Content-Length: {len(body)}")
    if content:
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode() + body
