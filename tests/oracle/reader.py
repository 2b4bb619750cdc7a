"""What may a read show? Nothing older than what was acknowledged before, and nothing that never was.

A reader copies what is acknowledged, asks, and holds the answer against the copy. Half of the
time it asks for what was written last, where a mistake would show; sometimes it asks with the
ETag it has (a 304 says that the page of that ETag is still right), sometimes for a coding.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Sequence

from tests.oracle.board import Board
from tests.oracle.library import Library, Url
from tests.oracle.pages import Impossible, Pages, Seen
from tests.oracle.registers import Kind, Register, is_within
from tests.oracle.tally import MOST_EVIDENCE, Tally
from tests.oracle.wire import Answer

PATIENCE = 30_000_000_000  # Nanoseconds; a read without an answer after these is an error.
MOST_BEHIND = 10_000_000_000  # Nanoseconds after which every worker must know of a raw write.
_KNOWN = 64  # Pages that are remembered of one URL.


class Question:
    """One read under way."""

    __slots__ = ("begun", "etag", "floor", "held", "number")

    def __init__(self, number: int, begun: int, floor: memoryview, etag: bytes, held: Seen) -> None:
        self.number = number
        self.begun = begun
        self.floor = floor
        self.etag = etag
        self.held = held  # What the representation with that ETag shows.


class Readers:
    """What all readers of one process share: the URLs, the pages seen so far, and the check."""

    def __init__(self, board: Board, library: Library, tally: Tally, *, process: int, seed: int) -> None:
        self._board = board
        self._tally = tally
        self._process = process
        self._random = random.Random(f"reader {seed} {process}")
        self._registers: Sequence[Register] = library.registers()
        self._urls = library.urls()
        self._pages = Pages(library, library.registers())
        self._likers = len(library.authors)
        self._of_post = [
            [number for number, url in enumerate(self._urls) if library.shows(url, post)]
            for post in range(len(library.posts))
        ]
        # Of each URL: ETag -> what the page with that ETag shows, and its bytes.
        self._known: list[dict[bytes, tuple[Seen, bytes]]] = [{} for _ in self._urls]
        self._etags = [b""] * len(self._urls)
        self._is_repeating = [one.kind in (Kind.LIKES, Kind.EXISTS) for one in self._registers]
        self._is_raw = [one.kind.is_raw for one in self._registers]

    def ask(self) -> tuple[Question, bytes]:
        """Choose what to read; return the request, too."""
        random_value = self._random.random
        urls = self._of_post[self._board.hot] if random_value() < 0.5 else range(len(self._urls))
        number = urls[int(random_value() * len(urls))]
        lines = [b"GET %s HTTP/1.1\r\nHost: localhost" % self._urls[number].path.encode()]
        etag, held, manner = b"", {}, random_value()
        if manner < 0.25 and self._etags[number]:
            etag = self._etags[number]
            held = self._known[number][etag][0]
            lines.append(b"If-None-Match: " + etag)
        elif manner > 0.95:
            lines.append(b"Accept-Encoding: gzip")
        request = b"\r\n".join([*lines, b"", b""])
        return Question(number, time.monotonic_ns(), self._board.copy(), etag, held), request

    def answered(self, question: Question, answer: Answer, worker: int) -> None:
        """Check an answer and count it."""
        now = time.monotonic_ns()
        url, board = self._urls[question.number], self._board
        phase, slot = self._tally.phase(board.phase), self._tally.slot(now)
        took, outcome = now - question.begun, answer.outcome
        slot[3] = max(slot[3], took)
        if answer.status not in (200, 304, 404):
            phase.errors[f"read {answer.status}"] += 1
            phase.longest_read = max(phase.longest_read, took)
            slot[2] += 1
            return
        phase.count_read(took, outcome if answer.status != 304 else f"{outcome} (304)")
        slot[0] += 1
        slot[1] += outcome.startswith("hit")
        try:
            seen = self._seen(question, url, answer)
        except Impossible as impossible:
            self._accuse("impossible", question, answer, worker, now, str(impossible))
        else:
            for register, oldest, newest, value in self._wrong(question, seen):
                need = "what looks like" if self._is_repeating[register] else "version"
                older = f"{self._registers[register]} is {value}, need {need} {oldest} to {newest}"
                kind = "stale" if value < oldest or self._is_repeating[register] else "impossible"
                self._accuse(kind, question, answer, worker, now, older, register)

    def lost(self, question: Question, why: str) -> None:
        """Count a read that got no answer."""
        now = time.monotonic_ns()
        phase = self._tally.phase(self._board.phase)
        phase.errors[f"read lost: {why}"] += 1
        phase.longest_read = max(phase.longest_read, now - question.begun)
        self._tally.slot(now)[2] += 1

    def _seen(self, question: Question, url: Url, answer: Answer) -> Seen:
        known = self._known[question.number]
        if answer.status == 304:
            if not question.etag or answer.etag != question.etag:
                raise Impossible(f"304 for {answer.etag!r}, which was not asked for")
            return question.held
        etag, coding = answer.etag, answer.coding
        if etag and etag in known:
            seen, body = known[etag]
            if body != answer.body:
                raise Impossible(f"two bodies with the ETag {etag.decode()}")
            return seen
        body = zlib.decompress(answer.body, 31) if coding == b"gzip" else answer.body
        seen = self._pages.seen(url, answer.status, body)
        if etag:
            if len(known) >= _KNOWN:
                known.clear()
                self._etags[question.number] = b""
            known[etag] = (seen, answer.body)
            if not coding:
                self._etags[question.number] = etag
        return seen

    def _wrong(self, question: Question, seen: Seen) -> list[tuple[int, int, int, int]]:
        floor, begun, wrong = question.floor, self._board.begun, []
        for register, value in seen.items():
            oldest, newest = floor[register], begun[register]
            if self._is_repeating[register]:
                if not is_within(self._registers[register], value, oldest, newest, self._likers):
                    wrong.append((register, oldest, newest, value))
            elif not oldest <= value <= newest:
                if value < oldest and self._is_raw[register]:
                    lag = question.begun - self._board.committed_at(register, value + 1)
                    self._tally.phase(self._board.phase).count_behind(lag)
                    if lag < MOST_BEHIND:
                        continue
                wrong.append((register, oldest, newest, value))
        return wrong

    def _accuse(
        self,
        kind: str,
        question: Question,
        answer: Answer,
        worker: int,
        now: int,
        what: str,
        register: int = -1,
    ) -> None:
        self._tally.phase(self._board.phase).violations[kind] += 1
        self._board.report_violation(self._process)
        if len(self._tally.evidence) < MOST_EVIDENCE:
            self._tally.evidence.append(
                {
                    "kind": kind,
                    "what": what,
                    "register": register,
                    "url": self._urls[question.number].path,
                    "status": answer.status,
                    "outcome": answer.outcome,
                    "etag": answer.etag.decode("latin-1"),
                    "begun": question.begun,
                    "ended": now,
                    "worker": worker,
                    "phase": self._board.phase,
                }
            )
